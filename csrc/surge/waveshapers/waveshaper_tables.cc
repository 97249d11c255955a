#include "surge/waveshapers/waveshaper_tables.h"

#include <cmath>
#include <cstdint>
#include <numbers>

namespace synthrl::surge {
namespace {

constexpr double kPi = std::numbers::pi;

constexpr std::array<int, 4> kHalfCycles = {2, 3, 7, 10};

// The noise of the fuzz tables is a fixed sequence: every render of a patch hears the same one.
class FuzzNoise {
 public:
  // Uniform in [low, high).
  float draw(float low, float high) {
    state_ = kMultiplier * state_ % kModulus;
    const float unit = static_cast<float>(state_ - 1) / static_cast<float>(kModulus - 1);
    return low + (high - low) * unit;
  }

 private:
  // The multiplicative congruential generator "minimal standard" of 1993.
  static constexpr std::uint64_t kMultiplier = 48271;
  static constexpr std::uint64_t kModulus = 2147483647;

  std::uint64_t state_ = 2112;
};

template <class Function>
WaveshaperTables::Curve sampled(std::size_t num_points, Function function) {
  WaveshaperTables::Curve curve;
  curve.reserve(num_points);
  const auto last = static_cast<double>(num_points - 1);
  for (std::size_t i = 0; i < num_points; ++i) {
    curve.push_back(static_cast<float>(function(-1.0 + 2.0 * static_cast<double>(i) / last)));
  }
  return curve;
}

// A tanh that is steeper below 0, where it has no limit.
double uneven_tanh(double x) {
  return (std::exp(x) - std::exp(-1.2 * x)) / (std::exp(x) + std::exp(-x));
}

}  // namespace

WaveshaperTables::WaveshaperTables() {
  fuzz = sampled(kCoarsePoints, [noise = FuzzNoise()](double x) mutable {
    return 0.9 * x + noise.draw(-0.1f, 0.1f);
  });
  heavy_fuzz = sampled(kCoarsePoints, [noise = FuzzNoise()](double x) mutable {
    return 0.7 * x + noise.draw(-0.3f, 0.3f);
  });
  fuzz_center = sampled(kFinePoints, [noise = FuzzNoise()](double x) mutable {
    return x + std::exp(-20.0 * x * x) * noise.draw(-1.0f, 1.0f);
  });
  fuzz_edge = sampled(kFinePoints, [noise = FuzzNoise()](double x) mutable {
    return 0.85 * x + 0.15 * x * x * x * x * noise.draw(-1.0f, 1.0f);
  });

  sin_plus_x = sampled(kCoarsePoints, [](double x) { return x - std::sin(kPi * x); });
  for (std::size_t i = 0; i < kHalfCycles.size(); ++i) {
    const auto sine_at = [n = kHalfCycles[i]](double x) { return std::sin(n * kPi * x); };
    sin_n_plus_x[i] =
        sampled(kFinePoints, [&](double x) { return x + (1.0 - std::abs(x)) * sine_at(x); });
    cycle[i] = sampled(kFinePoints, sine_at);
    cycle_bound[i] =
        sampled(kFinePoints, [&](double x) { return (1.0 - std::abs(x)) * sine_at(x); });
  }

  for (std::size_t i = 0; i < kClassicPoints; ++i) {
    const double x = static_cast<double>(i) - 512.0;
    asymmetric[i] = static_cast<float>(uneven_tanh(x / 32.0 + 0.5) - uneven_tanh(0.5));
    sine[i] = static_cast<float>(std::sin(kPi * x / 512.0));
  }
}

}  // namespace synthrl::surge
