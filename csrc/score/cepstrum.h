// The shape of a spectrum in few numbers.
#pragma once

#include <array>
#include <cstddef>

#include "score/lanes.h"
#include "score/mel.h"

namespace synthrl::score {

inline constexpr std::size_t kNumCoefficients = 40;

// The first coefficients of the orthonormal DCT-II of band levels. Read-only after construction;
// share freely.
class CosineTransform {
 public:
  CosineTransform();

  // Levels [kNumBands], raised to `floor` where they are below → [kNumCoefficients].
  void apply(const Lanes* levels, float floor, Lanes* coefficients) const noexcept;

 private:
  // Even cosines are symmetric about the middle of the bands and odd ones antisymmetric, so that
  // half of each is enough.
  static constexpr std::size_t kHalf = kNumBands / 2;

  std::array<std::array<float, kHalf>, kNumCoefficients> basis_;
};

}  // namespace synthrl::score
