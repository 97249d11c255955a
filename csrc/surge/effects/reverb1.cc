#include "surge/effects/reverb1.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kPredelay,
  kShape,
  kSize,
  kDecay,
  kDamping,
  kLowCut,
  kPeakFrequency,
  kPeakGain,
  kHighCut,
  kMix,
  kWidth,
};

constexpr int kNumShapes = 4;
// Of the lines per shape of the room, in 1/256 sample at any rate, for a size of a half.
constexpr std::array<std::array<int, 16>, kNumShapes> kBaseDelays{
    {{1339934, 962710, 1004427, 1103966, 1198575, 1743348, 1033425, 933313, 949407, 1402754,
      1379894, 1225304, 1135598, 1402107, 956152, 1137737},
     {1265607, 844703, 856159, 1406425, 786608, 1163557, 1091206, 1129434, 1270379, 896997, 1415393,
      782808, 868582, 1234463, 1000336, 968299},
     {1293101, 1334867, 1178781, 1850949, 1663760, 1982922, 1211021, 1824481, 1520266, 1351822,
      1102711, 1513696, 1057618, 1671799, 1406360, 1170468},
     {1833435, 2462309, 2711583, 2219764, 1664194, 2109157, 1626137, 1434473, 2271242, 1621375,
      1831218, 2640903, 1577737, 1871624, 2439164, 1427343}}};

constexpr unsigned kBlocksPerUpdate = 32;
constexpr float kChange = 0.001f;
constexpr double kCutQ = 0.5;
constexpr double kPeakBandwidth = 2.0;
// The decay is the time to lose 60 dB.
constexpr double kDecayed = 0.001;

void migrate(EffectModel& model, int revision) {
  if (revision > 15) return;
  model.options[kLowCut].deactivated = false;
  model.options[kHighCut].deactivated = false;
}

float sum_of(Pair x) { return (x[0] + x[2]) + (x[1] + x[3]); }

