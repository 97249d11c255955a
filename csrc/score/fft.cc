#include "score/fft.h"

#include <cmath>
#include <numbers>

#include "core/multiversion.h"

namespace synthrl::score {

namespace {

constexpr std::size_t kRadix = 8;

struct Complex {
  Lanes re, im;
};

SYNTHRL_LANES Complex operator+(const Complex& a, const Complex& b) {
  return {a.re + b.re, a.im + b.im};
}
SYNTHRL_LANES Complex operator-(const Complex& a, const Complex& b) {
  return {a.re - b.re, a.im - b.im};
}
SYNTHRL_LANES Complex operator*(const Complex& a, ComplexFactor b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
SYNTHRL_LANES Complex times_minus_i(const Complex& a) { return {a.im, -a.re}; }

ComplexFactor root_of_unity(std::size_t k, std::size_t size) {
  const double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

// Transform of four values, in place.
SYNTHRL_LANES void transform4(Complex& a, Complex& b, Complex& c, Complex& d) {
  const Complex sum0 = a + c, difference0 = a - c;
  const Complex sum1 = b + d, difference1 = times_minus_i(b - d);
  a = sum0 + sum1;
  b = difference0 + difference1;
  c = sum0 - sum1;
  d = difference0 - difference1;
}

// Transform of eight values at a distance of `stride`, in place; output q is turned by
// `factors[q]`, unless there are none.
template <bool kTurn>
SYNTHRL_LANES void transform8(Complex* z, std::size_t stride, const ComplexFactor* factors) {
  constexpr float kRootHalf = 0.70710678118654752f;
  Complex even[4], odd[4];
  for (std::size_t m = 0; m < 4; ++m) {
    const Complex a = z[m * stride], b = z[(m + 4) * stride];
    even[m] = a + b;
    odd[m] = a - b;
  }
  odd[1] = {(odd[1].re + odd[1].im) * kRootHalf, (odd[1].im - odd[1].re) * kRootHalf};
  odd[2] = times_minus_i(odd[2]);
  odd[3] = {(odd[3].im - odd[3].re) * kRootHalf, (odd[3].re + odd[3].im) * -kRootHalf};
  transform4(even[0], even[1], even[2], even[3]);
  transform4(odd[0], odd[1], odd[2], odd[3]);
  for (std::size_t q = 0; q < 4; ++q) {
    if constexpr (kTurn) {
      z[2 * q * stride] = q == 0 ? even[0] : even[q] * factors[2 * q];
      z[(2 * q + 1) * stride] = odd[q] * factors[2 * q + 1];
    } else {
      z[2 * q * stride] = even[q];
      z[(2 * q + 1) * stride] = odd[q];
    }
  }
}

// One of the three steps: blocks of `size` values are split into eight interleaved transforms.
SYNTHRL_MULTIVERSION void step(Complex* z, std::size_t count, std::size_t size,
                               const ComplexFactor* factors) {
  const std::size_t stride = size / kRadix;
  for (std::size_t block = 0; block < count; block += size) {
    for (std::size_t k = 0; k < stride; ++k) {
      transform8<true>(z + block + k, stride, factors + k * kRadix);
    }
  }
}

SYNTHRL_MULTIVERSION void last_step(Complex* z, std::size_t count) {
  for (std::size_t block = 0; block < count; block += kRadix) {
    transform8<false>(z + block, 1, nullptr);
  }
}

SYNTHRL_LANES Lanes squared(const Complex& x) { return x.re * x.re + x.im * x.im; }

// Even samples were real parts and odd samples imaginary ones, so that the spectrum of both is the
// sum of the conjugate-symmetric part and the (turned) antisymmetric part. Both are left doubled,
// which is put right in the power.
SYNTHRL_MULTIVERSION void unfold(const Complex* z, const std::size_t* position,
                                 const ComplexFactor* turn, std::size_t size, Lanes* power) {
  const Complex first = z[0];
  const Lanes sum = first.re + first.im, difference = first.re - first.im;
  power[0] = sum * sum;
  power[size] = difference * difference;
  for (std::size_t k = 1; k < size / 2; ++k) {
    const Complex a = z[position[k]], b = z[position[size - k]];
    const Complex even{a.re + b.re, a.im - b.im};
    const Complex odd = Complex{a.im + b.im, b.re - a.re} * turn[k];
    power[k] = squared(even + odd) * 0.25f;
    power[size - k] = squared(even - odd) * 0.25f;
  }
  power[size / 2] = squared(z[position[size / 2]]);
}

}  // namespace

RealFft::RealFft() {
  constexpr std::size_t kSecond = kSize / kRadix;
  for (std::size_t k = 0; k < kSecond; ++k) {
    for (std::size_t q = 0; q < kRadix; ++q) {
      after_first_[k * kRadix + q] = root_of_unity(k * q, kSize);
    }
  }
  for (std::size_t k = 0; k < kSecond / kRadix; ++k) {
    for (std::size_t q = 0; q < kRadix; ++q) {
      after_second_[k * kRadix + q] = root_of_unity(k * q, kSecond);
    }
  }
  for (std::size_t k = 0; k < unfold_.size(); ++k) unfold_[k] = root_of_unity(k, kFftSize);
  // The digits of k in base eight are reversed.
  for (std::size_t k = 0; k < kSize; ++k) {
    position_[k] = k % kRadix * kSecond + k / kRadix % kRadix * kRadix + k / kSecond;
  }
}

void RealFft::power(Lanes* frames, Lanes* power) const noexcept {
  static_assert(sizeof(Complex) == 2 * sizeof(Lanes));
  auto* z = reinterpret_cast<Complex*>(frames);
  step(z, kSize, kSize, after_first_.data());
  step(z, kSize, kSize / kRadix, after_second_.data());
  last_step(z, kSize);
  unfold(z, position_.data(), unfold_.data(), kSize, power);
}

}  // namespace synthrl::score
