#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "dx7/batch.h"
#include "dx7/output.h"
#include "dx7/params.h"
#include "dx7/patch.h"
#include "dx7/tables.h"
#include "python/arrays.h"
#include "python/audio_memory.h"

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

// A renderer and the memory it renders into.
struct PythonRenderer : BatchRenderer {
  using BatchRenderer::BatchRenderer;

  AudioMemory memory;
};

std::string row_and_parameter(std::size_t row, std::size_t parameter) {
  return "row " + std::to_string(row) + ", '" + std::string(kParameters[parameter].name) + "': ";
}

void check_values(std::span<const float, kNumParameters> values, std::size_t row) {
  for (std::size_t i = 0; i < kNumParameters; ++i) {
    if (!(values[i] >= 0.0f && values[i] <= 1.0f)) {
      throw std::invalid_argument(row_and_parameter(row, i) +
                                  py::str(py::float_(values[i])).cast<std::string>() +
                                  " is outside [0, 1]");
    }
  }
}

std::vector<Patch> patches_from_values(const Array<float>& values, const Plan& plan) {
  check_matrix(values, kNumParameters, "presets");
  std::vector<Patch> patches(static_cast<std::size_t>(values.shape(0)));
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const auto preset = row<kNumParameters>(values, i);
    check_values(preset, i);
    patches[i] = patch_from_values(preset);
    if (plan.stage() == Stage::kPlugin && !filter_is_stable(patches[i], plan.sample_rate())) {
      throw std::invalid_argument(row_and_parameter(i, kCutoff) +
                                  "the filter needs a cutoff below half the sample rate, or "
                                  "exactly 1 (off)");
    }
  }
  return patches;
}

std::vector<Patch> patches_from_packed(const Array<std::uint8_t>& packed) {
  check_matrix(packed, kPackedBytes, "presets");
  std::vector<Patch> patches(static_cast<std::size_t>(packed.shape(0)));
  for (std::size_t i = 0; i < patches.size(); ++i) {
    patches[i].voice = unpack(row<kPackedBytes>(packed, i));
  }
  return patches;
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

// Renders outside the GIL, which is taken now and then to see whether Ctrl-C was pressed.
py::array_t<float> render(PythonRenderer& renderer, const std::vector<Patch>& patches,
                          const Notes& notes, std::size_t num_samples, std::size_t fade_samples) {
  const std::vector<NoteEvent> events = note_events(notes, patches.size());
  py::array_t<float> audio = renderer.memory.make_array(patches.size(), num_samples);
  float* out = audio.mutable_data();
  bool interrupted = false;
  {
    const py::gil_scoped_release unlocked;
    renderer.render(patches, events, num_samples, fade_samples, out, [&] {
      const py::gil_scoped_acquire locked;
      interrupted = PyErr_CheckSignals() != 0;
      return !interrupted;
    });
  }
  if (interrupted) throw py::error_already_set();
  return audio;
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
  py::class_<PythonRenderer>(module, "Renderer")
      .def(py::init([](double sample_rate, std::size_t threads, const std::string& engine,
                       const std::string& stage, const std::string& instruction_set) {
             return std::make_unique<PythonRenderer>(
                 Plan({.sample_rate = sample_rate}, engine_named(engine), stage_named(stage),
                      instruction_set_named(instruction_set)),
                 threads);
           }),
           py::arg("sample_rate"), py::arg("threads"), py::arg("engine"), py::arg("stage"),
           py::arg("instruction_set") = "best")
      .def_property_readonly("threads", &PythonRenderer::num_threads)
      .def_property_readonly(
          "instruction_set",
          [](const PythonRenderer& self) { return name_of(self.plan().instruction_set()); })
      .def(
          "render_values",
          [](PythonRenderer& self, const Array<float>& presets, Array<std::int32_t> note,
             Array<std::int32_t> velocity, Array<std::int64_t> gate_samples,
             Array<std::uint32_t> lfo_phase, Array<std::uint8_t> sample_hold,
             std::size_t num_samples, std::size_t fade_samples) {
            return render(self, patches_from_values(presets, self.plan()),
                          {note, velocity, gate_samples, lfo_phase, sample_hold}, num_samples,
                          fade_samples);
          },
          py::arg("presets"), py::arg("note"), py::arg("velocity"), py::arg("gate_samples"),
          py::arg("lfo_phase"), py::arg("sample_hold"), py::arg("num_samples"),
          py::arg("fade_samples"))
      .def(
          "render_packed",
          [](PythonRenderer& self, const Array<std::uint8_t>& presets, Array<std::int32_t> note,
             Array<std::int32_t> velocity, Array<std::int64_t> gate_samples,
             Array<std::uint32_t> lfo_phase, Array<std::uint8_t> sample_hold,
             std::size_t num_samples, std::size_t fade_samples) {
            return render(self, patches_from_packed(presets),
                          {note, velocity, gate_samples, lfo_phase, sample_hold}, num_samples,
                          fade_samples);
          },
          py::arg("presets"), py::arg("note"), py::arg("velocity"), py::arg("gate_samples"),
          py::arg("lfo_phase"), py::arg("sample_hold"), py::arg("num_samples"),
          py::arg("fade_samples"));

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
