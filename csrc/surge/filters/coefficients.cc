#include "surge/filters/coefficients.h"

namespace synthrl::surge {
namespace {

// Share of what was submitted earlier in the smoothed coefficients.
constexpr float kMemory = 0.8f;
constexpr float kNews = 0.2f;

}  // namespace

void CoefficientRamp::submit(const Coefficients& coefficients) {
  if (!started_) {
    started_ = true;
    value_ = coefficients;
    smoothed_ = coefficients;
    step_.fill(0.0f);
    return;
  }
  for (std::size_t i = 0; i < kMaxCoefficients; ++i) {
    smoothed_[i] = kMemory * smoothed_[i] + kNews * coefficients[i];
    step_[i] = (smoothed_[i] - value_[i]) / kFilterBlockSamples;
  }
}

}  // namespace synthrl::surge
