#include "surge/effects/airwindows/airwindows.h"

#include <algorithm>
#include <cmath>

#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge {
namespace {

using airwindows::kFrames;
using airwindows::kMaxParams;
using airwindows::PluginType;

constexpr std::size_t kFirstParam = 1;  // after the number of the plugin
constexpr int kLastPlugin = 76;

// Per call of the plugin.
constexpr float kLagRate = 0.016f;

// No plugin makes its input this much louder, other than by running away.
constexpr double kRunaway = 1e7;

constexpr EffectParamTable make_params() {
  EffectParamTable table{};
  table[0] = {EffectParamKind::kInteger, 0, kLastPlugin, 0};
  for (std::size_t i = 0; i < kMaxParams; ++i) {
    table[kFirstParam + i] = {EffectParamKind::kFloat, 0, 1, 0};
  }
  return table;
}

int variant_of(const EffectModel& model) { return model.integers[0]; }

// Choices are stored as integers.
void migrate(EffectModel& model, int /*revision*/) {
  const PluginType* type = airwindows::find_plugin_type(variant_of(model));
  if (type == nullptr || type->num_items == 0) return;
  const std::size_t param = kFirstParam + type->choice;
  const EffectParam& stored = model.stored[param];
  const std::int32_t item = stored.present ? stored.as_integer() : 0;
  model.integers[param] = std::clamp(item, 0, type->num_items - 1);
  model.values[param] = static_cast<float>(model.integers[param]);
}

}  // namespace

const EffectType kAirwindowsType = {
    .id = 14,
    .params = make_params(),
    .make = [](const Plan& plan, int variant) -> std::unique_ptr<EffectUnit> {
      const PluginType* type = airwindows::find_plugin_type(variant);
      if (type == nullptr) return nullptr;
      return std::make_unique<AirwindowsEffect>(*type, plan.sample_rate());
    },
    .migrate = migrate,
    .variant_of = variant_of,
    .has_variant = [](int variant) { return airwindows::find_plugin_type(variant) != nullptr; },
};

AirwindowsEffect::AirwindowsEffect(const PluginType& type, double sample_rate)
    : type_(&type), plugin_(type.make(sample_rate)) {
  lags_.fill(Lag(kLagRate));
}

void AirwindowsEffect::start(const EffectModel& model, std::uint64_t seed) noexcept {
  seed_ = seed;
  // Parameters glide from 0 to where the patch has them.
  for (Lag& lag : lags_) lag.set_at_once(0.0f);
  item_ = 0.0;
  if (type_->num_items > 0) {
    item_ = std::clamp(std::round(static_cast<double>(model.values[kFirstParam + type_->choice])),
                       0.0, type_->num_items - 1.0);
  }
  plugin_->start(seed_);
  update_plugin(true);
}

void AirwindowsEffect::update_plugin(bool always) noexcept {
  airwindows::PluginValues values;
  for (std::size_t i = 0; i < kMaxParams; ++i) values[i] = static_cast<double>(lags_[i].value());
  if (type_->num_items > 0) values[type_->choice] = item_;
  if (!always && values == values_) return;
  values_ = values;
  plugin_->set(values_);
}

void AirwindowsEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  for (std::size_t i = 0; i < kMaxParams; ++i) {
    lags_[i].set(std::clamp(controls.values[kFirstParam + i], 0.0f, 1.0f));
  }
  for (std::size_t begin = 0; begin < kBlockSamples; begin += kFrames) {
    update_plugin(false);
    for (Lag& lag : lags_) lag.advance();

    std::array<airwindows::Stereo, kFrames> frames;
    for (std::size_t i = 0; i < kFrames; ++i) {
      frames[i] = airwindows::Stereo{static_cast<double>(audio.left[begin + i]),
                                     static_cast<double>(audio.right[begin + i])};
    }
    plugin_->process(frames);
    // Written such that a value which is no number counts as too large.
    const bool sane = std::ranges::all_of(frames, [](airwindows::Stereo frame) {
      return std::fabs(frame[0]) < kRunaway && std::fabs(frame[1]) < kRunaway;
    });
    if (!sane) {
      frames.fill(airwindows::Stereo{});
      plugin_->start(seed_);
      update_plugin(true);
    }
    for (std::size_t i = 0; i < kFrames; ++i) {
      audio.left[begin + i] = static_cast<float>(frames[i][0]);
      audio.right[begin + i] = static_cast<float>(frames[i][1]);
    }
  }
}

}  // namespace synthrl::surge
