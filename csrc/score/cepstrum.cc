#include "score/cepstrum.h"

#include <cmath>
#include <numbers>

#include "core/multiversion.h"

namespace synthrl::score {

namespace {

// So many coefficients share each load of a level.
constexpr std::size_t kBlock = 5;
static_assert(kNumCoefficients % (2 * kBlock) == 0);

template <std::size_t kHalf>
SYNTHRL_LANES void transform(const Lanes* levels, float floor,
                             const std::array<float, kHalf>* basis, Lanes* coefficients) {
  Lanes folded[2][kHalf];
  const Lanes lowest = broadcast(floor);
  for (std::size_t i = 0; i < kHalf; ++i) {
    const Lanes a = larger(levels[i], lowest), b = larger(levels[2 * kHalf - 1 - i], lowest);
    folded[0][i] = a + b;
    folded[1][i] = a - b;
  }
  for (std::size_t first = 0; first < kNumCoefficients; first += 2 * kBlock) {
    for (std::size_t odd = 0; odd < 2; ++odd) {
      Lanes sum[kBlock]{};
      for (std::size_t i = 0; i < kHalf; ++i) {
        for (std::size_t j = 0; j < kBlock; ++j) {
          sum[j] += folded[odd][i] * basis[first + odd + 2 * j][i];
        }
      }
      for (std::size_t j = 0; j < kBlock; ++j) coefficients[first + odd + 2 * j] = sum[j];
    }
  }
}

SYNTHRL_MULTIVERSION void transform_bands(const Lanes* levels, float floor,
                                          const std::array<float, kNumBands / 2>* basis,
                                          Lanes* coefficients) {
  transform(levels, floor, basis, coefficients);
}

}  // namespace

CosineTransform::CosineTransform() {
  constexpr double kBands = kNumBands;
  for (std::size_t k = 0; k < kNumCoefficients; ++k) {
    const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / kBands);
    for (std::size_t i = 0; i < kHalf; ++i) {
      const double angle =
          std::numbers::pi * static_cast<double>(k) * (static_cast<double>(i) + 0.5) / kBands;
      basis_[k][i] = static_cast<float>(scale * std::cos(angle));
    }
  }
}

void CosineTransform::apply(const Lanes* levels, float floor, Lanes* coefficients) const noexcept {
  transform_bands(levels, floor, basis_.data(), coefficients);
}

}  // namespace synthrl::score
