// The first-order tone filter at the end of some oscillators.
#pragma once

#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

class CharacterFilter {
 public:
  CharacterFilter() = default;
  CharacterFilter(Character character, float host_rate_hz) noexcept;

  // In place.
  void process(OscillatorSpan samples) noexcept;

 private:
  Character character_ = Character::kNeutral;
  float pole_ = 0.0f;
  float previous_ = 0.0f;
};

}  // namespace synthrl::surge
