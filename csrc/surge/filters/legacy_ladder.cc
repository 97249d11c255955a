#include "surge/filters/legacy_ladder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/filters/filter_tables.h"

namespace synthrl::surge {

Coefficients legacy_ladder_coefficients(float sample_rate_hz, float cutoff_semitones,
                                        float resonance) {
  const float cycles =
      std::clamp(FilterTables::frequency_hz(cutoff_semitones) / sample_rate_hz, 0.0f, 0.187f);
  const float pole = 1.0f - std::exp(-2.0f * std::numbers::pi_v<float> * cycles);
  const float pole_squared = pole * pole;
  // Above the second limit the loop would be unstable.
  const float feedback =
      std::min(2.15f * std::clamp(resonance, 0.0f, 1.0f), 0.5f / (pole_squared * pole_squared));
  return {3.0f / (3.0f - feedback), pole, feedback};
}

}  // namespace synthrl::surge
