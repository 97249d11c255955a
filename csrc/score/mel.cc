#include "score/mel.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/multiversion.h"
#include "score/fft.h"

namespace synthrl::score {

namespace {

// Slaney's scale: three mels per 200 Hz below 1 kHz, and 27 for each factor of 6.4 above.
constexpr double kHzPerMel = 200.0 / 3.0;
constexpr double kBreakHz = 1000.0;
constexpr double kBreakMel = kBreakHz / kHzPerMel;
const double kMelsPerLog = 27.0 / std::log(6.4);

double mel_from_hz(double hz) {
  return hz < kBreakHz ? hz / kHzPerMel : kBreakMel + std::log(hz / kBreakHz) * kMelsPerLog;
}

double hz_from_mel(double mel) {
  return mel < kBreakMel ? mel * kHzPerMel : kBreakHz * std::exp((mel - kBreakMel) / kMelsPerLog);
}

SYNTHRL_MULTIVERSION void sum_bands(const Lanes* power, std::span<const MelFilters::Triangle> bands,
                                    const float* weights, Lanes* out) {
  for (std::size_t band = 0; band < bands.size(); ++band) {
    const MelFilters::Triangle& triangle = bands[band];
    const Lanes* const bins = power + triangle.first_bin;
    Lanes sum{};
    for (std::size_t i = 0; i < triangle.num_bins; ++i) sum += bins[i] * *weights++;
    out[band] = sum;
  }
}

}  // namespace

MelFilters::MelFilters(double sample_rate) {
  const double top_mel = mel_from_hz(sample_rate / 2);
  const auto corner_hz = [&](std::size_t i) {
    return hz_from_mel(top_mel * static_cast<double>(i) / static_cast<double>(kNumBands + 1));
  };
  for (std::size_t band = 0; band < kNumBands; ++band) {
    const double low = corner_hz(band), middle = corner_hz(band + 1), high = corner_hz(band + 2);
    Triangle triangle{.first_bin = 0, .num_bins = 0, .first_weight = weights_.size()};
    for (std::size_t bin = 0; bin < kNumBins; ++bin) {
      const double hz = sample_rate * static_cast<double>(bin) / static_cast<double>(kFftSize);
      const double height = std::min((hz - low) / (middle - low), (high - hz) / (high - middle));
      if (!(height > 0)) continue;
      if (triangle.num_bins == 0) triangle.first_bin = bin;
      ++triangle.num_bins;
      weights_.push_back(static_cast<float>(height * 2 / (high - low)));
    }
    triangles_.push_back(triangle);
  }
}

void MelFilters::apply(const Lanes* power, Lanes* bands) const noexcept {
  sum_bands(power, triangles_, weights_.data(), bands);
}

float MelFilters::weight(std::size_t band, std::size_t bin) const {
  const Triangle& t = triangles_.at(band);
  const std::size_t i = bin - t.first_bin;  // wraps below the triangle
  return i < t.num_bins ? weights_[t.first_weight + i] : 0.0f;
}

}  // namespace synthrl::score
