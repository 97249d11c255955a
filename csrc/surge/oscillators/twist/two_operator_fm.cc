#include "surge/oscillators/twist/two_operator_fm.h"

namespace synthrl::surge::twist {
namespace {

constexpr std::size_t kNumRatios = 23;

// Semitones of the modulator above the carrier: simple ratios, most of them with two neighbours
// that beat slowly.
constexpr std::array<float, kNumRatios> kRatios = {
    -12.0f, -11.84f, -7.02f, -5.0f,  0.0f,   0.16f,  5.0f,   7.02f,  12.0f,  12.16f, 15.86f, 19.02f,
    19.18f, 21.68f,  24.0f,  24.16f, 26.04f, 27.86f, 29.69f, 31.02f, 33.69f, 34.83f, 36.0f};

float ratio_of(float harmonics) noexcept {
  const float at = clamp01(harmonics) * static_cast<float>(kNumRatios - 1);
  const std::size_t i = std::min(static_cast<std::size_t>(at), kNumRatios - 2);
  // Near a step the ratio stays there.
  const float share = clamp01(2.0f * (at - static_cast<float>(i)) - 0.5f);
  return std::lerp(kRatios[i], kRatios[i + 1], share);
}

// A low-pass for a quarter of the rate.
template <std::size_t num_taps>
std::array<float, num_taps> quarter_rate_taps() noexcept {
  std::array<float, num_taps> taps;
  float sum = 0.0f;
  for (std::size_t i = 0; i < num_taps; ++i) {
    const float x = static_cast<float>(i) - 0.5f * static_cast<float>(num_taps - 1);
    const float angle = std::numbers::pi_v<float> * x * 0.22f;
    const float window = 0.5f + 0.5f * std::cos(kTwoPi * x / static_cast<float>(num_taps));
    taps[i] = window * std::sin(angle) / angle;
    sum += taps[i];
  }
  for (float& tap : taps) tap /= sum;
  return taps;
}

const std::array<float, 32> kQuarterRateTaps = quarter_rate_taps<32>();

}  // namespace

float QuarterRateFilter::process(const std::array<float, kRatio>& x) noexcept {
  static_assert(kTaps == kQuarterRateTaps.size());
  for (float sample : x) {
    history_[next_] = sample;
    next_ = (next_ + 1) % kTaps;
  }
  float sum = 0.0f;
  for (std::size_t i = 0; i < kTaps; ++i)
    sum += kQuarterRateTaps[i] * history_[(next_ + i) % kTaps];
  return sum;
}

void TwoOperatorFm::start(Rng) noexcept { *this = TwoOperatorFm(); }

void TwoOperatorFm::render(const EngineControls& controls, float* out, float* aux,
                           int num_frames) noexcept {
  // At four times the sample rate.
  const float carrier = note_to_cycles(controls.note - 24.0f);
  const float interval = ratio_of(controls.harmonics);
  const float modulator = std::min(note_to_cycles(controls.note - 24.0f + interval), 0.25f);
  // Sidebands that would alias are kept down.
  const float taming = 1.0f - clamp01(4.0f * (modulator - 0.02f));
  const float index = 2.0f * controls.timbre * controls.timbre * taming * taming;
  Ramp ramped_index(last_index_, index, num_frames);
  Ramp ramped_feedback(last_feedback_, 2.0f * controls.morph - 1.0f, num_frames);
  for (int i = 0; i < num_frames; ++i) {
    const float now_index = ramped_index.next();
    const float feedback = ramped_feedback.next();
    const float amount = 0.25f * feedback * feedback;
    std::array<float, QuarterRateFilter::kRatio> main;
    std::array<float, QuarterRateFilter::kRatio> sub;
    for (std::size_t k = 0; k < main.size(); ++k) {
      const float bend = feedback < 0.0f ? 1.0f + 2.0f * amount * previous_ : 1.0f;
      modulator_ = wrap(modulator_ + modulator * bend);
      carrier_ = wrap(carrier_ + carrier);
      sub_ = wrap(sub_ + 0.5f * carrier);
      previous_ = sine(modulator_ + (feedback > 0.0f ? amount * previous_ : 0.0f));
      main[k] = sine(carrier_ + now_index * previous_);
      sub[k] = sine(sub_ + 0.25f * now_index * main[k]);
    }
    out[i] = main_filter_.process(main);
    aux[i] = sub_filter_.process(sub);
  }
}

}  // namespace synthrl::surge::twist
