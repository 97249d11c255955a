// The discrete Fourier transform of 4096 complex numbers.
#pragma once

#include <array>
#include <cstddef>

namespace synthrl::surge::nimbus {

inline constexpr std::size_t kTransform = 4096;
using Component = std::array<float, kTransform>;

class FourierTransform {
 public:
  FourierTransform();

  // In place, from time to frequency: the sum of x[n] exp(-2 pi i k n / 4096). With the two
  // components exchanged: back, times 4096.
  void run(Component& real, Component& imaginary);

  // exp(-2 pi i k / 4096).
  float cosine(std::size_t k) const { return cosine_[k % kTransform]; }
  float minus_sine(std::size_t k) const { return minus_sine_[k % kTransform]; }

 private:
  Component cosine_;
  Component minus_sine_;
  Component other_real_;
  Component other_imaginary_;
};

}  // namespace synthrl::surge::nimbus
