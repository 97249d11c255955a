#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dx7/params.h"
#include "dx7/patch.h"
#include "dx7/rows.h"
#include "dx7/tables.h"
#include "python/arrays.h"
#include "python/dx7_renderer.h"
#include "python/dx7_xla.h"
#include "python/interruptible.h"
#include "python/scores.h"
#include "render/row_sink.h"
#include "score/scorer.h"

namespace synthrl::python {

namespace py = pybind11;
using namespace synthrl::dx7;

namespace {

Engine engine_named(const std::string& name) {
  if (name == "mark1") return Engine::kMark1;
  if (name == "modern") return Engine::kModern;
  if (name == "opl") return Engine::kOpl;
  throw std::invalid_argument("engine '" + name + "' is not one of mark1, modern, opl");
}

Stage stage_named(const std::string& name) {
  if (name == "engine") return Stage::kEngine;
  if (name == "plugin") return Stage::kPlugin;
  throw std::invalid_argument("stage '" + name + "' is not one of engine, plugin");
}

InstructionSet instruction_set_named(const std::string& name) {
  if (name == "best") return best_instruction_set();
  if (name == "portable") return InstructionSet::kPortable;
  if (name == "avx2") return InstructionSet::kAvx2;
  if (name == "avx512") return InstructionSet::kAvx512;
  throw std::invalid_argument("instruction_set '" + name +
                              "' is not one of best, portable, avx2, avx512");
}

const char* name_of(InstructionSet instruction_set) {
  switch (instruction_set) {
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kPortable:
      break;
  }
  return "portable";
}

std::vector<Patch> checked_patches(const Array<float>& values, const Plan& plan) {
  check_matrix(values, kNumParameters, "presets");
  return patches_from_values({values.data(), static_cast<std::size_t>(values.size())}, plan);
}

std::vector<Patch> checked_patches(const Array<std::uint8_t>& packed) {
  check_matrix(packed, kPackedBytes, "presets");
  return patches_from_packed({packed.data(), static_cast<std::size_t>(packed.size())});
}

// What a batch plays, one entry per row.
struct Notes {
  Array<std::int32_t> key;
  Array<std::int32_t> velocity;
  Array<std::int64_t> gate_samples;
  Array<std::uint32_t> lfo_phase;
  Array<std::uint8_t> sample_hold;
};

std::vector<NoteEvent> note_events(const Notes& notes, std::size_t rows) {
  check_vector(notes.key, rows, "note");
  check_vector(notes.velocity, rows, "velocity");
  check_vector(notes.gate_samples, rows, "gate");
  check_vector(notes.lfo_phase, rows, "lfo_phase");
  check_vector(notes.sample_hold, rows, "sample_hold");
  std::vector<NoteEvent> events(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    events[i] = {.key = notes.key.data()[i],
                 .velocity = notes.velocity.data()[i],
                 .gate_samples = notes.gate_samples.data()[i],
                 .lfo_phase = notes.lfo_phase.data()[i],
                 .sample_hold = notes.sample_hold.data()[i]};
  }
  return events;
}

py::array_t<float> render(Renderer& renderer, const std::vector<Patch>& patches, const Notes& notes,
                          std::size_t fade_samples, std::size_t num_samples) {
  const std::vector<NoteEvent> events = note_events(notes, patches.size());
  py::array_t<float> audio = renderer.memory.make_array(patches.size(), num_samples);
  MatrixSink sink(audio.mutable_data(), num_samples);
  run_interruptibly([&](const ThreadPool::KeepGoing& keep_going) {
    renderer.batch.render(patches, events, num_samples, fade_samples, sink, keep_going);
  });
  return audio;
}

py::array_t<float> score(Renderer& renderer, const std::vector<Patch>& patches, const Notes& notes,
                         std::size_t fade_samples, const score::Targets& targets,
                         const std::array<float, 3>& weights) {
  const std::vector<NoteEvent> events = note_events(notes, patches.size());
  return score_rows(renderer.scorer, targets, weights, patches.size(),
                    [&](RowSink& sink, const ThreadPool::KeepGoing& keep_going) {
                      return renderer.batch.render(patches, events, targets.grid().num_samples,
                                                   fade_samples, sink, keep_going);
                    });
}

py::array_t<std::uint64_t> fingerprint(Renderer& renderer, const std::vector<Patch>& patches,
                                       const Notes& notes, std::size_t num_samples) {
  const std::vector<NoteEvent> events = note_events(notes, patches.size());
  py::array_t<std::uint64_t> hashes(static_cast<py::ssize_t>(patches.size()));
  const std::span<std::uint64_t> rows(hashes.mutable_data(), patches.size());
  run_interruptibly([&](const ThreadPool::KeepGoing& keep_going) {
    renderer.batch.fingerprint(patches, events, num_samples, rows, keep_going);
  });
  return hashes;
}

// Applies a row-wise conversion to a whole matrix.
template <std::size_t kIn, std::size_t kOut, typename In, typename Out, typename Convert>
py::array_t<Out> convert_rows(const Array<In>& in, const char* name, Convert convert) {
  check_matrix(in, kIn, name);
  const auto rows = static_cast<std::size_t>(in.shape(0));
  py::array_t<Out> out({rows, kOut});
  for (std::size_t i = 0; i < rows; ++i) {
    const std::array<Out, kOut> converted = convert(row<kIn>(in, i), i);
    std::copy(converted.begin(), converted.end(), out.mutable_data() + i * kOut);
  }
  return out;
}

Unpacked checked_voice(std::span<const std::uint8_t, kUnpackedBytes> bytes, std::size_t row) {
  Unpacked voice;
  std::copy(bytes.begin(), bytes.end(), voice.begin());
  for (std::size_t i = 0; i < kUnpackedBytes; ++i) {
    if (voice[i] > maximum_of_byte(i)) {
      throw std::invalid_argument("row " + std::to_string(row) + ", byte " + std::to_string(i) +
                                  ": " + std::to_string(voice[i]) + " is above " +
                                  std::to_string(maximum_of_byte(i)));
    }
  }
  return voice;
}

}  // namespace

void bind_dx7(py::module_& module) {
  py::class_<Notes>(module, "Notes")
      .def(py::init([](Array<std::int32_t> note, Array<std::int32_t> velocity,
                       Array<std::int64_t> gate_samples, Array<std::uint32_t> lfo_phase,
                       Array<std::uint8_t> sample_hold) {
             return Notes{note, velocity, gate_samples, lfo_phase, sample_hold};
           }),
           py::arg("note"), py::arg("velocity"), py::arg("gate_samples"), py::arg("lfo_phase"),
           py::arg("sample_hold"));
  py::class_<Renderer, std::shared_ptr<Renderer>>(module, "Renderer")
      .def(py::init([](double sample_rate, std::size_t threads, const std::string& engine,
                       const std::string& stage, const std::string& instruction_set) {
             return std::make_shared<Renderer>(
                 Plan({.sample_rate = sample_rate}, engine_named(engine), stage_named(stage),
                      instruction_set_named(instruction_set)),
                 threads);
           }),
           py::arg("sample_rate"), py::arg("threads"), py::arg("engine"), py::arg("stage"),
           py::arg("instruction_set") = "best")
      .def_property_readonly("threads",
                             [](const Renderer& self) { return self.batch.num_threads(); })
      .def_property_readonly(
          "instruction_set",
          [](const Renderer& self) { return name_of(self.batch.plan().instruction_set()); })
      .def("share", &share_renderer)
      .def(
          "render_values",
          [](Renderer& self, const Array<float>& presets, const Notes& notes,
             std::size_t fade_samples, std::size_t num_samples) {
            return render(self, checked_patches(presets, self.batch.plan()), notes, fade_samples,
                          num_samples);
          },
          py::arg("presets"), py::arg("notes"), py::arg("fade_samples"), py::arg("num_samples"))
      .def(
          "render_packed",
          [](Renderer& self, const Array<std::uint8_t>& presets, const Notes& notes,
             std::size_t fade_samples, std::size_t num_samples) {
            return render(self, checked_patches(presets), notes, fade_samples, num_samples);
          },
          py::arg("presets"), py::arg("notes"), py::arg("fade_samples"), py::arg("num_samples"))
      .def(
          "score_values",
          [](Renderer& self, const Array<float>& presets, const Notes& notes,
             std::size_t fade_samples, const score::Targets& targets,
             const std::array<float, 3>& weights) {
            return score(self, checked_patches(presets, self.batch.plan()), notes, fade_samples,
                         targets, weights);
          },
          py::arg("presets"), py::arg("notes"), py::arg("fade_samples"), py::arg("targets"),
          py::arg("weights"))
      .def(
          "score_packed",
          [](Renderer& self, const Array<std::uint8_t>& presets, const Notes& notes,
             std::size_t fade_samples, const score::Targets& targets,
             const std::array<float, 3>& weights) {
            return score(self, checked_patches(presets), notes, fade_samples, targets, weights);
          },
          py::arg("presets"), py::arg("notes"), py::arg("fade_samples"), py::arg("targets"),
          py::arg("weights"))
      .def(
          "fingerprint_values",
          [](Renderer& self, const Array<float>& presets, const Notes& notes,
             std::size_t num_samples) {
            return fingerprint(self, checked_patches(presets, self.batch.plan()), notes,
                               num_samples);
          },
          py::arg("presets"), py::arg("notes"), py::arg("num_samples"))
      .def(
          "fingerprint_packed",
          [](Renderer& self, const Array<std::uint8_t>& presets, const Notes& notes,
             std::size_t num_samples) {
            return fingerprint(self, checked_patches(presets), notes, num_samples);
          },
          py::arg("presets"), py::arg("notes"), py::arg("num_samples"));

  // The XLA custom call behind `jax_ops.render`.
  module.def("xla_render", [] { return py::capsule(xla_render_handler()); });

  // All of them give the same bytes.
  module.def("instruction_sets", [] {
    std::vector<std::string> names;
    for (const InstructionSet set :
         {InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
      if (is_supported(set)) names.emplace_back(name_of(set));
    }
    return names;
  });
  module.def("parameters", [] {
    std::vector<std::tuple<std::string, int, int>> rows;
    for (const Parameter& p : kParameters) rows.emplace_back(p.name, p.byte, p.maximum);
    return rows;
  });
  module.def("algorithms", [] {
    std::vector<std::vector<std::tuple<int, int, bool, bool>>> algorithms;
    for (const auto& routes : kAlgorithms) {
      auto& rows = algorithms.emplace_back();
      for (const Route& r : routes) rows.emplace_back(r.input, r.output, r.adds, r.feeds_back);
    }
    return algorithms;
  });
  module.def("unpack", [](const Array<std::uint8_t>& packed) {
    return convert_rows<kPackedBytes, kUnpackedBytes, std::uint8_t, std::uint8_t>(
        packed, "packed", [](auto voice, std::size_t) { return unpack(voice); });
  });
  module.def("pack", [](const Array<std::uint8_t>& unpacked) {
    return convert_rows<kUnpackedBytes, kPackedBytes, std::uint8_t, std::uint8_t>(
        unpacked, "unpacked",
        [](auto bytes, std::size_t i) { return pack(checked_voice(bytes, i)); });
  });
  module.def("values_from_unpacked", [](const Array<std::uint8_t>& unpacked) {
    return convert_rows<kUnpackedBytes, kNumParameters, std::uint8_t, float>(
        unpacked, "unpacked", [](auto bytes, std::size_t i) {
          return values_from_patch({.voice = checked_voice(bytes, i)});
        });
  });
  module.def("unpacked_from_values", [](const Array<float>& values) {
    return convert_rows<kNumParameters, kUnpackedBytes, float, std::uint8_t>(
        values, "values", [](auto preset, std::size_t i) {
          check_values(preset, i);
          return patch_from_values(preset).voice;
        });
  });
}

}  // namespace synthrl::python
