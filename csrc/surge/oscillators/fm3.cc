#include "surge/oscillators/fm3.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {
namespace {

// Turns of modulation.
float depth_of(float amount) { return 16.0f * amount * amount * amount; }

// Turns per sample of a modulator whose parameter is `value`, 0 to 32.
double modulator_step(float value, const OscillatorOptions& options, double carrier_step,
                      float rate_hz) {
  const float from_middle = (value - 16.0f) / 16.0f;
  if (options.absolute) return fm_step(69.0f + 69.0f * from_middle, rate_hz);
  double ratio = static_cast<double>(value);
  if (options.extended) {
    // The lower half divides.
    const double factor = 1.0 + 31.0 * static_cast<double>(std::fabs(from_middle));
    ratio = from_middle > 0.0f ? factor : 1.0 / factor;
  }
  return std::min(0.5, carrier_step * ratio);
}

}  // namespace

void Fm3Oscillator::start(const OscillatorModel& model, const OscillatorStart&, std::uint64_t seed,
                          const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  drift_random_ = random_stream(seed, RandomStream::kDrift);
  drift_.start(model.random_drift_start, drift_random_);
  Rng phases = random_stream(seed, RandomStream::kPhase);
  const double turns = model.retrigger ? 0.0 : 0.5 * static_cast<double>(phases.bipolar());
  for (FmModulator& modulator : modulators_) modulator.start(turns);
  carrier_.start(turns, model.options[6]);
}

void Fm3Oscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                            OscillatorSpan right) noexcept {
  const auto& values = controls.values;
  const double step =
      fm_step(controls.pitch + controls.drift * drift_.advance(drift_random_), rate_hz_);
  std::array<double, kOscillatorBlockSamples> phases{};
  modulators_[0].add(modulator_step(values[1], model_.options[1], step, rate_hz_),
                     depth_of(values[0]), phases);
  modulators_[1].add(modulator_step(values[3], model_.options[3], step, rate_hz_),
                     depth_of(values[2]), phases);
  // Does not follow the key.
  modulators_[2].add(fm_step(60.0f + values[5], rate_hz_), depth_of(values[4]), phases);
  carrier_.advance(step, controls, phases);
  carrier_.render(phases, values[6], left);
  if (model_.stereo) std::copy(left.begin(), left.end(), right.begin());
}

}  // namespace synthrl::surge
