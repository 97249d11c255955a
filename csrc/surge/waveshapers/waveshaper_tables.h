// Curves that waveshapers look up.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace synthrl::surge {

// Read-only after construction; share freely between threads. Independent of the sample rate.
class WaveshaperTables {
 public:
  WaveshaperTables();

  // A curve on [-1, 1], sampled at equal distances including both ends.
  using Curve = std::vector<float>;

  static constexpr std::size_t kCoarsePoints = 1025;
  static constexpr std::size_t kFinePoints = 2049;

  Curve fuzz;         // line with uniform noise
  Curve heavy_fuzz;   // line with more of it
  Curve fuzz_center;  // line with noise around 0
  Curve fuzz_edge;    // line with noise towards the ends

  // Sines of 2, 3, 7 and 10 half cycles per unit of the input: added to a line (as is -1 half
  // cycle, in the first), alone, and fading out towards the ends.
  Curve sin_plus_x;
  std::array<Curve, 4> sin_n_plus_x;
  std::array<Curve, 4> cycle;
  std::array<Curve, 4> cycle_bound;

  // Curves with their own way of interpolation (see waveshaper.cc), around entry 512.
  static constexpr std::size_t kClassicPoints = 1024;
  std::array<float, kClassicPoints> asymmetric;
  std::array<float, kClassicPoints> sine;
};

}  // namespace synthrl::surge
