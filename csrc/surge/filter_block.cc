#include "surge/filter_block.h"

#include <algorithm>

namespace synthrl::surge {
namespace {

using enum FilterConfiguration;

// Limits what is fed back to +-1.
template <Lanes S>
S soft_clip(S x) {
  const S v = clamp(x, -1.5f, 1.5f);
  return v - (4.0f / 27.0f) * v * v * v;
}

}  // namespace

FilterBlock::FilterBlock(const FilterTables& filter_tables,
                         const WaveshaperTables& waveshaper_tables)
    : filter1_(filter_tables),
      filter2_(filter_tables),
      wide_filter1_(filter_tables),
      wide_filter2_(filter_tables),
      waveshaper_(waveshaper_tables),
      wide_waveshaper_(waveshaper_tables) {}

void FilterBlock::start(const FilterBlockModel& model,
                        const FilterBlockControls::Gains& gains) noexcept {
  model_ = model;
  if (model.configuration == kWide) {
    wide_filter1_.start(model.filter1);
    wide_filter2_.start(model.filter2);
  } else {
    filter1_.start(model.filter1);
    filter2_.start(model.filter2);
  }
  if (is_dual_output(model.configuration)) {
    wide_waveshaper_.start(model.waveshaper);
  } else {
    waveshaper_.start(model.waveshaper);
  }
  smoothed_ = 0.0f;
  feedback_memory_ = {};
  mix1_ramp_.restart(gains.mix1);
  mix2_ramp_.restart(gains.mix2);
  drive_ramp_.restart(gains.drive);
  gain_ramp_.restart(gains.gain);
  feedback_ramp_.restart(gains.feedback);
  first_left_.restart(gains.first_left);
  first_right_.restart(gains.first_right);
  second_left_.restart(gains.second_left);
  second_right_.restart(gains.second_right);
}

void FilterBlock::set_controls(const FilterBlockControls& controls) noexcept {
  if (model_.configuration == kWide) {
    wide_filter1_.set_controls(controls.cutoff1, controls.resonance1);
    wide_filter2_.set_controls(controls.cutoff2, controls.resonance2);
  } else {
    filter1_.set_controls(controls.cutoff1, controls.resonance1);
    filter2_.set_controls(controls.cutoff2, controls.resonance2);
  }
  const auto& gains = controls.gains;
  mix1_ramp_.set(gains.mix1);
  mix2_ramp_.set(gains.mix2);
  drive_ramp_.set(gains.drive);
  gain_ramp_.set(gains.gain);
  feedback_ramp_.set(gains.feedback);
  first_left_.set(gains.first_left);
  first_right_.set(gains.first_right);
  second_left_.set(gains.second_left);
  second_right_.set(gains.second_right);
}

// The shaper of one signal is preceded by a mean of the input and the last mean.
float FilterBlock::smooth(float x) {
  smoothed_ = 0.5f * (smoothed_ + x);
  return smoothed_;
}

void FilterBlock::shape_smoothed(Signal& x) {
  if (!shaped()) return;
  for (float& sample : x) sample = smooth(sample);
  waveshaper_.process(x, drive_);
}

// Without feedback whole blocks pass through each unit in turn.
void FilterBlock::serial_straight(Input input1, Input input2, Signal& x, bool second_in_loop) {
  std::copy(input1.begin(), input1.end(), x.begin());
  if (filter1_.active()) filter1_.process(x);
  shape_smoothed(x);
  if (filter1_.active() || shaped()) {
    for (std::size_t i = 0; i < kSamples; ++i) {
      x[i] = (1.0f - mix1_[i]) * input1[i] + mix1_[i] * x[i];
    }
  }
  if (second_in_loop) {
    for (std::size_t i = 0; i < kSamples; ++i) x[i] *= gain_[i];
    Signal y;
    for (std::size_t i = 0; i < kSamples; ++i) y[i] = x[i] + input2[i];
    if (filter2_.active()) filter2_.process(y);
    feedback_memory_[0] = y.back();
    return;
  }
  Signal y;
  for (std::size_t i = 0; i < kSamples; ++i) y[i] = x[i] + input2[i];
  if (filter2_.active()) filter2_.process(y);
  for (std::size_t i = 0; i < kSamples; ++i) {
    x[i] = ((1.0f - mix2_[i]) * x[i] + mix2_[i] * y[i]) * gain_[i];
  }
  feedback_memory_[0] = x.back();
}

void FilterBlock::dual_straight(Input input1, Input input2, Signal& x, Signal& y) {
  std::copy(input1.begin(), input1.end(), x.begin());
  std::copy(input2.begin(), input2.end(), y.begin());
  if (filter1_.active()) filter1_.process(x);
  if (filter2_.active()) filter2_.process(y);
  switch (model_.configuration) {
    case kDual2:
      shape_smoothed(x);
      [[fallthrough]];
    case kDual1:
      for (std::size_t i = 0; i < kSamples; ++i) x[i] = mix1_[i] * x[i] + mix2_[i] * y[i];
      if (model_.configuration == kDual1) shape_smoothed(x);
      break;
    case kRing:
      for (std::size_t i = 0; i < kSamples; ++i) {
        x[i] = ((1.0f - mix1_[i]) * y[i] + mix1_[i] * x[i]) *
               ((1.0f - mix2_[i]) * x[i] + mix2_[i] * y[i]);
      }
      shape_smoothed(x);
      break;
    default: {  // stereo
      if (shaped()) {
        std::array<Pair, kSamples> pairs;
        for (std::size_t i = 0; i < kSamples; ++i) pairs[i] = make_pair(x[i], y[i]);
        wide_waveshaper_.process(pairs, drive_);
        for (std::size_t i = 0; i < kSamples; ++i) {
          x[i] = pairs[i][0];
          y[i] = pairs[i][1];
        }
      }
      for (std::size_t i = 0; i < kSamples; ++i) {
        x[i] *= mix1_[i] * gain_[i];
        y[i] *= mix2_[i] * gain_[i];
      }
      feedback_memory_[0] = x.back() + y.back();
      return;
    }
  }
  for (std::size_t i = 0; i < kSamples; ++i) x[i] *= gain_[i];
  feedback_memory_[0] = x.back();
}

void FilterBlock::wide_straight(Input input1, Input input2, Signal& x, Signal& y) {
  std::array<Pair, kSamples> input;
  for (std::size_t i = 0; i < kSamples; ++i) input[i] = make_pair(input1[i], input2[i]);
  std::array<Pair, kSamples> pairs = input;
  if (wide_filter1_.active()) wide_filter1_.process(pairs);
  if (shaped()) wide_waveshaper_.process(pairs, drive_);
  if (wide_filter1_.active() || shaped()) {
    for (std::size_t i = 0; i < kSamples; ++i) {
      pairs[i] = (1.0f - mix1_[i]) * input[i] + mix1_[i] * pairs[i];
    }
  }
  if (wide_filter2_.active()) {
    std::array<Pair, kSamples> filtered = pairs;
    wide_filter2_.process(filtered);
    for (std::size_t i = 0; i < kSamples; ++i) {
      pairs[i] = (1.0f - mix2_[i]) * pairs[i] + mix2_[i] * filtered[i];
    }
  }
  for (std::size_t i = 0; i < kSamples; ++i) {
    x[i] = pairs[i][0] * gain_[i];
    y[i] = pairs[i][1] * gain_[i];
  }
  feedback_memory_ = {x.back(), y.back()};
}

template <FilterConfiguration kConfiguration>
void FilterBlock::with_feedback(Input input1, Input input2, Signal& x_out, Signal& y_out) {
  const bool first_active = filter1_.active() || shaped();
  float memory = feedback_memory_[0];
  for (std::size_t i = 0; i < kSamples; ++i) {
    const float returned = soft_clip(feedback_[i] * memory);
    const float in = input1[i] + returned;
    float x = filter1_.process(in);
    if constexpr (is_serial(kConfiguration)) {
      if (shaped()) x = waveshaper_.process(smooth(x), drive_[i]);
      if (first_active) x = (1.0f - mix1_[i]) * in + mix1_[i] * x;
      if constexpr (kConfiguration == kSerial3) {
        x *= gain_[i];
        memory = filter2_.process(x + input2[i]);
      } else {
        const float y = filter2_.process(x + input2[i]);
        x = ((1.0f - mix2_[i]) * x + mix2_[i] * y) * gain_[i];
        memory = x;
      }
    } else {
      if constexpr (kConfiguration == kDual2) {
        if (shaped()) x = waveshaper_.process(smooth(x), drive_[i]);
      }
      float y = filter2_.process(input2[i] + returned);
      if constexpr (kConfiguration == kStereo) {
        if (shaped()) {
          const Pair pair = wide_waveshaper_.process(make_pair(x, y), drive_[i]);
          x = pair[0];
          y = pair[1];
        }
        x *= mix1_[i] * gain_[i];
        y *= mix2_[i] * gain_[i];
        y_out[i] = y;
        memory = x + y;
      } else {
        if constexpr (kConfiguration == kRing) {
          x = ((1.0f - mix1_[i]) * y + mix1_[i] * x) * ((1.0f - mix2_[i]) * x + mix2_[i] * y);
        } else {
          x = mix1_[i] * x + mix2_[i] * y;
        }
        if constexpr (kConfiguration != kDual2) {
          if (shaped()) x = waveshaper_.process(smooth(x), drive_[i]);
        }
        x *= gain_[i];
        memory = x;
      }
    }
    x_out[i] = x;
  }
  feedback_memory_[0] = memory;
}

void FilterBlock::wide_with_feedback(Input input1, Input input2, Signal& x_out, Signal& y_out) {
  const bool first_active = wide_filter1_.active() || shaped();
  Pair memory = make_pair(feedback_memory_[0], feedback_memory_[1]);
  for (std::size_t i = 0; i < kSamples; ++i) {
    const Pair in = make_pair(input1[i], input2[i]) + soft_clip<Pair>(feedback_[i] * memory);
    Pair x = wide_filter1_.process(in);
    if (shaped()) x = wide_waveshaper_.process(x, drive_[i]);
    if (first_active) x = (1.0f - mix1_[i]) * in + mix1_[i] * x;
    if (wide_filter2_.active()) {
      x = (1.0f - mix2_[i]) * x + mix2_[i] * wide_filter2_.process(x);
    }
    memory = gain_[i] * x;
    x_out[i] = memory[0];
    y_out[i] = memory[1];
  }
  feedback_memory_ = {memory[0], memory[1]};
}

void FilterBlock::process(Input input1, Input input2, float* left, float* right) noexcept {
  mix1_ramp_.fill(mix1_);
  mix2_ramp_.fill(mix2_);
  drive_ramp_.fill(drive_);
  gain_ramp_.fill(gain_);
  feedback_ramp_.fill(feedback_);
  waveshaper_.begin_block();
  wide_waveshaper_.begin_block();

  const bool fed_back = !feedback_ramp_.zero();
  Signal x;
  Signal y;
  switch (model_.configuration) {
    case kSerial1:
      serial_straight(input1, input2, x, false);
      break;
    case kSerial2:
      if (fed_back) {
        with_feedback<kSerial2>(input1, input2, x, y);
      } else {
        serial_straight(input1, input2, x, false);
      }
      break;
    case kSerial3:
      if (fed_back) {
        with_feedback<kSerial3>(input1, input2, x, y);
      } else {
        serial_straight(input1, input2, x, true);
      }
      break;
    case kDual1:
      if (fed_back) {
        with_feedback<kDual1>(input1, input2, x, y);
      } else {
        dual_straight(input1, input2, x, y);
      }
      break;
    case kDual2:
      if (fed_back) {
        with_feedback<kDual2>(input1, input2, x, y);
      } else {
        dual_straight(input1, input2, x, y);
      }
      break;
    case kStereo:
      if (fed_back) {
        with_feedback<kStereo>(input1, input2, x, y);
      } else {
        dual_straight(input1, input2, x, y);
      }
      break;
    case kRing:
      if (fed_back) {
        with_feedback<kRing>(input1, input2, x, y);
      } else {
        dual_straight(input1, input2, x, y);
      }
      break;
    case kWide:
      if (fed_back) {
        wide_with_feedback(input1, input2, x, y);
      } else {
        wide_straight(input1, input2, x, y);
      }
      break;
  }
  const bool dual = is_dual_output(model_.configuration);
  first_left_.accumulate(x, {left, kSamples});
  if (dual) second_left_.accumulate(y, {left, kSamples});
  if (right == nullptr) return;
  first_right_.accumulate(x, {right, kSamples});
  if (dual) second_right_.accumulate(y, {right, kSamples});
}

}  // namespace synthrl::surge
