// Tables that the modulators share: speeds of stages and waves, and the sine.
#pragma once

#include <array>

namespace synthrl::surge {

// Host samples per control block: modulators advance once per block.
inline constexpr int kModulatorBlockSamples = 32;

// The least time of an envelope stage, in log2 seconds. A stage there is left out.
inline constexpr float kShortestTime = -8.0f;

// Read-only after construction; share freely.
class ModulatorTables {
 public:
  // `sample_rate` in Hz, of the host. Throws std::invalid_argument if it is not positive.
  explicit ModulatorTables(double sample_rate);

  double sample_rate() const { return sample_rate_; }
  float block_seconds() const { return block_seconds_; }

  // Part of a stage of 2^time seconds that passes in one block: a chord of the exact value, at
  // most 0.024 % high. Limited to times of -16 to +16.
  float rate(float time) const noexcept;

  // sin(2 pi phase), phase in [0, 1), by lines between 1024 points.
  float sine(float phase) const noexcept;

 private:
  static constexpr int kRateEntries = 512;
  static constexpr int kSineEntries = 1024;

  double sample_rate_;
  float block_seconds_;
  std::array<float, kRateEntries> rates_{};
  std::array<float, kSineEntries + 1> sine_{};
};

}  // namespace synthrl::surge
