#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "python/arrays.h"
#include "surge/batch.h"
#include "surge/patch.h"

namespace synthrl::python {

namespace py = pybind11;
using namespace synthrl::surge;

void bind_surge_patch(py::module_& module);

namespace {

// Renders outside the GIL, which is taken now and then to see whether Ctrl-C was pressed.
py::array_t<float> render(BatchRenderer& renderer,
                          const std::vector<std::shared_ptr<Patch>>& patches,
                          const Array<std::int32_t>& note, const Array<std::int32_t>& velocity,
                          const Array<std::int64_t>& gate_samples, std::uint64_t seed,
                          const BatchRenderer::Format& format) {
  const std::size_t rows = patches.size();
  check_vector(note, rows, "note");
  check_vector(velocity, rows, "velocity");
  check_vector(gate_samples, rows, "gate");
  std::vector<NoteEvent> events(rows);
  std::vector<std::shared_ptr<const Patch>> shared(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    if (!patches[i]) throw std::invalid_argument("row " + std::to_string(i) + " is no patch");
    shared[i] = patches[i];
    events[i] = {.key = note.data()[i],
                 .velocity = velocity.data()[i],
                 .gate_samples = gate_samples.data()[i]};
  }
  std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(rows)};
  if (format.stereo) shape.push_back(2);
  shape.push_back(static_cast<py::ssize_t>(format.num_samples));
  py::array_t<float> audio(shape);
  float* out = audio.mutable_data();
  bool interrupted = false;
  BatchRenderer::Result result;
  {
    const py::gil_scoped_release unlocked;
    result = renderer.render(shared, events, seed, format, out, [&] {
      const py::gil_scoped_acquire locked;
      interrupted = PyErr_CheckSignals() != 0;
      return !interrupted;
    });
  }
  if (interrupted) throw py::error_already_set();
  if (result.error) {
    // The caller knows what the row is called.
    const py::object error = py::module_::import("builtins")
                                 .attr("ValueError")(result.error->message, result.error->row);
    PyErr_SetObject(PyExc_ValueError, error.ptr());
    throw py::error_already_set();
  }
  return audio;
}

}  // namespace

void bind_surge(py::module_& module) {
  bind_surge_patch(module);
  py::class_<BatchRenderer>(module, "Renderer")
      .def(py::init([](double sample_rate, std::size_t threads, bool formulas) {
             return std::make_unique<BatchRenderer>(RenderFormat{.sample_rate = sample_rate},
                                                    threads, formulas);
           }),
           py::arg("sample_rate"), py::arg("threads"), py::arg("formulas") = false)
      .def_property_readonly("threads", &BatchRenderer::num_threads)
      .def(
          "render",
          [](BatchRenderer& self, const std::vector<std::shared_ptr<Patch>>& patches,
             const Array<std::int32_t>& note, const Array<std::int32_t>& velocity,
             const Array<std::int64_t>& gate_samples, std::uint64_t seed, std::size_t num_samples,
             std::size_t fade_samples, bool stereo, bool effects) {
            return render(self, patches, note, velocity, gate_samples, seed,
                          {.num_samples = num_samples,
                           .fade_samples = fade_samples,
                           .stereo = stereo,
                           .effects = effects});
          },
          py::arg("patches"), py::arg("note"), py::arg("velocity"), py::arg("gate_samples"),
          py::arg("seed"), py::arg("num_samples"), py::arg("fade_samples"), py::arg("stereo"),
          py::arg("effects"));
}

}  // namespace synthrl::python
