#include "score/frames.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/multiversion.h"

namespace synthrl::score {

namespace {

constexpr std::size_t kMargin = kFftSize / 2;
constexpr std::size_t kOverlap = kFftSize - kHop;

SYNTHRL_MULTIVERSION void divide(const float* in, float divisor, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] / divisor;
}

SYNTHRL_MULTIVERSION void interleave(const float* in, std::size_t distance, std::size_t count,
                                     Lanes* out) {
  for (std::size_t i = 0; i < count; ++i) {
    Lanes lanes;
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = in[lane * distance + i];
    out[i] = lanes;
  }
}

SYNTHRL_MULTIVERSION void multiply(const Lanes* in, const float* factors, Lanes* out) {
  for (std::size_t i = 0; i < kFftSize; ++i) out[i] = in[i] * factors[i];
}

// Magnitudes compare like integers, and what is no number is larger than all of them.
SYNTHRL_MULTIVERSION std::int32_t largest_bits(const float* audio, std::size_t count) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::bit_cast<std::int32_t>(audio[i] + 1e-5f) & 0x7fffffff);
  }
  return largest;
}

}  // namespace

Frames::Frames(FrameGrid grid)
    : grid_(grid),
      padded_(std::max(grid.num_samples + kFftSize, kLanes * grid.num_groups * kHop + kOverlap)),
      stretches_(grid.num_groups * kHop + kOverlap) {}

void Frames::load(std::span<const float> audio, float divisor) noexcept {
  float* const start = padded_.data() + kMargin;
  float* const end = start + audio.size();
  divide(audio.data(), divisor, audio.size(), start);
  std::reverse_copy(start + 1, start + 1 + kMargin, padded_.data());
  std::reverse_copy(end - 1 - kMargin, end - 1, end);
  interleave(padded_.data(), grid_.num_groups * kHop, grid_.num_groups * kHop + kOverlap,
             stretches_.data());
}

void Frames::copy_windowed(std::size_t group, const float* window, Lanes* out) const noexcept {
  multiply(stretches_.data() + group * kHop, window, out);
}

float render_peak(std::span<const float> audio) noexcept {
  return std::bit_cast<float>(largest_bits(audio.data(), audio.size()));
}

}  // namespace synthrl::score
