#include "surge/effects/reverb2.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kPredelay,
  kRoomSize,
  kDecay,
  kDiffusion,
  kBuildup,
  kModulation,
  kLowDamping,
  kHighDamping,
  kWidth,
  kMix,
};

// Milliseconds in a room of size 0.
constexpr std::array<float, 4> kInputDelays{4.76f, 6.81f, 10.13f, 16.72f};
struct BlockDelays {
  float left_tap;
  float right_tap;
  float first_allpass;
  float second_allpass;
  float line;
};
constexpr std::array<BlockDelays, 4> kBlockDelays{{{80.3f, 35.5f, 38.2f, 53.4f, 178.8f},
                                                   {59.3f, 101.6f, 44.0f, 41.0f, 126.5f},
                                                   {97.7f, 73.9f, 48.3f, 60.5f, 106.1f},
                                                   {122.6f, 80.3f, 38.9f, 42.2f, 139.4f}}};
constexpr std::array<float, 4> kTapGains{0.375f, 0.3f, 0.25f, 0.2f};
constexpr float kLongestAllpass = 60.5f;
constexpr float kLongestLine = 178.8f;

// Octaves of the size that modulation can reach.
constexpr float kMaxSize = 2.0f;
constexpr float kLfoHz = 0.25f;
constexpr float kSwingSeconds = 0.005f;
constexpr float kSwingSteps = 256.0f;  // per sample
constexpr float kChange = 0.001f;
// Of the four delays together, for the decay by 60 dB.
constexpr float kRingSeconds = 0.5508f;
constexpr std::size_t kMaxPredelay = 1'151'999;

std::size_t capacity_for(const Plan& plan, float milliseconds) {
  const double samples = plan.sample_rate() * 0.001 * static_cast<double>(milliseconds) *
                         static_cast<double>(std::exp2(kMaxSize));
  return std::bit_ceil(static_cast<std::size_t>(samples) + 4 * kBlockSamples);
}

float octaves(float x) { return std::exp2(std::clamp(x, -16.0f, 16.0f)); }

}  // namespace

const EffectType kReverb2Type = {
    .id = 11,
    .params = {{{EffectParamKind::kFloat, -8, 1, -4},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -4, 6, 0.75f},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0.2f},
                {EffectParamKind::kFloat, 0, 1, 0.2f},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, 0, 1, 0.33f},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<Reverb2Effect>(plan);
    },
};

void Reverb2Effect::Allpass::restart() {
  std::fill_n(ring_.begin(), longest_, 0.0f);
  length_ = longest_ = 1;
  position_ = 0;
}

void Reverb2Effect::Allpass::set_length(std::size_t length) {
  length_ = std::clamp<std::size_t>(length, 1, ring_.size());
  longest_ = std::max(longest_, length_);
}

void Reverb2Effect::Allpass::process(Samples& samples, const Samples& gains) {
  std::size_t i = 0;
  while (i < kBlockSamples) {
    const std::size_t begin = position_ + 1 < length_ ? position_ + 1 : 0;
    const std::size_t count = std::min<std::size_t>(kBlockSamples - i, length_ - begin);
    float* ring = &ring_[begin];
    for (std::size_t k = 0; k < count; ++k) {
      const float gain = gains[i + k];
      const float in = samples[i + k] - gain * ring[k];
      samples[i + k] = ring[k] + gain * in;
      ring[k] = in;
    }
    i += count;
    position_ = begin + count - 1;
  }
}

void Reverb2Effect::DelayLine::restart() {
  // What was never written is still zero.
  std::fill_n(samples_.begin(), std::min(written_, mask_ + 1), 0.0f);
  std::fill(samples_.end() - static_cast<std::ptrdiff_t>(kSlack), samples_.end(), 0.0f);
  written_ = 0;
}

void Reverb2Effect::DelayLine::write(const Samples& block) {
  const std::size_t position = written_ & mask_;
  std::copy(block.begin(), block.end(), samples_.begin() + static_cast<std::ptrdiff_t>(position));
  if (position < kSlack) {
    std::copy(block.begin(), block.end(),
              samples_.begin() + static_cast<std::ptrdiff_t>(mask_ + 1 + position));
  }
  written_ += kBlockSamples;
}

