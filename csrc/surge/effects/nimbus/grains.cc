#include "surge/effects/nimbus/grains.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace synthrl::surge::nimbus {
namespace {

constexpr float kFirstMeanLength = 1024.0f;
// Holds the regular scheduler back while grains are scheduled at random.
constexpr float kNever = -1000.0f;

// Lengths of grains over the range of sizes.
constexpr std::size_t kSizes = 256;
float grain_length(float size) {
  static const auto lengths = [] {
    std::array<float, kSizes + 2> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = std::floor(1024.0f * std::exp2(4.0f * static_cast<float>(i) / kSizes));
    }
    return table;
  }();
  const float place = size * kSizes;
  const auto index = static_cast<std::size_t>(place);
  const float fraction = place - static_cast<float>(index);
  return lengths[index] + fraction * (lengths[index + 1] - lengths[index]);
}

// Half a period of a raised cosine, over 0 to 1.
constexpr std::size_t kSmoothSteps = 512;
const std::array<float, kSmoothSteps + 2>& smooth_curve() {
  static const auto curve = [] {
    std::array<float, kSmoothSteps + 2> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = 0.5f - 0.5f * std::cos(std::numbers::pi_v<float> * static_cast<float>(i) /
                                        static_cast<float>(kSmoothSteps));
    }
    return table;
  }();
  return curve;
}

}  // namespace

void GranularMode::start(const Quality& quality, std::uint64_t seed) noexcept {
  quality_ = &quality;
  rng_ = Rng(seed);
  recording_.start(quality);
  num_playing_ = 0;
  mean_playing_ = 0.0f;
  mean_length_ = kFirstMeanLength;
  since_last_ = 0.0f;
  gain_ = 1.0f;
}

void GranularMode::start_grain(const Settings& settings, float window, std::size_t begin,
                               std::size_t num_frames) {
  const float ratio = pitch_ratio(settings.pitch);
  const auto available = static_cast<float>(recording_.length());
  float length = grain_length(settings.size);
  if (ratio > 1.0f) length = std::min(length, 0.25f * available / ratio);
  const auto whole_length = static_cast<std::size_t>(length);
  length = static_cast<float>(whole_length);

  Grain& grain = grains_[num_playing_++];
  grain.begin = begin;
  const float eaten = length * ratio;
  const float delay = settings.position * (available - eaten - length) + eaten;
  const auto since_begin = static_cast<std::ptrdiff_t>(num_frames - begin);
  grain.first_cell =
      recording_.before(recording_.before(recording_.head(), settings.freeze ? 0 : since_begin),
                        static_cast<std::ptrdiff_t>(delay));
  grain.offset = 0;
  grain.step = static_cast<std::uint32_t>(ratio * 65536.0f);
  grain.phase = 0.0f;
  grain.phase_step = 2.0f / static_cast<float>(whole_length & ~std::size_t{1});

  if (window < 0.5f) {
    grain.slope = 0.5f / (window + 0.01f);
    grain.smoothness = 0.0f;
  } else {
    grain.slope = 0.0f;
    grain.smoothness = 2.0f * window - 1.0f;
  }
  grain.smooth_reading = quality_->grains - num_playing_ >= 3 * quality_->grains / 4;

  const float pan = 0.5f + settings.spread * (rng_.unipolar() - 0.5f);
  if (quality_->mono) {
    const float angle = 0.5f * std::numbers::pi_v<float> * pan;
    grain.left_gain = std::sin(angle);
    grain.right_gain = std::cos(angle);
  } else {
    grain.left_gain = std::min(1.0f, 2.0f * (1.0f - pan));
    grain.right_gain = std::min(1.0f, 2.0f * pan);
  }
  mean_length_ += 0.1f * (length - mean_length_);
}

