#include "surge/oscillators/oscillator.h"

#include <algorithm>
#include <cmath>
#include <concepts>

#include "surge/oscillators/alias.h"
#include "surge/oscillators/audio_in.h"
#include "surge/oscillators/classic.h"
#include "surge/oscillators/fm2.h"
#include "surge/oscillators/fm3.h"
#include "surge/oscillators/modern.h"
#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/sample_hold.h"
#include "surge/oscillators/sine.h"
#include "surge/oscillators/string.h"
#include "surge/oscillators/twist.h"
#include "surge/oscillators/wavetable_oscillator.h"
#include "surge/oscillators/window.h"

namespace synthrl::surge {
namespace {

template <typename T>
concept OscillatorKind = requires(
    T oscillator, const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
    const OscillatorTables& tables, const OscillatorControls& controls, OscillatorSpan out) {
  { oscillator.start(model, start, seed, tables) } noexcept -> std::same_as<void>;
  { oscillator.process(controls, out, out) } noexcept -> std::same_as<void>;
};

// Modulation can add up to anything; oscillators rely on numbers within these bounds.
constexpr float kMaxPitch = 256.0f;     // semitones
constexpr float kMaxValue = 10000.0f;   // of parameters
constexpr float kMaxFmGain = 10000.0f;  // linear

float bounded(float value, float limit) {
  if (std::isnan(value)) return 0.0f;
  return std::clamp(value, -limit, limit);
}

template <std::size_t kSize>
void bound_all(std::array<float, kSize>& values) {
  for (float& value : values) value = bounded(value, kMaxValue);
}

}  // namespace

// All types side by side: those with long buffers allocate them once, the others are small.
struct Oscillator::Slot {
  OscillatorType type = OscillatorType::kSine;
  bool restarts_on_reattack = false;
  ClassicOscillator classic;
  SineOscillator sine;
  WavetableOscillator wavetable;
  SampleHoldOscillator sample_hold;
  AudioInOscillator audio_in;
  Fm2Oscillator fm2;
  Fm3Oscillator fm3;
  WindowOscillator window;
  ModernOscillator modern;
  StringOscillator string;
  TwistOscillator twist;
  AliasOscillator alias;

  template <typename Function>
  void visit(Function function) noexcept {
    const auto call = [&](OscillatorKind auto& oscillator) { function(oscillator); };
    switch (type) {
      case OscillatorType::kClassic:
        return call(classic);
      case OscillatorType::kSine:
        return call(sine);
      case OscillatorType::kWavetable:
        return call(wavetable);
      case OscillatorType::kSampleAndHold:
        return call(sample_hold);
      case OscillatorType::kAudioIn:
        return call(audio_in);
      case OscillatorType::kFm3:
        return call(fm3);
      case OscillatorType::kFm2:
        return call(fm2);
      case OscillatorType::kWindow:
        return call(window);
      case OscillatorType::kModern:
        return call(modern);
      case OscillatorType::kString:
        return call(string);
      case OscillatorType::kTwist:
        return call(twist);
      case OscillatorType::kAlias:
        return call(alias);
    }
  }
};

Oscillator::Oscillator(const OscillatorTables& tables)
    : tables_(&tables), slot_(std::make_unique<Slot>()) {}

Oscillator::~Oscillator() = default;
Oscillator::Oscillator(Oscillator&&) noexcept = default;
Oscillator& Oscillator::operator=(Oscillator&&) noexcept = default;

void Oscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                       std::uint64_t seed) noexcept {
  OscillatorModel bounded_model = model;
  bound_all(bounded_model.stored);
  OscillatorStart bounded_start = start;
  bounded_start.pitch = bounded(start.pitch, kMaxPitch);
  bound_all(bounded_start.values);

  const auto number = static_cast<int>(model.type);
  slot_->type = number < kNumOscillatorTypes ? model.type : OscillatorType::kSine;
  bounded_model.type = slot_->type;
  // A low-pass gate has to open again.
  slot_->restarts_on_reattack =
      slot_->type == OscillatorType::kString ||
      (slot_->type == OscillatorType::kTwist && !model.options[5].deactivated);
  slot_->visit(
      [&](auto& oscillator) { oscillator.start(bounded_model, bounded_start, seed, *tables_); });
}

void Oscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                         OscillatorSpan right) noexcept {
  OscillatorControls bounded_controls = controls;
  bounded_controls.pitch = bounded(controls.pitch, kMaxPitch);
  bounded_controls.drift = bounded(controls.drift, kMaxPitch);
  bounded_controls.fm_gain = bounded(controls.fm_gain, kMaxFmGain);
  bound_all(bounded_controls.values);
  slot_->visit([&](auto& oscillator) { oscillator.process(bounded_controls, left, right); });
}

bool Oscillator::restarts_on_reattack() const noexcept { return slot_->restarts_on_reattack; }

}  // namespace synthrl::surge
