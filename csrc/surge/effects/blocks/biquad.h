// The second-order filters of effects: both channels, double precision, coefficients that glide.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>

#include "surge/dsp/lanes.h"
#include "surge/effects/effect.h"

namespace synthrl::surge {

// Normalised: a0 is 1.
struct BiquadCoefficients {
  double b0 = 1.0;
  double b1 = 0.0;
  double b2 = 0.0;
  double a1 = 0.0;
  double a2 = 0.0;
};

// Radians per sample of a frequency in semitones from A440.
double omega_of(const Plan& plan, float semitones);

// `omega` is in radians per sample. Frequencies beyond half the rate are allowed.
BiquadCoefficients lowpass_coefficients(double omega, double q);
// With the gain of the analog filter at half the sample rate.
BiquadCoefficients matched_lowpass_coefficients(double omega, double q);
BiquadCoefficients highpass_coefficients(double omega, double q);
BiquadCoefficients allpass_coefficients(double omega, double q);
BiquadCoefficients notch_coefficients(double omega, double q);
BiquadCoefficients bandpass_coefficients(double omega, double q);
// Peak or dip of a bandwidth in octaves. `gain` and the gain at the edges of the band,
// `edge_gain`, are amplitudes, above 0.
BiquadCoefficients peak_coefficients(double omega, double bandwidth, double gain, double edge_gain);

class EffectBiquad {
 public:
  // Clears state; the next coefficients hold at once.
  void restart() { *this = EffectBiquad(); }

  // Coefficients glide to their target sample by sample. The first target holds at once. A design
  // with the arguments of the last call does nothing, so call these as often as you like.
  void set_lowpass(double omega, double q);
  void set_matched_lowpass(double omega, double q);
  void set_highpass(double omega, double q);
  void set_allpass(double omega, double q);
  void set_notch(double omega, double q);
  void set_bandpass(double omega, double q);
  void set_peak(double omega, double bandwidth, double gain_db, const DecibelTable& decibels);
  void set(const BiquadCoefficients& target);
  // Ends the glide.
  void arrive() {
    value_ = target_;
    gliding_ = false;
  }

  // In place. `steady` filters with the coefficients as they are, without glide.
  void process(StereoBlock audio) noexcept {
    run<true, true>(audio.left.data(), audio.right.data(), kBlockSamples);
  }
  void process(float* left, float* right, std::size_t length) noexcept {
    run<true, true>(left, right, length);
  }
  void process_steady(float* left, float* right, std::size_t length) noexcept {
    run<true, false>(left, right, length);
  }
  // One channel: the left one's state.
  void process_mono(float* samples, std::size_t length) noexcept {
    run<false, true>(samples, samples, length);
  }

  // Both channels are lanes of one vector.
  using Lanes2 = double __attribute__((vector_size(16)));
  using Floats2 = float __attribute__((vector_size(8)));

  // A copy for a loop of the caller's that filters without glide, and `store`s it back.
  class Steady {
   public:
    explicit Steady(const EffectBiquad& filter)
        : c_(filter.value_), z1_(filter.z1_), z2_(filter.z2_) {}
    Lanes2 tick(Lanes2 x) noexcept {
      const Lanes2 y = x * c_.b0 + z1_;
      z1_ = (x * c_.b1 + z2_) - y * c_.a1;
      z2_ = x * c_.b2 - y * c_.a2;
      return y;
    }
    // In and out in single precision.
    Pair tick(Pair x) noexcept {
      const auto y = __builtin_convertvector(
          tick(__builtin_convertvector(__builtin_shufflevector(x, x, 0, 1), Lanes2)), Floats2);
      return make_pair(y[0], y[1]);
    }
    void store(EffectBiquad& filter) const {
      filter.z1_ = z1_;
      filter.z2_ = z2_;
      filter.flush();
    }

   private:
    BiquadCoefficients c_;
    Lanes2 z1_;
    Lanes2 z2_;
  };

  // One sample, in a loop of the caller's.
  Lanes2 tick(Lanes2 x) noexcept {
    glide();
    return tick_steady(x);
  }
  Lanes2 tick_steady(Lanes2 x) noexcept {
    const Lanes2 y = x * value_.b0 + z1_;
    z1_ = (x * value_.b1 + z2_) - y * value_.a1;
    z2_ = x * value_.b2 - y * value_.a2;
    return y;
  }
  // Several filters in series, in place: the same as one after the other, but faster. Null
  // filters are left out, as are those that change nothing.
  static void process_series(std::span<EffectBiquad* const> filters, StereoBlock audio) noexcept;
  static void process_series(std::initializer_list<EffectBiquad*> filters,
                             StereoBlock audio) noexcept {
    process_series(std::span(filters.begin(), filters.size()), audio);
  }

  // Whether all state is gone.
  bool silent() const { return z1_[0] == 0.0 && z1_[1] == 0.0 && z2_[0] == 0.0 && z2_[1] == 0.0; }

 private:
  enum class Design { kNone, kLowpass, kMatched, kHighpass, kAllpass, kNotch, kBandpass, kPeak };

  // Whether all sound passes unchanged, now and until the next design.
  bool transparent() const {
    return !gliding_ && silent() && value_.b0 == 1.0 && value_.b1 == 0.0 && value_.b2 == 0.0 &&
           value_.a1 == 0.0 && value_.a2 == 0.0;
  }
  bool is_new(Design design, double a, double b, double c = 0.0);
  void glide();
  template <bool kStereo, bool kGlide>
  void run(float* left, float* right, std::size_t length) noexcept;
  template <std::size_t kCount>
  static void run_series(EffectBiquad* const* filters, StereoBlock audio) noexcept;
  void flush();

  BiquadCoefficients target_;
  BiquadCoefficients value_;
  bool started_ = false;
  bool gliding_ = false;
  Design design_ = Design::kNone;
  double arguments_[3] = {};
  Lanes2 z1_{};
  Lanes2 z2_{};
};

inline void EffectBiquad::glide() {
  constexpr double kKeep = 0.996;
  constexpr double kFollow = 0.004;
  if (!gliding_) return;
  value_.b0 = value_.b0 * kKeep + target_.b0 * kFollow;
  value_.b1 = value_.b1 * kKeep + target_.b1 * kFollow;
  value_.b2 = value_.b2 * kKeep + target_.b2 * kFollow;
  value_.a1 = value_.a1 * kKeep + target_.a1 * kFollow;
  value_.a2 = value_.a2 * kKeep + target_.a2 * kFollow;
}

}  // namespace synthrl::surge
