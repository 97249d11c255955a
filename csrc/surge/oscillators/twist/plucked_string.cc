#include "surge/oscillators/twist/plucked_string.h"

namespace synthrl::surge::twist {
namespace {

constexpr float kMinDelay = 4.0f;  // samples
constexpr float kMaxDelay = 1020.0f;
constexpr float kDcPole = 1.0f - 20.0f / kSampleRate;
constexpr float kLimit = 20.0f;

}  // namespace

void PluckedString::start(Rng random) noexcept {
  *this = PluckedString();
  random_ = random;
}

float PluckedString::read(float delay) const noexcept {
  const float limited = std::clamp(delay, 1.0f, kMaxDelay + 2.0f);
  const auto whole = static_cast<std::size_t>(limited);
  const float fraction = limited - static_cast<float>(whole);
  const std::size_t at = next_ + kLineSamples - whole;
  return std::lerp(line_[at % kLineSamples], line_[(at - 1) % kLineSamples], fraction);
}

float PluckedString::read_smoothly(float delay) const noexcept {
  const float limited = std::clamp(delay, 2.0f, kMaxDelay + 1.0f);
  const auto whole = static_cast<std::size_t>(limited);
  const float t = limited - static_cast<float>(whole);
  const std::size_t at = next_ + kLineSamples - whole;
  const float before = line_[(at + 1) % kLineSamples];
  const float x0 = line_[at % kLineSamples];
  const float x1 = line_[(at - 1) % kLineSamples];
  const float after = line_[(at - 2) % kLineSamples];
  const float slope0 = 0.5f * (x1 - before);
  const float slope1 = 0.5f * (after - x0);
  const float rest = x0 - x1;
  const float cubic = 2.0f * rest + slope0 + slope1;
  const float square = -3.0f * rest - 2.0f * slope0 - slope1;
  return ((cubic * t + square) * t + slope0) * t + x0;
}

float PluckedString::run_loop(float input, const Loop& loop, float delay) noexcept {
  float s = 0.0f;
  if (loop.stiffness <= 0.0f) {
    const float n = loop.curvature;
    s = read_smoothly(delay * (1.0f - 0.01f * n * n * bridge_));
    const float beyond = std::abs(s) - 0.025f;
    bridge_ = (std::abs(beyond) + beyond) * (s > 0.0f ? 1.0f : -1.5f);
  } else {
    const float n = loop.stiffness;
    jitter_ += loop.noise_pole * (random_.unipolar() - 0.5f - jitter_);
    const float d = delay * (1.0f + loop.noise_gain * jitter_);
    const float amount = n * (2.0f - n) * 0.225f;
    const float allpass_delay = std::min(amount * d, static_cast<float>(kStretchSamples - 2));
    const float main_delay =
        d - allpass_delay * (0.408f - 0.308f * amount) * std::clamp(d / 300.0f, 1.0f, 2.1f);
    if (allpass_delay >= kMinDelay && main_delay >= kMinDelay) {
      const float gain = 0.618f * n / (0.15f + n);
      const std::size_t at =
          stretch_next_ + kStretchSamples - static_cast<std::size_t>(allpass_delay);
      const float delayed = stretch_[at % kStretchSamples];
      const float w = read(main_delay) - gain * delayed;
      stretch_[stretch_next_] = w;
      stretch_next_ = (stretch_next_ + 1) % kStretchSamples;
      s = delayed + gain * w;
    } else {
      s = read_smoothly(d);
    }
  }

  s = std::clamp(s + input, -kLimit, kLimit);
  const float blocked = s - dc_input_ + kDcPole * dc_output_;
  dc_input_ = s;
  dc_output_ = blocked;
  const float damped = damping_.process(blocked, damping_coefficients_).low;
  line_[next_] = damped;
  next_ = (next_ + 1) % kLineSamples;
  return damped;
}

void PluckedString::render(const EngineControls& controls, float* out, float* aux,
                           int num_frames) noexcept {
  const float raw_brightness = controls.timbre * controls.timbre;
  const float density = raw_brightness * raw_brightness;
  float brightness = std::lerp(raw_brightness, 1.0f, 0.25f * kAccent);
  const float damping = std::lerp(controls.morph, 1.0f, 0.25f * kAccent);
  const float frequency = controls.frequency;

  if (controls.sustained || controls.triggered) {
    const float octaves = 6.0f * (brightness * (2.0f - brightness) - 0.5f);
    const float corner = std::min(4.0f * frequency * std::exp2(octaves), 0.499f);
    exciter_coefficients_.set(corner, controls.sustained ? 1.0f : 0.5f);
  }
  if (controls.triggered) burst_left_ = 1.0f / frequency;
  const float dust_share = 5e-5f + 0.99995f * density * density;
  const float dust_gain = (8.0f - 6.0f * dust_share) * kAccent;
  for (int i = 0; i < num_frames; ++i) {
    float x = 0.0f;
    if (controls.sustained) {
      x = dust_gain * dust(random_, dust_share);
    } else if (burst_left_ >= 1.0f) {
      x = random_.bipolar();
      burst_left_ -= 1.0f;
    }
    aux[i] = exciter_filter_.process(x, exciter_coefficients_).low;
  }

  Loop loop{};
  float rate = 1.0f;
  loop.delay = std::max(1.0f / frequency, kMinDelay);
  if (loop.delay > kMaxDelay) {
    rate = kMaxDelay / loop.delay;
    loop.delay = kMaxDelay;
  }
  const float loop_brightness = brightness;
  loop.damping_note = std::min(12.0f + 60.0f * damping * damping + 24.0f * brightness, 84.0f);
  float damping_corner = std::min(frequency * semitones_to_ratio(loop.damping_note), 0.499f);
  if (damping >= 0.95f) {
    const float endless = 20.0f * (damping - 0.95f);
    brightness = std::lerp(brightness, 1.0f, endless);
    damping_corner = std::lerp(damping_corner, 0.4999f, endless);
    loop.damping_note = std::lerp(loop.damping_note, 128.0f, endless);
  }
  damping_coefficients_.set(damping_corner, 0.5f);
  const float h = controls.harmonics;
  if (h < 0.24f) {
    loop.curvature = (0.24f - h) * 4.166f;
  } else if (h > 0.26f) {
    loop.stiffness = (h - 0.26f) * 1.35135f;
    if (loop.stiffness > 0.75f) {
      const float excess = 4.0f * (loop.stiffness - 0.75f);
      loop.noise_gain = 0.1f * excess * excess;
    }
    loop.noise_pole = 0.06f + 0.94f * loop_brightness * loop_brightness;
  }
  // The damping filter delays the loop as well.
  const float delay = loop.delay * (1.0f - std::atan(semitones_to_ratio(-loop.damping_note)) /
                                               std::numbers::pi_v<float>);
  if (last_delay_ == 0.0f) last_delay_ = delay;
  Ramp ramped_delay(last_delay_, delay, num_frames);

  for (int i = 0; i < num_frames; ++i) {
    const float now = ramped_delay.next();
    if (rate >= 1.0f) {
      out[i] = run_loop(aux[i], loop, now);
      continue;
    }
    slow_phase_ += rate;
    if (slow_phase_ >= 1.0f) {
      slow_phase_ -= 1.0f;
      slow_output_[0] = slow_output_[1];
      slow_output_[1] = run_loop(aux[i], loop, now);
    }
    out[i] = std::lerp(slow_output_[0], slow_output_[1], slow_phase_);
  }
}

}  // namespace synthrl::surge::twist
