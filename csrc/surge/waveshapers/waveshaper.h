// The waveshaper of a voice.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/dsp/lanes.h"
#include "surge/waveshapers/waveshaper_tables.h"

namespace synthrl::surge {

// Numbered as in patches.
enum class WaveshaperType : std::uint8_t {
  kOff = 0,
  kSoft = 1,
  kHard = 2,
  kAsymmetric = 3,
  kSine = 4,
  kDigital = 5,
  kSoftHarmonic2 = 6,
  kSoftHarmonic3 = 7,
  kSoftHarmonic4 = 8,
  kSoftHarmonic5 = 9,
  kFullWave = 10,
  kHalfWavePositive = 11,
  kHalfWaveNegative = 12,
  kSoftRectifier = 13,
  kSingleFold = 14,
  kDoubleFold = 15,
  kWestCoastFold = 16,
  kAdditive12 = 17,
  kAdditive13 = 18,
  kAdditive14 = 19,
  kAdditive15 = 20,
  kAdditive12345 = 21,
  kAdditiveSaw3 = 22,
  kAdditiveSquare3 = 23,
  kFuzz = 24,
  kFuzzSoftClip = 25,
  kHeavyFuzz = 26,
  kFuzzCenter = 27,
  kFuzzSoftEdge = 28,
  kSinPlusX = 29,
  kSin2xPlusX = 30,
  kSin3xPlusX = 31,
  kSin7xPlusX = 32,
  kSin10xPlusX = 33,
  k2Cycle = 34,
  k7Cycle = 35,
  k10Cycle = 36,
  k2CycleBound = 37,
  k7CycleBound = 38,
  k10CycleBound = 39,
  kMedium = 40,
  kOjd = 41,
  kSoftSingleFold = 42,
};
inline constexpr int kNumWaveshaperTypes = 43;

// What a shaper remembers.
template <Lanes S>
struct WaveshaperState {
  // Antialiased curves: the last input, and the curve's antiderivative there.
  S curve_input{};
  S curve_area{};
  // DC blockers.
  S blocker_input{};
  S blocker_output{};
  bool block_start = false;
};

// One channel (`S` = float), or two with the same curve and drive (`S` = Pair). No allocation.
template <Lanes S>
class Waveshaper {
 public:
  explicit Waveshaper(const WaveshaperTables& tables) : tables_(&tables) { start({}); }

  // Clears all state. Types that do not exist are Off.
  void start(WaveshaperType type) noexcept;

  bool active() const { return type_ != WaveshaperType::kOff; }

  // Before the first sample of every control block of a voice: the antialiased curves and the DC
  // blockers restart at that sample. This is audible and intended. Effects never call it.
  void begin_block() noexcept { state_.block_start = true; }

  // `drive` is an amplitude, positive and not limited. Off returns the input.
  S process(S input, float drive) noexcept {
    return kernel_.sample(state_, *tables_, input, drive);
  }

  // In place; `drive` has a value per sample. The same as a call per sample.
  void process(std::span<S> samples, std::span<const float> drive) noexcept {
    kernel_.block(state_, *tables_, samples, drive);
  }

  // A kernel per curve, chosen when the shaper starts.
  struct Kernel {
    S (*sample)(WaveshaperState<S>&, const WaveshaperTables&, S input, float drive);
    void (*block)(WaveshaperState<S>&, const WaveshaperTables&, std::span<S> samples,
                  std::span<const float> drive);
  };

 private:
  const WaveshaperTables* tables_;
  WaveshaperType type_ = WaveshaperType::kOff;
  Kernel kernel_{};
  WaveshaperState<S> state_;
};

extern template class Waveshaper<float>;
extern template class Waveshaper<Pair>;

}  // namespace synthrl::surge