void GranularMode::schedule(const Settings& settings, float overlap, float window,
                            std::size_t num_frames) {
  const bool at_random = settings.density >= 0.5f;
  const float wanted = static_cast<float>(quality_->grains) * overlap * overlap * overlap;
  const float probability = at_random ? wanted / mean_length_ : -1.0f;
  const float spacing =
      wanted > 0.0f ? mean_length_ / wanted : std::numeric_limits<float>::infinity();
  if (at_random) since_last_ = kNever;
  for (std::size_t i = 0; i < num_frames; ++i) {
    since_last_ += 1.0f;
    const bool drawn = rng_.unipolar() < probability && wanted > mean_playing_;
    if (num_playing_ >= quality_->grains || !(drawn || since_last_ >= spacing)) continue;
    since_last_ = 0.0f;
    start_grain(settings, window, i, num_frames);
  }
}

template <bool kSmooth, bool kMono>
bool GranularMode::play_as(Grain& grain, std::span<Frame> out) const {
  const std::array<float, kSmoothSteps + 2>& curve = smooth_curve();
  const std::size_t length = recording_.length();
  const float left_rest = 1.0f - grain.left_gain;
  const float right_rest = 1.0f - grain.right_gain;
  for (std::size_t i = grain.begin; i < out.size(); ++i) {
    std::size_t cell = grain.first_cell + (grain.offset >> 16);
    if (cell >= length) cell -= length;
    const float fraction = static_cast<float>(grain.offset & 0xffff) * 0x1p-16f;
    grain.offset += grain.step;
    const Frame in =
        kSmooth ? recording_.read_hermite(cell, fraction) : recording_.read_linear(cell, fraction);

    float gain = grain.phase < 1.0f ? grain.phase : 2.0f - grain.phase;
    if (grain.slope > 0.0f) {
      gain = std::min(1.0f, gain * grain.slope);
    } else if (kSmooth) {
      const float place = gain * static_cast<float>(kSmoothSteps);
      const auto index = static_cast<std::size_t>(place);
      const float smooth =
          curve[index] + (place - static_cast<float>(index)) * (curve[index + 1] - curve[index]);
      gain += grain.smoothness * (smooth - gain);
    }
    if (kMono) {
      out[i] += (gain * in.left) * Frame{grain.left_gain, grain.right_gain};
    } else {
      out[i] += gain * Frame{in.left * grain.left_gain + in.right * right_rest,
                             in.right * grain.right_gain + in.left * left_rest};
    }
    grain.phase += grain.phase_step;
    if (grain.phase >= 2.0f) return false;
  }
  grain.begin = 0;
  return true;
}

bool GranularMode::play(Grain& grain, std::span<Frame> out) const {
  if (quality_->mono) {
    return grain.smooth_reading ? play_as<true, true>(grain, out)
                                : play_as<false, true>(grain, out);
  }
  return grain.smooth_reading ? play_as<true, false>(grain, out)
                              : play_as<false, false>(grain, out);
}

void GranularMode::process(const Settings& settings, std::span<Frame> frames) noexcept {
  recording_.write(frames, settings.freeze);
  std::fill(frames.begin(), frames.end(), Frame{});

  const float overlap =
      2.12f * std::max({0.0f, settings.density - 0.53f, 0.47f - settings.density});
  const float window = settings.texture < 0.75f ? 1.333f * settings.texture : 1.0f;
  schedule(settings, overlap, window, frames.size());

  const auto playing = static_cast<float>(num_playing_);
  mean_playing_ += (playing > mean_playing_ ? 0.9f : 0.2f) * (playing - mean_playing_);
  const float level = mean_playing_ > 2.0f ? 1.0f / std::sqrt(mean_playing_ - 1.0f) : 1.0f;
  const float window_level = std::clamp(1.0f + 2.0f * window, 1.0f, 2.0f);
  const float gain = level * (1.0f + (window_level - 1.0f) * overlap);

  std::size_t kept = 0;
  for (std::size_t i = 0; i < num_playing_; ++i) {
    if (!play(grains_[i], frames)) continue;
    grains_[kept++] = grains_[i];
  }
  num_playing_ = kept;
  for (Frame& frame : frames) {
    gain_ += 0.01f * (gain - gain_);
    frame = gain_ * frame;
  }
}

}  // namespace synthrl::surge::nimbus
