#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "surge/patch_file.h"
#include "surge/rendered.h"
#include "surge/usage.h"

namespace synthrl::python {

namespace py = pybind11;
using namespace synthrl::surge;

namespace {

// Texts of patches may be any bytes.
py::str as_text(const std::string& text) {
  PyObject* decoded =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

constexpr std::array<const char*, kNumFeatureKinds> kFeatureKindNames{
    "play_mode", "filter_config", "fm",         "oscillator", "twist_engine", "ring_modulator",
    "noise",     "filter",        "waveshaper", "envelope",   "lfo",          "mod_source",
    "effect"};

using FeatureTuple = std::tuple<const char*, int, int, int, int, bool>;

std::vector<FeatureTuple> features(const Patch& patch, int note) {
  std::vector<FeatureTuple> tuples;
  for (const Feature& feature : features_used(patch, note)) {
    tuples.emplace_back(kFeatureKindNames[static_cast<std::size_t>(feature.kind)], feature.id,
                        feature.variant, feature.scene, feature.unit, is_rendered(feature));
  }
  return tuples;
}

struct ParameterView {
  float value;
  ParamOptions options;
};

// By the name that files use, "a_osc1_pitch" or "character".
ParameterView parameter(const Patch& patch, const std::string& name) {
  const std::string_view view = name;
  if (view.starts_with("a_") || view.starts_with("b_")) {
    if (const auto param = find_scene_param(view.substr(2))) {
      const Scene& scene = patch.scenes[view.starts_with("a_") ? 0 : 1];
      return {scene.value(*param), scene.option(*param)};
    }
  } else if (const auto param = find_global_param(view); param && *param < GlobalParam::kEffects) {
    return {patch.value(*param), patch.option(*param)};
  }
  throw std::invalid_argument("no parameter '" + name + "'");
}

using RoutingTuple = std::tuple<int, int, std::string, float>;

std::vector<RoutingTuple> routings(const Patch& patch) {
  std::vector<RoutingTuple> tuples;
  const auto add = [&tuples](const auto& routing, const std::string& prefix) {
    tuples.emplace_back(static_cast<int>(routing.source), routing.source_index,
                        prefix + info(routing.destination).name, routing.depth);
  };
  for (std::size_t s = 0; s < kNumScenes; ++s) {
    for (const auto& routing : patch.scenes[s].scene_routings) add(routing, s == 0 ? "a_" : "b_");
    for (const auto& routing : patch.scenes[s].voice_routings) add(routing, s == 0 ? "a_" : "b_");
  }
  for (const auto& routing : patch.global_routings) add(routing, "");
  return tuples;
}

template <std::string Patch::* kText>
py::str text_of(const Patch& patch) {
  return as_text(patch.*kText);
}

}  // namespace

void bind_surge_patch(py::module_& module) {
  py::class_<ParameterView>(module, "Parameter", "A stored value and its flags.")
      .def_readonly("value", &ParameterView::value)
      .def_property_readonly("temposync",
                             [](const ParameterView& view) { return view.options.temposync; })
      .def_property_readonly("extend_range",
                             [](const ParameterView& view) { return view.options.extend_range; })
      .def_property_readonly("absolute",
                             [](const ParameterView& view) { return view.options.absolute; })
      .def_property_readonly("deactivated",
                             [](const ParameterView& view) { return view.options.deactivated; })
      .def_property_readonly("deform_type",
                             [](const ParameterView& view) { return view.options.deform_type; });

  py::class_<Patch, std::shared_ptr<Patch>>(module, "Patch",
                                            "A patch in today's terms, read from a .fxp file.")
      .def(py::init([](const py::bytes& content) {
             const std::string_view bytes = content;
             return std::make_shared<Patch>(read_patch(std::as_bytes(std::span(bytes))));
           }),
           py::arg("content"))
      .def_property_readonly("name", &text_of<&Patch::name>)
      .def_property_readonly("category", &text_of<&Patch::category>)
      .def_property_readonly("author", &text_of<&Patch::author>)
      .def_property_readonly("comment", &text_of<&Patch::comment>)
      .def_property_readonly("license", &text_of<&Patch::license>)
      .def_readonly("revision", &Patch::revision)
      .def_readonly("tempo_bpm", &Patch::tempo_bpm)
      .def_readonly("macros", &Patch::macros)
      .def("scene_sounds", &Patch::scene_sounds, py::arg("scene"), py::arg("note") = 60)
      .def("features", &features, py::arg("note") = 60)
      .def("parameter", &parameter, py::arg("name"))
      .def("routings", &routings);
}

}  // namespace synthrl::python
