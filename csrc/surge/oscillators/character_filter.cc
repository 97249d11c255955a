#include "surge/oscillators/character_filter.h"

namespace synthrl::surge {

CharacterFilter::CharacterFilter(Character character, float host_rate_hz) noexcept
    : character_(character) {
  const float root = 1.0f - 10000.0f / host_rate_hz;
  pole_ = root * root;
  gain_ = character == Character::kBright ? 1.0f / (1.0f - pole_) : 1.0f - pole_;
}

void CharacterFilter::process(OscillatorSpan samples) noexcept {
  visit([&]<Character kCharacter>(std::integral_constant<Character, kCharacter>) {
    if constexpr (kCharacter == Character::kNeutral) return;
    // A copy, which cannot alias the samples, stays in registers.
    CharacterFilter running = *this;
    for (float& sample : samples) sample = running.tick<kCharacter>(sample);
    *this = running;
  });
}

}  // namespace synthrl::surge
