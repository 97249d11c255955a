// All plugins of the Airwindows effect.
#pragma once

#include <span>

#include "surge/effects/airwindows/plugin.h"

namespace synthrl::surge::airwindows {

extern const PluginType kAdClip7;
extern const PluginType kAir;
extern const PluginType kBitGlitter;
extern const PluginType kBrightAmbience2;
extern const PluginType kBussColors4;
extern const PluginType kButterComp2;
extern const PluginType kCapacitor;
extern const PluginType kChamber;
extern const PluginType kCompresaturator;
extern const PluginType kDensity;
extern const PluginType kDeRez2;
extern const PluginType kDrive;
extern const PluginType kDrumSlam;
extern const PluginType kGalactic;
extern const PluginType kGrooveWear;
extern const PluginType kIronOxide5;
extern const PluginType kLogical4;
extern const PluginType kMatrixVerb;
extern const PluginType kMelt;
extern const PluginType kMojo;
extern const PluginType kNc17;
extern const PluginType kPocketVerbs;
extern const PluginType kPoint;
extern const PluginType kPop;
extern const PluginType kPressure4;
extern const PluginType kStarChild;
extern const PluginType kToTape6;
extern const PluginType kToVinyl4;

std::span<const PluginType* const> plugin_types();

// Null for plugins that are not rendered.
const PluginType* find_plugin_type(int id);

}  // namespace synthrl::surge::airwindows
