#include "surge/effects/distortion.h"

#include <algorithm>
#include <type_traits>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kPreGain,
  kPreFrequency,
  kPreBandwidth,
  kPreHighCut,
  kDrive,
  kFeedback,
  kPostGain,
  kPostFrequency,
  kPostBandwidth,
  kPostHighCut,
  kGain,
  kModel,
};

enum Model { kSoft, kHard, kAsymmetric, kSine, kDigital, kOjd, kFullWave, kFuzzSoft };

constexpr unsigned kBlocksPerUpdate = 8;
constexpr double kCutQ = 0.707;
constexpr float kExtendedGain = 3.0f;
constexpr float kExtendedDrive = 5.0f;
// Keeps the loop out of denormals; changes sign in the middle of the block.
constexpr float kBias = 1e-8f;
// Bounds of the loop with feedback, far above what the curves return.
constexpr float kLoopLimit = 1e6f;

void migrate(EffectModel& model, int revision) {
  if (revision <= 11) {
    model.integers[kModel] = kSoft;
    model.values[kModel] = 0.0f;
    for (const std::size_t param : {kPreGain, kDrive, kPostGain}) {
      model.options[param].extend_range = false;
    }
  }
  if (revision <= 15) {
    model.options[kPreHighCut].deactivated = false;
    model.options[kPostHighCut].deactivated = false;
  }
}

WaveshaperType shaper_of(int distortion) {
  switch (distortion) {
    case kSine:
      return WaveshaperType::kSine;
    case kDigital:
      return WaveshaperType::kDigital;
    case kOjd:
      return WaveshaperType::kOjd;
    case kFullWave:
      return WaveshaperType::kFullWave;
    case kFuzzSoft:
      return WaveshaperType::kFuzzSoftClip;
    default:
      return WaveshaperType::kOff;
  }
}

}  // namespace

const EffectType kDistortionType = {
    .id = 5,
    .params = {{{EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -60, 70, 0},
                {EffectParamKind::kFloat, 0, 5, 2},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -60, 70, 0},
                {EffectParamKind::kFloat, 0, 5, 2},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kInteger, 0, 7, 0}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<DistortionEffect>(plan);
    },
    .migrate = migrate,
};

void DistortionEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  block_ = 0;
  for (EffectBiquad* filter : {&pre_eq_, &post_eq_, &pre_cut_, &post_cut_}) filter->restart();
  set_equalisers(model.values);
  set_cuts(model.values);
  // A step towards the 0 dB of parameters that are still 0.
  drive_.set_at_once(0.25f);
  gain_.set_at_once(0.25f);
  last_ = Pair{};
  const WaveshaperType type = shaper_of(model.integers[kModel]);
  shaper_.start(type);
  silent_shaper_.start(type);
  to_double_.restart();
  to_single_.restart();
}

void DistortionEffect::set_equalisers(const EffectValues& values) {
  const auto gain_db = [&](std::size_t param) {
    return static_cast<double>(values[param] * (model_->extended(param) ? kExtendedGain : 1.0f));
  };
  pre_eq_.set_peak(omega_of(*plan_, values[kPreFrequency]),
                   static_cast<double>(values[kPreBandwidth]), gain_db(kPreGain), plan_->decibels);
  post_eq_.set_peak(omega_of(*plan_, values[kPostFrequency]),
                    static_cast<double>(values[kPostBandwidth]), gain_db(kPostGain),
                    plan_->decibels);
}

void DistortionEffect::set_cuts(const EffectValues& values) {
  pre_cut_.set_matched_lowpass(omega_of(*plan_, values[kPreHighCut]) / kOversampling, kCutQ);
  post_cut_.set_matched_lowpass(omega_of(*plan_, values[kPostHighCut]) / kOversampling, kCutQ);
  pre_cut_.arrive();
  post_cut_.arrive();
}

