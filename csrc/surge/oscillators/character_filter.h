// The first-order tone filter at the end of some oscillators.
#pragma once

#include <type_traits>

#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

class CharacterFilter {
 public:
  CharacterFilter() = default;
  CharacterFilter(Character character, float host_rate_hz) noexcept;

  // In place.
  void process(OscillatorSpan samples) noexcept;

  // One sample, in a loop of the caller's. `kCharacter` must be that of the filter: see `visit`.
  template <Character kCharacter>
  float tick(float input) noexcept {
    if constexpr (kCharacter == Character::kWarm) {
      previous_ = gain_ * input + pole_ * previous_;
      return previous_;
    } else if constexpr (kCharacter == Character::kBright) {
      const float output = gain_ * (input - pole_ * previous_);
      previous_ = input;
      return output;
    } else {
      return input;
    }
  }

  // Calls `function` with the character as a std::integral_constant.
  template <typename Function>
  void visit(Function function) const {
    switch (character_) {
      case Character::kWarm:
        return function(std::integral_constant<Character, Character::kWarm>());
      case Character::kBright:
        return function(std::integral_constant<Character, Character::kBright>());
      default:
        return function(std::integral_constant<Character, Character::kNeutral>());
    }
  }

 private:
  Character character_ = Character::kNeutral;
  float pole_ = 0.0f;
  float gain_ = 1.0f;
  float previous_ = 0.0f;
};

}  // namespace synthrl::surge
