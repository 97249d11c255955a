#include "surge/effects/nimbus/fourier.h"

#include <cmath>
#include <numbers>

namespace synthrl::surge::nimbus {
namespace {

// One pass of the self-sorting radix-4 algorithm: `stride` transforms are done of each sequence,
// and the results interleaved.
struct Pass {
  std::size_t stride;
  const float* from_real;
  const float* from_imaginary;
  float* to_real;
  float* to_imaginary;
};

}  // namespace

FourierTransform::FourierTransform() {
  for (std::size_t k = 0; k < kTransform; ++k) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(k) / kTransform;
    cosine_[k] = static_cast<float>(std::cos(angle));
    minus_sine_[k] = static_cast<float>(-std::sin(angle));
  }
}

void FourierTransform::run(Component& real, Component& imaginary) {
  Pass pass{1, real.data(), imaginary.data(), other_real_.data(), other_imaginary_.data()};
  for (; pass.stride < kTransform; pass.stride *= 4) {
    const std::size_t s = pass.stride;
    const std::size_t quarter = kTransform / (4 * s);
    const std::size_t apart = quarter * s;
    for (std::size_t p = 0; p < quarter; ++p) {
      const float c1 = cosine_[p * s];
      const float s1 = minus_sine_[p * s];
      const float c2 = cosine_[2 * p * s];
      const float s2 = minus_sine_[2 * p * s];
      const float c3 = cosine_[3 * p * s];
      const float s3 = minus_sine_[3 * p * s];
      const float* xr = pass.from_real + s * p;
      const float* xi = pass.from_imaginary + s * p;
      float* __restrict yr = pass.to_real + 4 * s * p;
      float* __restrict yi = pass.to_imaginary + 4 * s * p;
      for (std::size_t q = 0; q < s; ++q) {
        const float sum02_r = xr[q] + xr[q + 2 * apart];
        const float sum02_i = xi[q] + xi[q + 2 * apart];
        const float diff02_r = xr[q] - xr[q + 2 * apart];
        const float diff02_i = xi[q] - xi[q + 2 * apart];
        const float sum13_r = xr[q + apart] + xr[q + 3 * apart];
        const float sum13_i = xi[q + apart] + xi[q + 3 * apart];
        // Turned by a quarter.
        const float turned_r = -(xi[q + apart] - xi[q + 3 * apart]);
        const float turned_i = xr[q + apart] - xr[q + 3 * apart];
        yr[q] = sum02_r + sum13_r;
        yi[q] = sum02_i + sum13_i;
        const float a_r = diff02_r - turned_r;
        const float a_i = diff02_i - turned_i;
        yr[q + s] = a_r * c1 - a_i * s1;
        yi[q + s] = a_r * s1 + a_i * c1;
        const float b_r = sum02_r - sum13_r;
        const float b_i = sum02_i - sum13_i;
        yr[q + 2 * s] = b_r * c2 - b_i * s2;
        yi[q + 2 * s] = b_r * s2 + b_i * c2;
        const float c_r = diff02_r + turned_r;
        const float c_i = diff02_i + turned_i;
        yr[q + 3 * s] = c_r * c3 - c_i * s3;
        yi[q + 3 * s] = c_r * s3 + c_i * c3;
      }
    }
    const bool to_other = pass.to_real == other_real_.data();
    pass.from_real = pass.to_real;
    pass.from_imaginary = pass.to_imaginary;
    pass.to_real = to_other ? real.data() : other_real_.data();
    pass.to_imaginary = to_other ? imaginary.data() : other_imaginary_.data();
  }
  // Six passes, hence the result is where it came from.
}

}  // namespace synthrl::surge::nimbus
