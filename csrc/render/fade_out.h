// The end of a render.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace synthrl {

// Fades the last `fade_samples` out by a straight line from 1 to 0, both ends included.
inline void fade_out(std::span<float> audio, std::size_t fade_samples) {
  const std::size_t length = std::min(fade_samples, audio.size());
  if (length == 0) return;
  const double step = length > 1 ? 1.0 / static_cast<double>(length - 1) : 0.0;
  const std::size_t start = audio.size() - length;
  for (std::size_t i = 0; i < length; ++i) {
    const double gain = length > 1 ? 1.0 - step * static_cast<double>(i) : 0.0;
    audio[start + i] *= static_cast<float>(gain);
  }
}

}  // namespace synthrl
