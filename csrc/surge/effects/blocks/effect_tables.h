// What effects of all instruments share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "surge/dsp/lanes.h"

namespace synthrl::surge {

// Read-only after construction; share freely. Independent of the sample rate.
class EffectTables {
 public:
  EffectTables();

  // Frequency ratio of an interval in semitones, -256 to 256, in single precision.
  float ratio(float semitones) const;

  // 440 Hz x ratio.
  float frequency_hz(float semitones) const { return 440.0f * ratio(semitones); }

  // 2^x on straight lines between sixteenths of an octave; rates of LFOs. -16 to 16.
  float octaves(float x) const;

  // Blackman-windowed sincs that read a delay line at 1/256 sample; row 0 delays most. Those for
  // signals of twice the bandwidth of oscillators, and of the same.
  static constexpr std::size_t kSincTaps = 12;
  static constexpr std::size_t kSincRows = 256;
  using SincRow = std::array<float, kSincTaps>;
  const SincRow& sinc(std::size_t row) const { return sinc_[row]; }
  const SincRow& narrow_sinc(std::size_t row) const { return narrow_sinc_[row]; }

  // A curve that saturates at -1 and 1, on straight lines between points 1/32 apart.
  class Curve {
   public:
    float operator()(float x) const {
      const float position = x * 32.0f + 512.0f;
      // Not a number is the last.
      const float limited = std::max(kFirst, std::min(kLast, position));
      const auto index = static_cast<std::int32_t>(limited);
      const float part = limited - static_cast<float>(index);
      const auto i = static_cast<std::size_t>(index);
      const float y = (1.0f - part) * points_[i] + part * points_[i + 1];
      const float low = position < kFirst ? -1.0f : y;
      return position >= kLast ? 1.0f : low;
    }

    // The same of two channels.
    Pair operator()(Pair x) const {
      const Pair first = splat<Pair>(kFirst);
      const Pair last = splat<Pair>(kLast);
      const Pair position = x * 32.0f + 512.0f;
      const Pair limited = maximum(minimum(position, last), first);
      const auto index = __builtin_convertvector(limited, PairMask);
      const Pair part = limited - __builtin_convertvector(index, Pair);
      const auto left = static_cast<std::size_t>(index[0]);
      const auto right = static_cast<std::size_t>(index[1]);
      const Pair y = (1.0f - part) * make_pair(points_[left], points_[right]) +
                     part * make_pair(points_[left + 1], points_[right + 1]);
      const Pair low = select(position < first, splat<Pair>(-1.0f), y);
      return select(position >= last, splat<Pair>(1.0f), low);
    }

   private:
    friend class EffectTables;
    static constexpr float kFirst = 1.0f;
    static constexpr float kLast = 1022.0f;
    static constexpr std::size_t kPoints = 1024;
    std::array<float, kPoints> points_{};
  };
  Curve soft;
  Curve hard;
  Curve asymmetric;

  // Sine of a phase in cycles, 0 to 1, on straight lines between 8192 points.
  float sine(float phase) const;

 private:
  static constexpr std::size_t kSinePoints = 8192;
  static constexpr int kSemitones = 512;
  static constexpr int kCents = 1000;
  static constexpr int kOctaves = 16;
  static constexpr int kOctaveSteps = 16;

  std::vector<float> semitone_ratios_;
  std::vector<float> fraction_ratios_;
  std::vector<float> octaves_;
  std::vector<float> sine_;
  alignas(16) std::array<SincRow, kSincRows + 1> sinc_;
  alignas(16) std::array<SincRow, kSincRows + 1> narrow_sinc_;
};

}  // namespace synthrl::surge
