#include "surge/oscillators/noise_generator.h"

#include <algorithm>
#include <cmath>

#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {

void NoiseGenerator::start(std::uint64_t seed) noexcept {
  left_ = {random_stream(seed, RandomStream::kNoise)};
  right_ = {random_stream(seed, RandomStream::kRightNoise)};
}

void NoiseGenerator::fill(Channel& channel, float color, OscillatorSpan out) noexcept {
  const float limited = color > -1.0f ? std::min(color, 1.0f) : -1.0f;
  const float amount = 0.8f * std::fabs(limited);
  const float pole = 2.0f * amount - amount * amount;
  const float signed_pole = limited > 0.0f ? pole : -pole;
  const float gain = 1.0f - pole;
  const float scale = 1.0f / std::sqrt(gain);
  for (std::size_t i = 0; i < out.size(); i += 2) {
    channel.first = channel.random.bipolar() * gain - signed_pole * channel.first;
    channel.second = channel.first * gain - signed_pole * channel.second;
    out[i] = out[i + 1] = channel.second * scale;
  }
}

}  // namespace synthrl::surge
