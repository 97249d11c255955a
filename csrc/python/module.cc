#include <pybind11/pybind11.h>

namespace synthrl::python {
void bind_dx7(pybind11::module_& module);
void bind_score(pybind11::module_& module);
}  // namespace synthrl::python

PYBIND11_MODULE(_native, module) {
  module.doc() = "Synthesizer engines that render batches on many threads outside the GIL.";
  auto score = module.def_submodule("score", "Comparing sounds.");
  synthrl::python::bind_score(score);
  auto dx7 = module.def_submodule("dx7", "The Dexed (DX7) engine.");
  synthrl::python::bind_dx7(dx7);
}
