#include "dx7/output.h"

#include <cmath>
#include <numbers>

namespace synthrl::dx7 {

namespace {

constexpr std::int32_t kClip = 1 << 28;
constexpr double kPi = std::numbers::pi;

// An exponential fader curve from `low` to `high`.
float logarithmic(float position, float low, float high) {
  const float curve = (std::exp(position * std::log(20.0f)) - 1.0f) / 19.0f;
  return curve * (high - low) + low;
}

float cutoff_hz(const Patch& patch) { return logarithmic(patch.cutoff, 60.0f, 19000.0f); }

// One-pole low-pass with trapezoidal integration; the state is single, the sum double precision.
float one_pole(float& state, float x, float c) {
  const float v = (x - state) * c / (1.0f + c);
  const double y = static_cast<double>(v) + state;
  state = static_cast<float>(y + v);
  return static_cast<float>(y);
}

float clipped(std::int32_t raw) {
  std::int32_t value = raw >> 13;
  if (raw >= kClip) value = 32767;
  if (raw < -kClip) value = 32768;
  return static_cast<float>(value) / 32768.0f;
}

}  // namespace

LadderFilter::LadderFilter(const Patch& patch, double sample_rate) {
  const auto rate = static_cast<float>(sample_rate);
  const float damping = 0.991f - logarithmic(1.0f - patch.resonance, 0.0f, 0.991f);
  resonance_ = static_cast<float>(3.5 * static_cast<double>(damping));
  g_ = static_cast<float>(std::tan(static_cast<double>(cutoff_hz(patch)) * kPi / sample_rate));
  blocker_ = static_cast<float>(15.0 / sample_rate * kPi);
  smoother_ = static_cast<float>(std::tan((0.5 * sample_rate - 10.0) * kPi / sample_rate));
  saturation_ = static_cast<float>(970.0 / 44000.0 * std::sqrt(44000.0 / rate));
}

float LadderFilter::operator()(float x) noexcept {
  const float k = g_ / (1.0f + g_);
  float s = static_cast<float>(x - 0.45 * one_pole(blocker_state_, x, blocker_));
  s = one_pole(smoother_state_, s, smoother_);
  const float sum = (k * (k * (k * s1_ + s2_) + s3_) + s4_) * (1.0f / (1.0f + g_));
  const float loop = 1.0f + resonance_ * k * k * k * k;
  const auto y0 = static_cast<float>((s - resonance_ * sum) / loop + 1e-8);
  const float v = (y0 - s1_) * k;
  const float y1 = v + s1_;
  s1_ = y1 + v;
  s1_ = std::atan(s1_ * saturation_) * (1.0f / saturation_);
  const float y2 = one_pole(s2_, y1, g_);
  const float y3 = one_pole(s3_, y2, g_);
  const float y4 = one_pole(s4_, y3, g_);
  return static_cast<float>(y4 * (1.0 + 0.45 * resonance_));
}

OutputStage::OutputStage(const Plan& plan)
    : plan_(&plan), dc_pole_(static_cast<float>(1.0 - 126.0 / plan.sample_rate())) {}

void OutputStage::start(std::size_t lane, const Patch& patch) {
  dc_input_[lane] = dc_output_[lane] = 0.0f;
  lanes_[lane].gain = patch.output;
  lanes_[lane].filter.reset();
  if (patch.cutoff != 1.0f) lanes_[lane].filter.emplace(patch, plan_->sample_rate());
}

void OutputStage::process(const LaneBlocks<std::int32_t>& raw, LaneBlocks<float>& audio) noexcept {
  if (plan_->stage() == Stage::kEngine) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      for (std::size_t i = 0; i < kBlock; ++i) {
        audio[lane][i] = static_cast<float>(raw[lane][i]) * 0x1p-25f;
      }
    }
    return;
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < kBlock; ++i) audio[lane][i] = clipped(raw[lane][i]);
  }
  // Each output of the DC blocker waits for the one before, so the lanes take turns.
  std::array<float, kLanes> input = dc_input_;
  std::array<float, kLanes> output = dc_output_;
  for (std::size_t i = 0; i < kBlock; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float x = audio[lane][i];
      output[lane] = (x - input[lane]) + dc_pole_ * output[lane];
      input[lane] = x;
      audio[lane][i] = output[lane];
    }
  }
  dc_input_ = input;
  dc_output_ = output;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (lanes_[lane].gain != 1.0f) {
      for (float& sample : audio[lane]) sample *= lanes_[lane].gain;
    }
    if (std::optional<LadderFilter>& filter = lanes_[lane].filter) {
      for (float& sample : audio[lane]) sample = (*filter)(sample);
    }
  }
}

bool filter_is_stable(const Patch& patch, double sample_rate) {
  return patch.cutoff == 1.0f || static_cast<double>(cutoff_hz(patch)) < 0.499 * sample_rate;
}

}  // namespace synthrl::dx7
