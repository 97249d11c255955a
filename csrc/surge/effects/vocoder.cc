#include "surge/effects/vocoder.h"

#include <algorithm>

namespace synthrl::surge {
namespace {

constexpr std::size_t kMix = 11;

// Had no dry share.
void migrate(EffectModel& model, int revision) {
  if (revision <= 10) model.values[kMix] = 1.0f;
}

}  // namespace

const EffectType kVocoderType = {
    .id = 10,
    .params = {{{EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -96, 0, -96},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {},
                {EffectParamKind::kInteger, 4, 20, 20},
                {EffectParamKind::kFloat, -36, 36, -15.47f},
                {EffectParamKind::kFloat, 0, 60, 49.095f},
                {EffectParamKind::kInteger, 0, 3, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 1}}},
    .make = [](const Plan&, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<VocoderEffect>();
    },
    .migrate = migrate,
};

void VocoderEffect::start(const EffectModel&, std::uint64_t) noexcept { mix_ = BlockRamp(); }

void VocoderEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  mix_.set(std::clamp(controls.values[kMix], 0.0f, 1.0f));
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float dry = 1.0f - mix_.at(i);
    audio.left[i] *= dry;
    audio.right[i] *= dry;
  }
}

}  // namespace synthrl::surge