Reverb2Effect::Reverb2Effect(const Plan& plan)
    : plan_(&plan), predelay_(std::bit_ceil(kMaxPredelay)) {
  const std::size_t allpass_capacity = capacity_for(plan, kLongestAllpass);
  for (std::size_t i = 0; i < kInputDelays.size(); ++i) input_.emplace_back(allpass_capacity);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    blocks_.emplace_back(allpass_capacity, capacity_for(plan, kLongestLine));
  }
}

void Reverb2Effect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  predelay_.restart();
  for (Allpass& allpass : input_) allpass.restart();
  for (Block& block : blocks_) {
    block.first.restart();
    block.second.restart();
    block.line.restart();
    block.high_damper = block.low_damper = 0.0f;
  }
  last_ = 0.0f;
  for (LateLine* line : {&decay_, &diffusion_, &buildup_, &high_damping_, &low_damping_, &swing_}) {
    *line = LateLine();
  }
  lfo_ = QuadratureOscillator();
  mix_ = width_ = BlockRamp();
  set_size(model.values[kRoomSize]);
  set_ring_out(model.values);
}

void Reverb2Effect::set_size(float size) {
  size_ = size;
  const float scale = std::exp2(std::clamp(size, -kMaxSize, kMaxSize));
  const auto rate_hz = static_cast<float>(plan_->sample_rate());
  const auto samples = [&](float milliseconds) {
    return static_cast<std::size_t>(milliseconds * 0.001f * rate_hz * scale);
  };
  for (std::size_t i = 0; i < input_.size(); ++i) input_[i].set_length(samples(kInputDelays[i]));
  std::size_t shortest = blocks_[0].line.longest();
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const BlockDelays& delays = kBlockDelays[i];
    Block& block = blocks_[i];
    block.first.set_length(samples(delays.first_allpass));
    block.second.set_length(samples(delays.second_allpass));
    // At the lowest rate the smallest room still has taps of two blocks.
    block.left_tap = samples(delays.left_tap);
    block.right_tap = samples(delays.right_tap);
    block.delay = samples(delays.line);
    shortest = std::min(shortest, block.delay);
  }
  longest_swing_ = static_cast<float>(shortest - kBlockSamples - 2);
}

void Reverb2Effect::set_ring_out(const EffectValues& values) {
  ring_out_decay_ = values[kDecay];
  const float decay = std::max(1.0f, octaves(values[kDecay]));
  const float predelay = std::max(0.1f, octaves(values[kPredelay]) * model_->rate_scale(kPredelay));
  const double seconds = 2.0 * static_cast<double>(decay) + 2.0 * static_cast<double>(predelay);
  ring_out_blocks_ =
      static_cast<std::int64_t>(std::min(plan_->sample_rate() * seconds / kBlockSamples, 1e12));
}

void Reverb2Effect::follow_controls(const EffectValues& values, Lines& lines) {
  const auto rate_hz = static_cast<float>(plan_->sample_rate());
  const float scale = std::exp2(std::clamp(values[kRoomSize], -kMaxSize, kMaxSize));
  decay_.set(std::pow(0.001f, kRingSeconds * scale / (4.0f * octaves(values[kDecay]))));
  diffusion_.set(0.7f * std::clamp(values[kDiffusion], -1.4f, 1.4f));
  buildup_.set(0.7f * std::clamp(values[kBuildup], -1.4f, 1.4f));
  high_damping_.set(0.8f * values[kHighDamping]);
  low_damping_.set(0.2f * values[kLowDamping]);
  swing_.set(
      std::clamp(values[kModulation] * rate_hz * kSwingSeconds, -longest_swing_, longest_swing_));
  const auto damping = [](float value) { return std::clamp(value, 0.01f, 0.99f); };
  // This one stays where the last block has left it.
  lines.low_damping = damping(low_damping_.value());
  lines.swings = swing_.value() != 0.0f || swing_.target() != 0.0f;
  lfo_.set_rate(2.0f * std::numbers::pi_v<float> * kLfoHz / rate_hz);
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    lines.decay[i] = decay_.value();
    lines.diffusion[i] = diffusion_.value();
    lines.buildup[i] = buildup_.value();
    lines.high_damping[i] = damping(high_damping_.value());
    const float swing = std::clamp(swing_.value(), -longest_swing_, longest_swing_);
    lines.swing[0][i] = swing * lfo_.real() * kSwingSteps;
    lines.swing[1][i] = swing * lfo_.imaginary() * kSwingSteps;
    for (LateLine* line : {&decay_, &diffusion_, &buildup_, &high_damping_, &swing_}) {
      line->advance();
    }
    lfo_.advance();
  }
}