// Every sample of the input holds for four. `shape_pair` maps both channels, given the number of
// the subsample.
template <bool kFeedback, bool kPreCut, bool kPostCut, typename Shape>
void DistortionEffect::run(StereoBlock audio, float feedback, Signal& left, Signal& right,
                           Shape shape_pair) noexcept {
  EffectBiquad::Steady pre(pre_cut_);
  EffectBiquad::Steady post(post_cut_);
  Pair last = last_;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const Pair input = make_pair(audio.left[i], audio.right[i]);
    const float bias = i >= kBlockSamples / 2 ? kBias : -kBias;
    for (std::size_t k = kOversampling * i; k < kOversampling * (i + 1); ++k) {
      Pair x = input;
      if constexpr (kFeedback) {
        x = maximum(minimum(x + feedback * last, splat<Pair>(kLoopLimit)),
                    splat<Pair>(-kLoopLimit));
      }
      if constexpr (kPreCut) x = pre.tick(x);
      x = shape_pair(x, k) + bias;
      if constexpr (kPostCut) x = post.tick(x);
      left[k] = x[0];
      right[k] = x[1];
      last = x;
    }
  }
  pre.store(pre_cut_);
  post.store(post_cut_);
  last_ = last;
}

void DistortionEffect::shape(StereoBlock audio, float feedback, float old_drive, float new_drive,
                             Signal& left, Signal& right) noexcept {
  const auto run_with = [&](auto shape_pair) {
    const auto run_as = [&]<bool kFeedback>(std::bool_constant<kFeedback>) {
      const bool pre_cut = model_->active(kPreHighCut);
      if (model_->active(kPostHighCut)) {
        pre_cut ? run<kFeedback, true, true>(audio, feedback, left, right, shape_pair)
                : run<kFeedback, false, true>(audio, feedback, left, right, shape_pair);
      } else {
        pre_cut ? run<kFeedback, true, false>(audio, feedback, left, right, shape_pair)
                : run<kFeedback, false, false>(audio, feedback, left, right, shape_pair);
      }
    };
    // Without feedback, samples need not wait for each other.
    if (feedback != 0.0f) {
      run_as(std::true_type());
    } else {
      run_as(std::false_type());
    }
  };
  const auto look_up = [&](const EffectTables::Curve& curve) {
    run_with([&curve](Pair x, std::size_t) { return curve(x); });
  };
  const int model = model_->integers[kModel];
  switch (model) {
    case kSoft:
      look_up(plan_->effects.soft);
      return;
    case kHard:
      look_up(plan_->effects.hard);
      return;
    case kAsymmetric:
      look_up(plan_->effects.asymmetric);
      return;
    default:
      break;
  }
  // The voices' shapers apply the drive themselves. Their line over the block is twice too steep.
  const float step = (new_drive - old_drive) / (2.0f * kBlockSamples);
  constexpr float kLeastDrive = 1e-6f;
  silent_shaper_.start(shaper_of(model));
  const float offset = silent_shaper_.process(0.0f, std::max(old_drive, kLeastDrive));
  run_with([&](Pair x, std::size_t k) {
    const float drive = std::max(old_drive + step * static_cast<float>(k), kLeastDrive);
    return shaper_.process(model == kDigital ? x : x / splat<Pair>(drive), drive) - offset;
  });
}

void DistortionEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  if (block_++ % kBlocksPerUpdate == 0) {
    set_equalisers(values);
    set_cuts(values);
  }
  const float old_drive = drive_.target();
  const float new_drive = plan_->decibels.amplitude(
      values[kDrive] * (model_->extended(kDrive) ? kExtendedDrive : 1.0f));
  drive_.set(new_drive);

  // The last blocks before it falls silent fade out.
  constexpr float kFadeBlocks = 320.0f;
  const auto left_over = static_cast<float>(kRingOut - controls.blocks_since_input - 1);
  const float fade = std::clamp(left_over / kFadeBlocks, 0.0f, 1.0f);
  gain_.set(plan_->decibels.amplitude(values[kGain]) * fade);

  EffectBiquad::process_series({&pre_eq_}, audio);
  drive_.multiply(audio);
  Signal left;
  Signal right;
  shape(audio, values[kFeedback], old_drive, new_drive, left, right);
  to_double_.down(left.data(), right.data(), left.data(), right.data(), kSubsamples / 2);
  to_single_.down(left.data(), right.data(), audio.left.data(), audio.right.data(), kBlockSamples);
  gain_.multiply(audio);
  EffectBiquad::process_series({&post_eq_}, audio);
}

}  // namespace synthrl::surge
