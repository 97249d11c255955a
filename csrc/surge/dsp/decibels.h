// Levels in dB to amplitudes.
#pragma once

#include <array>

namespace synthrl::surge {

// Amplitude of a level in dB.
float amplitude_of(float level_db);

// The same by a table of whole dB with straight lines between them, which reads up to 0.17 % high
// halfway. Read-only after construction; share freely.
class DecibelTable {
 public:
  DecibelTable();

  // Levels beyond -192 and 190 dB count as these; not a number counts as the lowest.
  float amplitude(float level_db) const;

 private:
  static constexpr int kLowest = -192;
  static constexpr int kNumLevels = 384;

  std::array<float, kNumLevels> amplitudes_;
};

}  // namespace synthrl::surge
