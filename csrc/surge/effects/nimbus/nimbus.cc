#include "surge/effects/nimbus/nimbus.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {
namespace {

using nimbus::Frame;
using nimbus::kGroup;

enum : std::size_t {
  kMode,
  kQuality,
  kPosition,
  kSize,
  kPitch,
  kDensity,
  kTexture,
  kSpread,
  kFreeze,
  kFeedback,
  kReverb,
  kMix,
};

constexpr float kMaxPitch = 48.0f;
constexpr float kFullScale = 32767.0f;
// The queue begins with a sample of silence.
constexpr std::size_t kQueueLead = 1;

float limited(float x) { return std::clamp(x, 0.0f, 1.0f); }

nimbus::Settings settings_of(const EffectValues& values) {
  nimbus::Settings settings;
  settings.position = limited(values[kPosition]);
  settings.size = limited(values[kSize]);
  settings.pitch = std::clamp(values[kPitch], -kMaxPitch, kMaxPitch);
  settings.density = limited(0.5f * (values[kDensity] + 1.0f));
  settings.texture = limited(0.5f * (values[kTexture] + 1.0f));
  settings.spread = limited(values[kSpread]);
  settings.freeze = values[kFreeze] > 0.5f;
  settings.feedback = limited(values[kFeedback]);
  settings.reverb = limited(values[kReverb]);
  return settings;
}

float to_16_bits(float x) {
  return std::trunc(std::clamp(x, -1.0f, 1.0f) * kFullScale) * nimbus::kFromInt16;
}

int variant_of(const EffectModel& model) { return model.integers[kMode]; }

}  // namespace

const EffectType kNimbusType = {
    .id = 22,
    .params = {{{EffectParamKind::kInteger, 0, nimbus::kNumModes - 1, 0},
                {EffectParamKind::kInteger, 0, 3, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -kMaxPitch, kMaxPitch, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0.5f}}},
    .make = [](const Plan& plan, int variant) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<NimbusEffect>(plan.sample_rate(), variant);
    },
    // Modes keep different things in memory.
    .variant_of = variant_of,
    .has_variant = [](int variant) { return variant >= 0 && variant < nimbus::kNumModes; },
};

NimbusEffect::NimbusEffect(double sample_rate, int mode)
    : engine_(mode),
      to_engine_(sample_rate, nimbus::kSampleRate),
      from_engine_(nimbus::kSampleRate, sample_rate) {
  const auto per_sample = static_cast<std::size_t>(std::ceil(sample_rate / nimbus::kSampleRate));
  needed_ = kBlockSamples * (per_sample > 2 ? per_sample - 1 : 1) + kGroup;
}

void NimbusEffect::start(const EffectModel& model, std::uint64_t seed) noexcept {
  engine_.start(
      nimbus::kQualities[static_cast<std::size_t>(std::clamp(
          model.integers[kQuality], 0, static_cast<std::int32_t>(nimbus::kQualities.size()) - 1))],
      seed);
  to_engine_.start();
  from_engine_.start();
  num_in_group_ = 0;
  queue_.fill({});
  written_ = kQueueLead;
  read_ = 0;
  plays_ = false;
  mix_.set_at_once(1.0f);
}

void NimbusEffect::run_group() noexcept {
  engine_.process(group_);
  for (const Frame& frame : group_) {
    from_engine_.push((32768.0f / kFullScale) * frame);
    while (from_engine_.ready()) queue_[written_++ % kQueue] = from_engine_.pull();
  }
}

void NimbusEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  engine_.set(settings_of(controls.values));
  mix_.set(limited(controls.values[kMix]));
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    to_engine_.push({audio.left[i], audio.right[i]});
    while (to_engine_.ready()) {
      const Frame in = to_engine_.pull();
      group_[num_in_group_++] = {to_16_bits(in.left), to_16_bits(in.right)};
      if (num_in_group_ < kGroup) continue;
      run_group();
      num_in_group_ = 0;
    }
  }

  StereoBuffer wet;
  wet.clear();
  plays_ = plays_ || written_ - kQueueLead > needed_;
  if (plays_) {
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      const Frame frame = queue_[read_++ % kQueue];
      wet.left[i] = frame.left;
      wet.right[i] = frame.right;
    }
  }
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