void transpose(std::array<Pair, 4>& rows) {
  const Pair low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const Pair high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Pair low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const Pair high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  rows[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  rows[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  rows[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

// The sums of four vectors.
Pair sums_of(const Pair* vectors) {
  std::array<Pair, 4> rows{vectors[0], vectors[1], vectors[2], vectors[3]};
  transpose(rows);
  return (rows[0] + rows[2]) + (rows[1] + rows[3]);
}

}  // namespace

const EffectType kReverb1Type = {
    .id = 2,
    .params = {{{EffectParamKind::kFixedFloat, -8, 5, -4},
                {EffectParamKind::kInteger, 0, kNumShapes - 1, 0},
                {EffectParamKind::kFixedFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -4, 6, 1},
                {EffectParamKind::kFloat, 0, 1, 0.2f},
                {EffectParamKind::kFloat, -60, 70, -24},
                {EffectParamKind::kFloat, -60, 70, 0},
                {EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -24, 24, 0},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<Reverb1Effect>(plan);
    },
    .migrate = migrate,
};

Reverb1Effect::Reverb1Effect(const Plan& plan)
    : plan_(&plan), lines_(kLines * kLineStride), predelay_line_(kPredelayLength) {
  for (std::size_t t = 0; t < kLines; ++t) {
    const double pan = -1.0 + 2.0 * static_cast<double>(t) / 15.0;
    left_gain_[t / 4][t % 4] = static_cast<float>(std::sqrt(0.5 - 0.495 * pan));
    right_gain_[t / 4][t % 4] = static_cast<float>(std::sqrt(0.5 + 0.495 * pan));
  }
}

void Reverb1Effect::clear_lines() {
  std::fill(lines_.begin(), lines_.end(), 0.0f);
  std::fill(predelay_line_.begin(), predelay_line_.end(), 0.0f);
  damped_ = {};
}

void Reverb1Effect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  block_ = 0;
  position_ = 0;
  clear_lines();
  shape_ = model.integers[kShape];
  set_size(model.values[kSize], model.values[kDecay]);
  for (EffectBiquad* filter : {&low_cut_, &peak_, &high_cut_}) filter->restart();
  set_filters(model.values);
  mix_.set_at_once(1.0f);
  width_.set_at_once(1.0f);

  const double samples =
      std::trunc(plan_->sample_rate()) *
      static_cast<double>(plan_->effects.ratio(12.0f * model.values[kPredelay])) *
      static_cast<double>(model.rate_scale(kPredelay));
  predelay_ = static_cast<std::size_t>(std::clamp(samples, 0.0, 1e9)) % kLineLength;
}

void Reverb1Effect::set_size(float size, float decay) {
  size_ = size;
  const auto& base = kBaseDelays[static_cast<std::size_t>(shape_)];
  std::size_t shortest = kLineLength;
  for (std::size_t t = 0; t < kLines; ++t) {
    delay_256_[t] = static_cast<int>(2.0f * size * static_cast<float>(base[t]));
    delay_[t] = static_cast<std::size_t>(delay_256_[t]) >> 8;
    shortest = std::min(shortest, delay_[t]);
  }
  blockwise_ = shortest >= kBlockSamples;
  set_decay(decay);
}

void Reverb1Effect::set_decay(float decay) {
  decay_ = decay;
  const double samples =
      plan_->sample_rate() * std::exp2(std::clamp(static_cast<double>(decay), -16.0, 16.0));
  for (std::size_t t = 0; t < kLines; ++t) {
    gain_[t / 4][t % 4] = static_cast<float>(std::pow(kDecayed, delay_256_[t] / (256.0 * samples)));
  }
  const std::size_t longest = *std::max_element(delay_.begin(), delay_.end());
  ring_out_blocks_ =
      static_cast<std::int64_t>((static_cast<double>(longest) + 2.0 * samples) / kBlockSamples);
}

void Reverb1Effect::set_filters(const EffectValues& values) {
  low_cut_.set_highpass(omega_of(*plan_, values[kLowCut]), kCutQ);
  peak_.set_peak(omega_of(*plan_, values[kPeakFrequency]), kPeakBandwidth,
                 static_cast<double>(values[kPeakGain]), plan_->decibels);
  high_cut_.set_matched_lowpass(omega_of(*plan_, values[kHighCut]), kCutQ);
}

void Reverb1Effect::read_lines(std::size_t begin, std::size_t count,
                               std::span<std::array<Pair, kGroups>> out) const {
  for (std::size_t group = 0; group < kGroups; ++group) {
    std::array<const float*, 4> taps;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t t = 4 * group + i;
      taps[i] = &lines_[t * kLineStride + ((begin - 1 - delay_[t]) & (kLineLength - 1))];
    }
    std::size_t k = 0;
    for (; k + 4 <= count; k += 4) {
      std::array<Pair, 4> tile;
      for (std::size_t i = 0; i < 4; ++i) std::memcpy(&tile[i], taps[i] + k, sizeof(Pair));
      transpose(tile);
      for (std::size_t i = 0; i < 4; ++i) out[k + i][group] = tile[i];
    }
    for (; k < count; ++k) out[k][group] = Pair{taps[0][k], taps[1][k], taps[2][k], taps[3][k]};
  }
}

void Reverb1Effect::write_lines(std::size_t begin, std::span<const std::array<Pair, kGroups>> in) {
  const std::size_t place = begin & (kLineLength - 1);
  for (std::size_t group = 0; group < kGroups; ++group) {
    std::array<float*, 4> lines;
    for (std::size_t i = 0; i < 4; ++i) lines[i] = &lines_[(4 * group + i) * kLineStride] + place;
    std::size_t k = 0;
    for (; k + 4 <= in.size(); k += 4) {
      std::array<Pair, 4> tile{in[k][group], in[k + 1][group], in[k + 2][group], in[k + 3][group]};
      transpose(tile);
      for (std::size_t i = 0; i < 4; ++i) std::memcpy(lines[i] + k, &tile[i], sizeof(Pair));
    }
    for (; k < in.size(); ++k) {
      for (std::size_t i = 0; i < 4; ++i) lines[i][k] = in[k][group][i];
    }
    if (place >= kBlockSamples) continue;
    for (float* line : lines) std::copy_n(line, in.size(), line + kLineLength);
  }
}

void Reverb1Effect::run(StereoBlock audio, float damping, StereoBuffer& wet) noexcept {
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    predelay_line_[(position_ + i) & (kPredelayLength - 1)] =
        0.5f * (audio.left[i] + audio.right[i]);
  }
  std::array<std::array<Pair, kGroups>, kBlockSamples> taps;
  std::array<Pair, kBlockSamples> left;
  std::array<Pair, kBlockSamples> right;
  const std::size_t chunk = blockwise_ ? kBlockSamples : 1;
  std::array<Pair, kGroups> damped = damped_;
  for (std::size_t begin = 0; begin < kBlockSamples; begin += chunk) {
    read_lines(position_ + begin, chunk, taps);
    for (std::size_t k = 0; k < chunk; ++k) {
      const std::size_t i = begin + k;
      Pair sum{};
      left[i] = right[i] = Pair{};
      for (std::size_t g = 0; g < kGroups; ++g) {
        damped[g] = damping * damped[g] + (1.0f - damping) * taps[k][g];
        sum += damped[g];
        left[i] += left_gain_[g] * damped[g];
        right[i] += right_gain_[g] * damped[g];
      }
      const float in = predelay_line_[(position_ + i - 1 - predelay_) & (kPredelayLength - 1)];
      const float back = in - 0.125f * sum_of(sum);
      for (std::size_t g = 0; g < kGroups; ++g) taps[k][g] = gain_[g] * (back + damped[g]);
    }
    write_lines(position_ + begin, std::span(taps).first(chunk));
  }
  for (std::size_t i = 0; i < kBlockSamples; i += 4) {
    const Pair left_sums = sums_of(&left[i]);
    const Pair right_sums = sums_of(&right[i]);
    std::memcpy(&wet.left[i], &left_sums, sizeof(Pair));
    std::memcpy(&wet.right[i], &right_sums, sizeof(Pair));
  }
  damped_ = damped;
  position_ += kBlockSamples;
}

void Reverb1Effect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  if (block_++ % kBlocksPerUpdate == 0) set_filters(values);
  if (std::fabs(values[kDecay] - decay_) > kChange) set_decay(values[kDecay]);
  mix_.set(values[kMix]);
  width_.set(plan_->decibels.amplitude(values[kWidth]));

  StereoBuffer wet;
  run(audio, std::clamp(values[kDamping], 0.01f, 0.99f), wet);
  EffectBiquad::process_series({model_->active(kLowCut) ? &low_cut_ : nullptr, &peak_,
                                model_->active(kHighCut) ? &high_cut_ : nullptr},
                               wet.block());
  scale_side(width_, wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
