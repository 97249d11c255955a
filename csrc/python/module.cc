#include <pybind11/pybind11.h>

namespace synthrl::python {
void bind_dx7(pybind11::module_& module);
void bind_score(pybind11::module_& module);
#ifdef SYNTHRL_SURGE
void bind_surge(pybind11::module_& module);
#endif
}  // namespace synthrl::python

PYBIND11_MODULE(_native, module) {
  module.doc() = "Synthesizer engines that render batches on many threads outside the GIL.";
  auto score = module.def_submodule("score", "Comparing sounds.");
  synthrl::python::bind_score(score);
  auto dx7 = module.def_submodule("dx7", "The Dexed (DX7) engine.");
  synthrl::python::bind_dx7(dx7);
#ifdef SYNTHRL_SURGE
  auto surge = module.def_submodule("surge", "The Surge XT engine.");
  synthrl::python::bind_surge(surge);
#endif
}
