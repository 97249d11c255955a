#include "surge/rendered.h"

#include "surge/effects/registry.h"
#include "surge/oscillators/twist.h"

namespace synthrl::surge {

bool is_rendered(const Feature& feature) {
  switch (feature.kind) {
    case FeatureKind::kEffect:
      return effect_is_rendered(feature.id, feature.variant);
    case FeatureKind::kLfo:
      return feature.id != static_cast<int>(LfoShape::kFormula);
    case FeatureKind::kNoise: {
      constexpr int kTilt = 2;
      return (feature.variant & kTilt) == 0;
    }
    case FeatureKind::kTwistEngine:
      return twist_engine(feature.id).fidelity != TwistFidelity::kOtherWaves;
    case FeatureKind::kPlayMode:
    case FeatureKind::kFilterConfig:
    case FeatureKind::kFm:
    case FeatureKind::kOscillator:
    case FeatureKind::kRingModulator:
    case FeatureKind::kFilter:
    case FeatureKind::kWaveshaper:
    case FeatureKind::kEnvelope:
    case FeatureKind::kModSource:
      return true;
  }
  return false;
}

}  // namespace synthrl::surge
