#include "surge/oscillators/twist/wave_grid.h"

namespace synthrl::surge::twist {
namespace {

constexpr float kLast = 6.9999f;  // position of the last column or row, and of the last bank
constexpr float kFollow = 0.05f;  // of a call's way to the macros
constexpr std::size_t kNumBanks = 4;

// Amplitude of a harmonic; `x` and `y` in [0, 1].
float amplitude(std::size_t bank, float x, float y, float number) noexcept {
  const float octave = std::log2(number);
  const auto peak = [&](float centre, float width) {
    const float d = (octave - centre) / width;
    return std::exp(-d * d);
  };
  switch (bank) {
    case 0: {  // darker to brighter, and odd harmonics to all
      const float even = static_cast<int>(number) % 2 == 0 ? y : 1.0f;
      return even * std::exp2(-octave * (3.0f - 2.5f * x));
    }
    case 1:  // two formants
      return peak(1.0f + 2.5f * x, 0.4f) + 0.6f * peak(1.5f + 3.0f * y, 0.3f) +
             0.3f * std::exp2(-1.5f * octave);
    case 2: {  // drawbars
      const float comb = 0.5f + 0.5f * std::cos(kTwoPi * number * (0.125f + 0.375f * x));
      return comb * std::exp2(-octave * (2.0f - 1.5f * y));
    }
    default:  // the others, mixed up
      return amplitude(static_cast<std::size_t>(2.999f * wrap(3.7f * x + 1.3f * y)), y, x, number);
  }
}

}  // namespace

void WaveGrid::start(Rng) noexcept { *this = WaveGrid(); }

WaveGrid::Wave::Spectrum WaveGrid::spectrum(float bank, float x, float y) noexcept {
  const float at = bank * static_cast<float>(kNumBanks - 1) / kLast;
  const std::size_t below = std::min(static_cast<std::size_t>(at), kNumBanks - 2);
  const float share = clamp01(at - static_cast<float>(below));
  Wave::Spectrum result;
  for (std::size_t i = 0; i < kNumHarmonics; ++i) {
    const auto number = static_cast<float>(i + 1);
    result[i] = std::lerp(amplitude(below, x / kLast, y / kLast, number),
                          amplitude(below + 1, x / kLast, y / kLast, number), share);
  }
  normalise(result);
  return result;
}

void WaveGrid::render(const EngineControls& controls, float* out, float* aux,
                      int num_frames) noexcept {
  const auto follow = [&](float& value, float macro) {
    const float target = kLast * macro;
    value += (started_ ? kFollow : 1.0f) * (target - value);
  };
  follow(bank_, controls.harmonics);
  follow(x_, controls.timbre);
  follow(y_, controls.morph);
  const std::array<float, 3> wanted = {bank_, x_, y_};
  if (!started_ || wanted != spectrum_for_) {
    spectrum_for_ = wanted;
    spectrum_ = spectrum(bank_, x_, y_);
  }
  started_ = true;
  std::fill_n(out, num_frames, 0.0f);
  wave_.add(spectrum_, std::min(controls.frequency, 0.25f), 1.0f, out, num_frames);
  for (int i = 0; i < num_frames; ++i) {
    aux[i] = std::floor(16.0f * out[i] + 0.5f) / 16.0f;
  }
}

}  // namespace synthrl::surge::twist
