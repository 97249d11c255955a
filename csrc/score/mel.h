// Loudness in bands as wide as the ear's.
#pragma once

#include <cstddef>
#include <vector>

#include "score/lanes.h"

namespace synthrl::score {

inline constexpr std::size_t kNumBands = 128;

// Triangular filters from 0 Hz to half the sample rate, equally spaced on Slaney's mel scale and of
// equal area. Read-only after construction; share freely.
class MelFilters {
 public:
  // The bins below it; all others have no weight.
  struct Triangle {
    std::size_t first_bin, num_bins, first_weight;
  };

  explicit MelFilters(double sample_rate);

  // Power [kNumBins] → power in bands [kNumBands].
  void apply(const Lanes* power, Lanes* bands) const noexcept;

  // How much of a bin's power a band takes.
  float weight(std::size_t band, std::size_t bin) const;

 private:
  std::vector<Triangle> triangles_;
  std::vector<float> weights_;
};

}  // namespace synthrl::score
