// Stages of the operator envelope and of the pitch envelope. Within a stage the kernels move the
// levels of all lanes; here is what happens when a stage ends or the key goes up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dx7/lanes.h"

namespace synthrl::dx7 {

// Four-stage envelope in the log domain: level in Q24 doublings, 0 … 17·2^24. Its numbers are
// entry `op` of the lanes.
class OperatorEnvelope {
 public:
  struct Settings {
    std::array<std::uint8_t, 4> rates;   // 0 … 99
    std::array<std::uint8_t, 4> levels;  // 0 … 99
    std::int32_t output_level;           // 1/32 level steps, with key and velocity scaling
    std::int32_t rate_scaling;           // added to the rates, in quarter-rate steps
    std::int32_t multiplier;             // Q24, speed relative to 44 100 Hz
  };

  void start(const Settings& settings, Lanes& lanes, std::size_t op) noexcept;
  void release(Lanes& lanes, std::size_t op) noexcept;    // the key goes up
  void end_stage(Lanes& lanes, std::size_t op) noexcept;  // after an event

 private:
  static constexpr int kSustain = 3;
  static constexpr int kDone = 4;

  void enter(int stage, Lanes& lanes, std::size_t op) noexcept;

  Settings settings_{};
  int stage_ = 0;
  bool key_down_ = false;
};

// Four-stage envelope of the pitch, in Q24 octaves.
class PitchEnvelope {
 public:
  struct Settings {
    std::array<std::uint8_t, 4> rates;   // 0 … 99
    std::array<std::uint8_t, 4> levels;  // 0 … 99, 50 is none
    std::int32_t unit;                   // increment per rate unit and block
  };

  void start(const Settings& settings, Lanes& lanes, std::size_t lane) noexcept;
  void release(Lanes& lanes, std::size_t lane) noexcept;
  void end_stage(Lanes& lanes, std::size_t lane) noexcept;

 private:
  static constexpr int kSustain = 3;
  static constexpr int kDone = 4;

  void enter(int stage, Lanes& lanes, std::size_t lane) noexcept;

  Settings settings_{};
  int stage_ = 0;
  bool key_down_ = false;
};

}  // namespace synthrl::dx7
