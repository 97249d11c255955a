#include "surge/oscillators/fm_carrier.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/sine_waves.h"

namespace synthrl::surge {
namespace {

constexpr std::size_t kSamples = kOscillatorBlockSamples;
constexpr std::size_t kLanes = 4;
constexpr float kMaxDepth = 1e6f;  // turns
constexpr float kMaxFeedback = 1e3f;

// Replaces phases by their sines.
void take_sines(OscillatorTrack& turns) noexcept {
  for (std::size_t i = 0; i < kSamples; i += kLanes) {
    Pair at;
    std::memcpy(&at, &turns[i], sizeof at);
    at = sine_of_turns(at);
    std::memcpy(&turns[i], &at, sizeof at);
  }
}

}  // namespace

double fm_step(float note, float rate_hz) noexcept {
  const double hz = note_to_hz(std::min(note, 256.0f));
  return std::min(0.5, hz / static_cast<double>(rate_hz));
}

void FmModulator::start(double turns) noexcept {
  turns_ = turns;
  depth_ = Lag<float>();
}

void FmModulator::add(double step, float depth,
                      std::array<double, kOscillatorBlockSamples>& phases) noexcept {
  depth_.set_target(std::clamp(depth, -kMaxDepth, kMaxDepth));
  OscillatorTrack depths;
  depth_.fill_then_advance(depths.data(), kOscillatorBlockSamples);
  const double start = turns_;
  turns_ = wrap_turns(turns_ + static_cast<double>(kSamples) * step);
  if (depth == 0.0f && depths.back() == 0.0f && depths.front() == 0.0f) return;
  alignas(16) OscillatorTrack sines;
  for (std::size_t i = 0; i < kSamples; ++i) {
    sines[i] = static_cast<float>(wrap_turns(start + (static_cast<int>(i) + 1) * step));
  }
  take_sines(sines);
  for (std::size_t i = 0; i < kSamples; ++i) {
    phases[i] += static_cast<double>(depths[i]) * static_cast<double>(sines[i]);
  }
}

void FmCarrier::start(double turns, const OscillatorOptions& feedback_options) noexcept {
  *this = FmCarrier();
  turns_ = turns;
  average_ = feedback_options.deform != 0;
  range_ = feedback_options.extended ? 4.0f : 1.0f;
}

void FmCarrier::advance(double step, const OscillatorControls& controls,
                        std::array<double, kOscillatorBlockSamples>& phases) noexcept {
  for (std::size_t i = 0; i < kSamples; ++i) phases[i] += turns_ + static_cast<int>(i) * step;
  turns_ = wrap_turns(turns_ + static_cast<double>(kSamples) * step);

  const float gain = controls.fm_gain;
  fm_depth_.set_target(std::clamp(16.0f * gain * gain * gain, -kMaxDepth, kMaxDepth));
  if (controls.modulator == nullptr) return;
  OscillatorTrack depths;
  fm_depth_.fill_then_advance(depths.data(), kOscillatorBlockSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    phases[i] += static_cast<double>(depths[i]) * static_cast<double>(controls.modulator[i]);
  }
}

void FmCarrier::render(const std::array<double, kOscillatorBlockSamples>& phases, float feedback,
                       OscillatorSpan out) noexcept {
  constexpr float kRadiansToTurns = static_cast<float>(0.5 / std::numbers::pi);
  const float amount = std::clamp(range_ * feedback, -kMaxFeedback, kMaxFeedback);
  feedback_.set_target(std::fabs(amount));
  OscillatorTrack depths;
  feedback_.fill_then_advance(depths.data(), kOscillatorBlockSamples);

  alignas(16) OscillatorTrack turns;
  for (std::size_t i = 0; i < kSamples; ++i) {
    turns[i] = static_cast<float>(wrap_turns(phases[i]));
  }
  if (depths.front() == 0.0f && depths.back() == 0.0f) {
    take_sines(turns);
    before_last_ = turns[kSamples - 2];
    last_ = turns[kSamples - 1];
    std::copy(turns.begin(), turns.end(), out.begin());
    return;
  }
  const bool squared = amount < 0.0f;
  for (std::size_t i = 0; i < kSamples; ++i) {
    float memory = average_ ? 0.5f * (last_ + before_last_) : last_;
    if (squared) memory *= memory;
    const float at = wrap_turns(turns[i] + kRadiansToTurns * depths[i] * memory);
    before_last_ = last_;
    last_ = sine_of_turns(at);
    out[i] = last_;
  }
}

}  // namespace synthrl::surge
