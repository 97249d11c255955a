// The low-frequency oscillator with its delay, stepped once per block.
#pragma once

#include <cstdint>

#include "dx7/plan.h"

namespace synthrl::dx7 {

class Lfo {
 public:
  struct Settings {
    int speed;  // 0 … 99
    int delay;  // 0 … 99
    int wave;   // 0 triangle, 1 saw down, 2 saw up, 3 square, 4 sine, 5 sample & hold
    bool key_sync;
  };

  // Phase and sample-and-hold state are where a free-running LFO stands at the note-on.
  void start(const Plan& plan, const Settings& settings, std::uint32_t phase,
             std::uint8_t sample_hold) noexcept;
  void step() noexcept;

  std::int32_t value() const { return value_; }  // 0 … 2^24
  std::int32_t fade() const { return fade_; }    // 0 … 2^24, rises after the delay

 private:
  std::int32_t wave_value() noexcept;

  int wave_ = 0;
  std::uint32_t phase_ = 0;
  std::uint32_t phase_step_ = 0;
  std::uint32_t delay_state_ = 0;
  std::uint32_t delay_step_ = 0;  // while waiting
  std::uint32_t fade_step_ = 0;   // while fading in
  std::uint8_t sample_hold_ = 0;
  std::int32_t value_ = 0;
  std::int32_t fade_ = 0;
};

}  // namespace synthrl::dx7
