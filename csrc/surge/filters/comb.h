// Comb filters: a saturating feedback delay.
#pragma once

#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/dsp/saturation.h"
#include "surge/filters/coefficients.h"
#include "surge/filters/delay_line.h"

namespace synthrl::surge {

// Delay of the combs of a voice, in samples; effects use longer lines.
inline constexpr std::size_t kVoiceCombCapacity = 4096;

// `max_delay` is the longest of the line, in samples. `feedback` is a gain, limited to -1 to 1.
Coefficients comb_coefficients(float sample_rate_hz, float cutoff_semitones, float feedback,
                               bool legacy_tuning, float max_delay);

enum class CombMix { kHalfWet, kWet };

template <CombMix kMix>
struct Comb {
  enum : std::size_t { kDelay, kFeedback };

  template <Lanes S>
  struct State {
    DelayLine<S>* line = nullptr;
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    const S delayed = state.line->read(c[kDelay]);
    state.line->write(soft_clip(input + c[kFeedback] * delayed));
    return kMix == CombMix::kWet ? delayed : 0.5f * delayed + 0.5f * input;
  }
};

}  // namespace synthrl::surge
