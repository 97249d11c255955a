#include "check.h"
#include "surge/rendered.h"

using namespace synthrl::surge;

TEST(what_is_missing) {
  CHECK(!is_rendered({FeatureKind::kEffect, 30}));      // Floaty Delay
  CHECK(!is_rendered({FeatureKind::kLfo, 9}));          // formula
  CHECK(!is_rendered({FeatureKind::kNoise, 0, 2}));     // tilt
  CHECK(!is_rendered({FeatureKind::kTwistEngine, 7}));  // speech
}

TEST(what_is_there) {
  CHECK(is_rendered({FeatureKind::kEffect, 1}));
  CHECK(is_rendered({FeatureKind::kLfo, 8}));
  CHECK(is_rendered({FeatureKind::kNoise, 0, 1}));
  CHECK(is_rendered({FeatureKind::kTwistEngine, 11}));
  CHECK(is_rendered({FeatureKind::kFilter, 33}));
  CHECK(is_rendered({FeatureKind::kOscillator, 0}));
}
