#include "dx7/output.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::dx7 {

namespace {

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
    : plan_(&plan),
      kernels_(&kernels_for(plan.instruction_set(), plan.engine())),
      dc_pole_(static_cast<float>(1.0 - 126.0 / plan.sample_rate())) {}

void OutputStage::start(std::size_t lane, const Patch& patch, float* row) {
  OutputTile& tile = tiles_[lane / kTile];
  tile.dc_input[lane % kTile] = tile.dc_output[lane % kTile] = 0.0f;
  tile.gain[lane % kTile] = patch.output;
  lanes_[lane].row = row;
  lanes_[lane].filter.reset();
  if (plan_->stage() == Stage::kPlugin && patch.cutoff != 1.0f) {
    lanes_[lane].filter.emplace(patch, plan_->sample_rate());
  }
}

void OutputStage::prefetch_tile(std::size_t tile, std::size_t num_voices) const noexcept {
  constexpr std::size_t kLineFloats = 16;
  const std::size_t last = std::min((tile + 1) * kTile, num_voices);
  for (std::size_t lane = tile * kTile; lane < last; ++lane) {
    for (std::size_t i = 0; i <= kBlock; i += kLineFloats) {
      __builtin_prefetch(lanes_[lane].row + i, 1);
    }
  }
}

void OutputStage::process_tile(std::size_t tile_index, const VoiceBank& bank,
                               std::size_t num_voices, std::size_t length) noexcept {
  OutputTile& tile = tiles_[tile_index];
  for (std::size_t k = 0; k < kTile; ++k) {
    const std::size_t lane = tile_index * kTile + k;
    const bool straight = lane < num_voices && length == kBlock;
    tile.raw[k] = bank.signal(lane);
    tile.out[k] = straight ? lanes_[lane].row : spare_[k].data();
  }
  if (plan_->stage() == Stage::kPlugin) {
    kernels_->clip_and_block_dc(tile, dc_pole_);
  } else {
    kernels_->convert(tile);
  }
  for (std::size_t k = 0; k < kTile && tile_index * kTile + k < num_voices; ++k) {
    Lane& lane = lanes_[tile_index * kTile + k];
    if (lane.filter) {
      for (std::size_t i = 0; i < kBlock; ++i) tile.out[k][i] = (*lane.filter)(tile.out[k][i]);
    }
    if (tile.out[k] != lane.row) std::copy_n(tile.out[k], length, lane.row);
    lane.row += length;
  }
}

bool OutputStage::at_rest(std::size_t lane) const noexcept {
  if (plan_->stage() == Stage::kEngine) return true;
  const OutputTile& tile = tiles_[lane / kTile];
  // The filter never comes to rest.
  return !lanes_[lane].filter && tile.dc_input[lane % kTile] == 0.0f &&
         tile.dc_output[lane % kTile] == 0.0f;
}

void OutputStage::fill(std::size_t lane, std::size_t length) noexcept {
  std::fill_n(lanes_[lane].row, length, 0.0f);
  lanes_[lane].row += length;
}

bool filter_is_stable(const Patch& patch, double sample_rate) {
  return patch.cutoff == 1.0f || static_cast<double>(cutoff_hz(patch)) < 0.499 * sample_rate;
}

}  // namespace synthrl::dx7
