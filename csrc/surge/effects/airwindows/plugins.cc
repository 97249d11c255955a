#include "surge/effects/airwindows/plugins.h"

#include <algorithm>
#include <array>

namespace synthrl::surge::airwindows {
namespace {

constexpr std::array kTypes{
    &kAdClip7,     &kButterComp2, &kCompresaturator,
    &kLogical4,    &kMojo,        &kPoint,
    &kPop,         &kPressure4,   &kBitGlitter,
    &kDeRez2,      &kGrooveWear,  &kBrightAmbience2,
    &kMelt,        &kPocketVerbs, &kStarChild,
    &kDensity,     &kDrive,       &kNc17,
    &kIronOxide5,  &kToTape6,     &kAir,
    &kBussColors4, &kDrumSlam,    &kCapacitor,
    &kGalactic,    &kMatrixVerb,  &kChamber,
    &kToVinyl4,
};

}  // namespace

std::span<const PluginType* const> plugin_types() { return kTypes; }

const PluginType* find_plugin_type(int id) {
  const auto found = std::ranges::find(kTypes, id, [](const PluginType* type) { return type->id; });
  return found == kTypes.end() ? nullptr : *found;
}

}  // namespace synthrl::surge::airwindows
