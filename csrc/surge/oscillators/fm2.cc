#include "surge/oscillators/fm2.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"
#include "surge/oscillators/sine_waves.h"

namespace synthrl::surge {
namespace {

// Turns of modulation.
float depth_of(float amount) { return 4.0f * amount * amount * amount; }

}  // namespace

void Fm2Oscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                          std::uint64_t seed, const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  host_rate_hz_ = tables.host_rate_hz;
  drift_random_ = random_stream(seed, RandomStream::kDrift);
  drift_.start(model.random_drift_start, drift_random_);
  phase_ = Lag<float>();

  // The carrier starts where the first sample is about 0.
  constexpr double kPi = std::numbers::pi;
  Rng phases = random_stream(seed, RandomStream::kPhase);
  const double random = model.retrigger ? 0.0 : kPi * static_cast<double>(phases.bipolar());
  const double turns = static_cast<double>(start.values[5]) + random;
  const double depth = static_cast<double>(depth_of(start.values[0])) +
                       static_cast<double>(depth_of(start.values[2]));
  for (FmModulator& modulator : modulators_) modulator.start(wrap_turns(turns));
  carrier_.start(wrap_turns(-std::sin(2.0 * kPi * turns) * depth - turns), model.options[6]);
}

void Fm2Oscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                            OscillatorSpan right) noexcept {
  const double step =
      fm_step(controls.pitch + controls.drift * drift_.advance(drift_random_), rate_hz_);
  // The offset parts the modulators by a number of radians per sample, hence the odd unit.
  const double offset = static_cast<double>(controls.values[4]) *
                        (model_.options[4].extended ? 100.0 : 1.0) /
                        static_cast<double>(host_rate_hz_) * (0.5 / std::numbers::pi);
  const auto ratio = [&](std::size_t parameter) {
    return static_cast<double>(std::clamp<std::int32_t>(model_.integers[parameter], 1, 32));
  };

  std::array<double, kOscillatorBlockSamples> phases{};
  modulators_[0].add(std::min(0.5, step * ratio(1) + offset), depth_of(controls.values[0]), phases);
  modulators_[1].add(std::min(0.5, step * ratio(3) - offset), depth_of(controls.values[2]), phases);
  phase_.set_target(controls.values[5]);
  OscillatorTrack shift;
  phase_.fill_then_advance(shift.data(), kOscillatorBlockSamples);
  for (std::size_t i = 0; i < phases.size(); ++i) phases[i] += static_cast<double>(shift[i]);
  carrier_.advance(step, controls, phases);
  carrier_.render(phases, controls.values[6], left);
  if (model_.stereo) std::copy(left.begin(), left.end(), right.begin());
}

}  // namespace synthrl::surge
