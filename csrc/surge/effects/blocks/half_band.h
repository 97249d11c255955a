// Twice the sample rate and back: two chains of allpasses whose mean is a half-band lowpass.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "surge/dsp/lanes.h"
#include "surge/plan.h"

namespace synthrl::surge {

template <std::size_t kSections>
struct HalfBandCoefficients {
  std::array<float, kSections> a;
  std::array<float, kSections> b;
};

inline constexpr HalfBandCoefficients<6> kSteepHalfBand6{
    .a = {0.036681502163648017f, 0.2746317593794541f, 0.56109896978791948f, 0.769741833862266f,
          0.8922608180038789f, 0.962094548378084f},
    .b = {0.13654762463195771f, 0.42313861743656667f, 0.6775400499741616f, 0.839889624849638f,
          0.9315419599631839f, 0.9878163707328971f}};
inline constexpr HalfBandCoefficients<3> kSteepHalfBand3{
    .a = {0.1271414136264853f, 0.6528245886369117f, 0.9176942834328115f},
    .b = {0.40056789819445626f, 0.8204163891923343f, 0.9763114515836773f}};
inline constexpr HalfBandCoefficients<3> kSoftHalfBand3{
    .a = {0.06029739095712437f, 0.4125907203610563f, 0.7727156537429234f},
    .b = {0.21597144456092948f, 0.6043586264658363f, 0.9238861386532906f}};

// One direction of one stage, both channels. Use a filter for going up or for going down.
template <std::size_t kSections>
class EffectHalfBand {
 public:
  constexpr explicit EffectHalfBand(const HalfBandCoefficients<kSections>& coefficients) {
    for (std::size_t s = 0; s < kSections; ++s) {
      coefficients_[s] =
          Pair{coefficients.a[s], coefficients.a[s], coefficients.b[s], coefficients.b[s]};
    }
  }

  void restart() { last_ = {}; }

  // 2 x `length` samples per channel into `length`. In place is fine.
  void down(const float* left, const float* right, float* out_left, float* out_right,
            std::size_t length) noexcept {
    std::array<Pair, kSections + 1> last = last_;
    for (std::size_t i = 0; i < length; ++i) {
      const Pair y =
          sections(last, Pair{left[2 * i + 1], right[2 * i + 1], left[2 * i], right[2 * i]});
      out_left[i] = 0.5f * (y[0] + y[2]);
      out_right[i] = 0.5f * (y[1] + y[3]);
    }
    last_ = last;
  }

  // `length` samples per channel into 2 x `length`, at half the amplitude.
  void up(const float* left, const float* right, float* out_left, float* out_right,
          std::size_t length) noexcept {
    std::array<Pair, kSections + 1> last = last_;
    for (std::size_t i = 0; i < length; ++i) {
      const Pair y = sections(last, Pair{left[i], right[i], left[i], right[i]});
      out_left[2 * i] = 0.5f * y[0];
      out_left[2 * i + 1] = 0.5f * y[2];
      out_right[2 * i] = 0.5f * y[1];
      out_right[2 * i + 1] = 0.5f * y[3];
    }
    last_ = last;
  }

 private:
  // The delays are of two samples at the high rate, so each chain sees one parity only. Entry s of
  // `last` is what section s was given last, the last one what the last section returned.
  Pair sections(std::array<Pair, kSections + 1>& last, Pair x) const {
    for (std::size_t s = 0; s < kSections; ++s) {
      const Pair y = last[s] + coefficients_[s] * (x - last[s + 1]);
      last[s] = x;
      x = y;
    }
    last[kSections] = x;
    return x;
  }

  std::array<Pair, kSections> coefficients_{};
  std::array<Pair, kSections + 1> last_{};
};

// Four times the sample rate and back, softly. Both ways together lose 12 dB.
class FourfoldOversampling {
 public:
  static constexpr std::size_t kSamples = 4 * kBlockSamples;
  using Signal = std::array<float, kSamples>;

  void restart() {
    for (auto* filter : {&up1_, &up2_, &down1_, &down2_}) filter->restart();
  }

  void up(std::span<const float, kBlockSamples> left, std::span<const float, kBlockSamples> right,
          Signal& out_left, Signal& out_right) noexcept {
    std::array<float, kSamples / 2> half_left;
    std::array<float, kSamples / 2> half_right;
    up1_.up(left.data(), right.data(), half_left.data(), half_right.data(), kBlockSamples);
    up2_.up(half_left.data(), half_right.data(), out_left.data(), out_right.data(), kSamples / 2);
  }

  // Overwrites the signals too.
  void down(Signal& left, Signal& right, std::span<float, kBlockSamples> out_left,
            std::span<float, kBlockSamples> out_right) noexcept {
    down1_.down(left.data(), right.data(), left.data(), right.data(), kSamples / 2);
    down2_.down(left.data(), right.data(), out_left.data(), out_right.data(), kBlockSamples);
  }

 private:
  EffectHalfBand<3> up1_{kSoftHalfBand3};
  EffectHalfBand<3> up2_{kSoftHalfBand3};
  EffectHalfBand<3> down1_{kSoftHalfBand3};
  EffectHalfBand<3> down2_{kSoftHalfBand3};
};

}  // namespace synthrl::surge