// What leaves the end of a block.
void Reverb2Effect::read_delays(std::size_t index, const Lines& lines, Samples& out) const {
  const Block& block = blocks_[index];
  const float* end = block.line.read(block.delay);
  if (!lines.swings) {
    for (std::size_t i = 0; i < kBlockSamples; ++i) out[i] = end[i] * lines.decay[i];
    return;
  }
  const float sign = index < 2 ? 1.0f : -1.0f;
  const Samples& swing = lines.swing[index % 2];
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    // The whole part is rounded down, whatever the sign.
    const int steps = static_cast<int>(sign * swing[i]);
    const int whole = steps >> 8;
    const float part = static_cast<float>(steps & 255) * (1.0f / kSwingSteps);
    const std::size_t delay =
        static_cast<std::size_t>(static_cast<std::ptrdiff_t>(block.delay) - whole) - i;
    const float* taps = block.line.read(delay);
    out[i] = ((1.0f - part) * taps[0] + part * taps[1]) * lines.decay[i];
  }
}

void Reverb2Effect::run_block(std::size_t index, const Lines& lines, Samples& signal,
                              StereoBuffer& wet) {
  Block& block = blocks_[index];
  block.first.process(signal, lines.buildup);
  block.second.process(signal, lines.buildup);
  float high = block.high_damper;
  float low = block.low_damper;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float damping = lines.high_damping[i];
    high = high * damping + signal[i] * (1.0f - damping);
    low = low * (1.0f - lines.low_damping) + high * lines.low_damping;
    signal[i] = high - low;
  }
  block.high_damper = high;
  block.low_damper = low;

  const float gain = kTapGains[index];
  const float* left = block.line.read(block.left_tap);
  const float* right = block.line.read(block.right_tap);
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    wet.left[i] += gain * left[i];
    wet.right[i] += gain * right[i];
  }
  block.line.write(signal);
}

void Reverb2Effect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  if (values[kRoomSize] != size_) set_size(values[kRoomSize]);
  if (std::fabs(values[kDecay] - ring_out_decay_) > kChange) set_ring_out(values);
  Lines lines;
  follow_controls(values, lines);
  width_.set(plan_->decibels.amplitude(values[kWidth]));
  mix_.set(values[kMix]);

  Samples in;
  for (std::size_t i = 0; i < kBlockSamples; ++i) in[i] = 0.5f * (audio.left[i] + audio.right[i]);
  const float predelay = static_cast<float>(plan_->sample_rate()) * octaves(values[kPredelay]) /
                         model_->rate_scale(kPredelay);
  const auto delay =
      static_cast<std::size_t>(std::clamp(predelay, 1.0f, static_cast<float>(kMaxPredelay)));
  predelay_.write(in);
  const float* delayed = predelay_.read(delay + kBlockSamples);
  std::copy_n(delayed, kBlockSamples, in.begin());
  for (Allpass& allpass : input_) allpass.process(in, lines.diffusion);

  // Delays are long enough to read all of them before any is written.
  std::array<Samples, kBlocks> ends;
  for (std::size_t b = 0; b < kBlocks; ++b) read_delays(b, lines, ends[b]);
  StereoBuffer wet;
  wet.clear();
  for (std::size_t b = 0; b < kBlocks; ++b) {
    Samples signal;
    if (b == 0) {
      signal[0] = last_ + in[0];
      for (std::size_t i = 1; i < kBlockSamples; ++i) signal[i] = ends[kBlocks - 1][i - 1] + in[i];
      last_ = ends[kBlocks - 1][kBlockSamples - 1];
    } else {
      for (std::size_t i = 0; i < kBlockSamples; ++i) signal[i] = ends[b - 1][i] + in[i];
    }
    run_block(b, lines, signal, wet);
  }
  scale_side(width_, wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
