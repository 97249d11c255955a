#include "surge/oscillators/character_filter.h"

namespace synthrl::surge {

CharacterFilter::CharacterFilter(Character character, float host_rate_hz) noexcept
    : character_(character) {
  const float root = 1.0f - 10000.0f / host_rate_hz;
  pole_ = root * root;
}

void CharacterFilter::process(OscillatorSpan samples) noexcept {
  if (character_ == Character::kWarm) {
    const float gain = 1.0f - pole_;
    for (float& sample : samples) {
      previous_ = gain * sample + pole_ * previous_;
      sample = previous_;
    }
  } else if (character_ == Character::kBright) {
    const float gain = 1.0f / (1.0f - pole_);
    for (float& sample : samples) {
      const float input = sample;
      sample = gain * (input - pole_ * previous_);
      previous_ = input;
    }
  }
}

}  // namespace synthrl::surge
