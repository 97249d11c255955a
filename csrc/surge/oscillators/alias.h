// The Alias oscillator: waves of bytes read without any protection from aliasing.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/character_filter.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/unison.h"

namespace synthrl::surge {

class AliasOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  using Bytes = std::array<std::uint8_t, 256>;

  enum class Wave : std::uint8_t { kTable, kRamp, kPulse, kNoise };

  // Random bytes of a period that depends on the seed.
  class NoiseBytes {
   public:
    void start(std::uint8_t seed) noexcept { a_ = seed; }
    std::uint8_t last() const noexcept { return a_; }
    void advance() noexcept;

   private:
    std::uint8_t x_ = 21;
    std::uint8_t y_ = 229;
    std::uint8_t z_ = 181;
    std::uint8_t a_ = 0;
  };

  struct Voice {
    std::uint32_t phase = 0;
    std::uint8_t counter = 0;  // follows the phase to time the noise
    NoiseBytes noise;
    Drift drift;
  };

  // Parameters of a block.
  struct Settings {
    std::uint8_t mask;
    std::uint8_t threshold;
    float wrap;
    float crush;  // steps per unit; 0 for none
    bool ramp_unmasked_above;
  };

  void make_table(const OscillatorModel& model) noexcept;
  void read_input(const OscillatorControls& controls) noexcept;
  void read_own_output(OscillatorSpan output) noexcept;

  template <Wave kWave>
  float sample(Voice& voice, const Settings& settings) noexcept;
  template <Wave kWave>
  void render(const OscillatorControls& controls, const Settings& settings, OscillatorSpan left,
              OscillatorSpan right) noexcept;

  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  int wave_ = 0;
  Bytes table_{};
  Unison unison_;
  std::array<Voice, kMaxUnison> voices_;
  Lag<float> fm_depth_;  // turns per sample
  Rng drift_random_;
  CharacterFilter left_character_;
  CharacterFilter right_character_;
};

}  // namespace synthrl::surge
