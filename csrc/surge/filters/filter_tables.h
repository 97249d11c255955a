// What the filters of all voices share: tables that depend on the sample rate alone.
#pragma once

#include <array>

namespace synthrl::surge {

// Read-only after construction; share freely between threads.
class FilterTables {
 public:
  // One row of interpolation weights per 1/256 of a sample.
  static constexpr int kKernelLength = 12;
  static constexpr int kKernelRows = 256;
  using Kernel = std::array<float, kKernelLength>;

  // `sample_rate_hz` is the rate at which the filters run: twice that of the output.
  explicit FilterTables(double sample_rate_hz);

  float sample_rate_hz() const { return sample_rate_hz_; }

  // The frequency of a cutoff in semitones from A440.
  static float frequency_hz(float cutoff_semitones);
  // The same, limited to the range in which the ladder and warp filters are stable.
  float limited_frequency_hz(float cutoff_semitones) const;

  struct SinCos {
    float sin;
    float cos;
  };
  // Sine and cosine of the angle of a cutoff of -55 to 75 semitones, in radians per sample.
  // Interpolated between semitones, which detunes the biquads slightly; that is part of them.
  SinCos angle(float cutoff_semitones) const;

  // The windowed sinc that reads a delay line; row 0 delays most.
  const Kernel& kernel(int row) const { return kernels_[static_cast<std::size_t>(row)]; }

 private:
  static constexpr int kLowestSemitone = -55;
  static constexpr int kHighestSemitone = 75;
  static constexpr int kNumSemitones = kHighestSemitone - kLowestSemitone + 2;

  float sample_rate_hz_;
  std::array<SinCos, kNumSemitones> angles_;
  std::array<Kernel, kKernelRows> kernels_;
};

}  // namespace synthrl::surge
