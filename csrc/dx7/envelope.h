// The operator envelope and the pitch envelope, stepped once per block.
#pragma once

#include <array>
#include <cstdint>

namespace synthrl::dx7 {

// Four-stage envelope in the log domain: level in Q24 doublings, 0 … 17·2^24.
class OperatorEnvelope {
 public:
  struct Settings {
    std::array<std::uint8_t, 4> rates;   // 0 … 99
    std::array<std::uint8_t, 4> levels;  // 0 … 99
    std::int32_t output_level;           // 1/32 level steps, with key and velocity scaling
    std::int32_t rate_scaling;           // added to the rates, in quarter-rate steps
    std::int32_t multiplier;             // Q24, speed relative to 44 100 Hz
  };

  void start(const Settings& settings) noexcept;
  void release() noexcept;       // the key goes up
  std::int32_t step() noexcept;  // advances one block and returns the level
  std::int32_t level() const { return level_; }
  bool finished() const { return stage_ == kDone && !key_down_; }

 private:
  static constexpr int kSustain = 3;
  static constexpr int kDone = 4;

  void enter(int stage) noexcept;
  void move() noexcept;

  Settings settings_{};
  std::int32_t level_ = 0;
  std::int32_t target_ = 0;
  std::int32_t increment_ = 0;
  std::int32_t static_samples_ = 0;  // left of a stage that has nowhere to go
  int stage_ = 0;
  bool rising_ = false;
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

  void start(const Settings& settings) noexcept;
  void release() noexcept;
  std::int32_t step() noexcept;

 private:
  static constexpr int kSustain = 3;
  static constexpr int kDone = 4;

  void enter(int stage) noexcept;

  Settings settings_{};
  std::int32_t level_ = 0;
  std::int32_t target_ = 0;
  std::int32_t increment_ = 0;
  int stage_ = 0;
  bool rising_ = false;
  bool key_down_ = false;
};

}  // namespace synthrl::dx7
