#include "surge/oscillators/oscillator_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace synthrl::surge {
namespace {

constexpr double kPi = std::numbers::pi;

double sinc(double x) { return std::fabs(x) < 1e-12 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

// A window of the given width around 0.
double blackman(double x, double width) {
  return 0.42 + 0.5 * std::cos(2.0 * kPi * x / width) + 0.08 * std::cos(4.0 * kPi * x / width);
}

constexpr int kWindowSamples = 1024;

// Three windows that no simple formula describes, sampled more densely where they bend.
struct BlendPoint {
  int index;
  std::array<int, 3> values;
};
constexpr BlendPoint kBlendPoints[] = {
    {0, {1136, 4972, 10849}},
    {1, {1603, 6040, 12040}},
    {2, {1961, 6747, 12729}},
    {3, {2260, 7285, 13204}},
    {4, {2523, 7722, 13558}},
    {5, {2759, 8091, 13836}},
    {6, {2975, 8411, 14061}},
    {7, {3176, 8692, 14247}},
    {8, {3363, 8944, 14403}},
    {9, {3539, 9171, 14535}},
    {10, {3706, 9377, 14649}},
    {11, {3864, 9567, 14747}},
    {12, {4016, 9742, 14832}},
    {13, {4161, 9904, 14906}},
    {14, {4300, 10055, 14971}},
    {15, {4433, 10196, 15027}},
    {16, {4563, 10328, 15077}},
    {20, {5038, 10783, 15220}},
    {24, {5461, 11149, 15299}},
    {28, {5844, 11450, 15336}},
    {32, {6193, 11701, 15343}},
    {36, {6514, 11913, 15327}},
    {40, {6813, 12094, 15295}},
    {44, {7090, 12248, 15249}},
    {48, {7350, 12380, 15194}},
    {52, {7593, 12493, 15130}},
    {56, {7822, 12589, 15061}},
    {60, {8038, 12672, 14986}},
    {64, {8242, 12742, 14907}},
    {80, {8956, 12924, 14562}},
    {96, {9536, 12990, 14191}},
    {112, {10012, 12977, 13810}},
    {128, {10403, 12905, 13427}},
    {144, {10721, 12791, 13047}},
    {160, {10978, 12643, 12671}},
    {176, {11182, 12471, 12301}},
    {192, {11338, 12278, 11937}},
    {208, {11453, 12069, 11581}},
    {224, {11529, 11847, 11233}},
    {240, {11573, 11616, 10892}},
    {256, {11585, 11376, 10558}},
    {288, {11529, 10878, 9911}},
    {320, {11381, 10364, 9292}},
    {352, {11154, 9840, 8698}},
    {384, {10861, 9312, 8127}},
    {416, {10511, 8782, 7579}},
    {448, {10114, 8255, 7052}},
    {480, {9676, 7730, 6544}},
    {512, {9203, 7211, 6054}},
    {544, {8701, 6698, 5581}},
    {576, {8175, 6191, 5124}},
    {608, {7629, 5693, 4682}},
    {640, {7066, 5202, 4254}},
    {672, {6491, 4719, 3840}},
    {704, {5905, 4245, 3438}},
    {736, {5312, 3780, 3048}},
    {768, {4715, 3323, 2670}},
    {800, {4114, 2876, 2302}},
    {832, {3513, 2437, 1944}},
    {864, {2913, 2007, 1597}},
    {896, {2316, 1586, 1258}},
    {928, {1723, 1173, 929}},
    {960, {1136, 770, 608}},
    {992, {555, 375, 295}},
    {1023, {0, 0, 0}},
};

double blend_window(std::size_t blend, int index) {
  std::size_t next = 0;
  while (kBlendPoints[next].index < index) ++next;
  const BlendPoint& high = kBlendPoints[next];
  if (high.index == index) return high.values[blend];
  const BlendPoint& low = kBlendPoints[next - 1];
  const double part = static_cast<double>(index - low.index) / (high.index - low.index);
  return std::lerp(low.values[blend], high.values[blend], part);
}

// Full scale is 16384; the mean square of every window is a quarter of it, squared.
double window_sample(int window, int index) {
  const double x = static_cast<double>(index) / kWindowSamples;
  switch (window) {
    case 0:
      return 16384.0 * 0.8652 * (1.0 - std::fabs(2.0 * x - 1.0));
    case 1:
      return 16384.0 * std::numbers::sqrt2 / 2.0 * std::sin(kPi * x);
    case 2:
    case 3:
    case 4:
      return blend_window(static_cast<std::size_t>(window - 2), index);
    case 5:
      return 16384.0 * std::numbers::sqrt3 / 2.0 * (1.0 - x);
    case 6:
      return 16384.0 * std::numbers::sqrt2 / 2.0 * std::sin(2.0 * kPi * x);
    case 7:
      return x < 0.5 ? 8192.0 : -8192.0;
    default:
      return 8192.0;
  }
}

Wavetable make_windows() {
  constexpr int kNumWindows = 9;
  std::vector<std::int16_t> samples;
  samples.reserve(kNumWindows * kWindowSamples);
  for (int window = 0; window < kNumWindows; ++window) {
    for (int i = 0; i < kWindowSamples; ++i) {
      samples.push_back(static_cast<std::int16_t>(std::lround(window_sample(window, i))));
    }
  }
  return Wavetable(kWindowSamples, kNumWindows, /*one_shot=*/false, Wavetable::SampleFormat::kInt16,
                   std::move(samples));
}

// From a sine to a sawtooth: each frame has one harmonic more. All frames have peak 1.
Wavetable make_default_wavetable() {
  constexpr int kFrames = 63;
  constexpr int kSamples = 128;
  std::vector<float> samples;
  samples.reserve(kFrames * kSamples);
  std::array<double, kSamples> sum{};
  for (int frame = 0; frame < kFrames; ++frame) {
    const int harmonic = frame + 1;
    double peak = 0.0;
    for (int i = 0; i < kSamples; ++i) {
      double& sample = sum[static_cast<std::size_t>(i)];
      sample += std::sin(2.0 * kPi * harmonic * i / kSamples) / harmonic;
      peak = std::max(peak, std::fabs(sample));
    }
    for (const double sample : sum) samples.push_back(static_cast<float>(sample / peak));
  }
  return Wavetable(kSamples, kFrames, /*one_shot=*/false, std::move(samples));
}

}  // namespace

float note_to_hz(float note) noexcept {
  return 8.17579891564371f * std::exp2(note * (1.0f / 12.0f));
}

float interval_to_ratio(float semitones) noexcept { return std::exp2(semitones * (1.0f / 12.0f)); }

ImpulseKernel::ImpulseKernel() {
  constexpr double kCutoff = 0.455;  // of the Nyquist frequency
  for (int position = 0; position <= kPositions; ++position) {
    const double fraction = static_cast<double>(position) / kPositions;
    for (int tap = 0; tap < kTaps; ++tap) {
      const double x = 5.0 + fraction - tap;
      taps_[static_cast<std::size_t>(position)][static_cast<std::size_t>(tap)] =
          static_cast<float>(blackman(x, kTaps) * kCutoff * sinc(kCutoff * x));
    }
  }
}

WindowKernel::WindowKernel() {
  for (int position = 0; position < kPositions; ++position) {
    const double fraction = static_cast<double>(position) / kPositions;
    for (int tap = 0; tap < kTaps; ++tap) {
      const double x = 3.0 + fraction - tap;
      taps_[static_cast<std::size_t>(position)][static_cast<std::size_t>(tap)] =
          static_cast<std::int16_t>(16384.0 * blackman(x, kTaps) * sinc(x));
    }
  }
}

LanczosKernel::LanczosKernel() : taps_(kPositions + 1) {
  for (int position = 0; position <= kPositions; ++position) {
    const double fraction = static_cast<double>(position) / kPositions;
    for (int tap = 0; tap < kTaps; ++tap) {
      const double x = 3.0 + fraction - tap;
      taps_[static_cast<std::size_t>(position)][static_cast<std::size_t>(tap)] =
          std::fabs(x) < 4.0 ? static_cast<float>(sinc(x) * sinc(x / 4.0)) : 0.0f;
    }
  }
}

float LanczosKernel::interpolate(const float* samples, float fraction) const noexcept {
  const float position = fraction * static_cast<float>(kPositions);
  const int whole = std::clamp(static_cast<int>(position), 0, kPositions - 1);
  const float part = position - static_cast<float>(whole);
  const auto& low = taps_[static_cast<std::size_t>(whole)];
  const auto& high = taps_[static_cast<std::size_t>(whole) + 1];
  float sum = 0.0f;
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    sum += samples[tap] * (low[tap] + part * (high[tap] - low[tap]));
  }
  return sum;
}

OscillatorTables::OscillatorTables(double host_rate)
    : host_rate_hz(static_cast<float>(host_rate)),
      rate_hz(2.0f * host_rate_hz),
      windows(make_windows()),
      default_wavetable(make_default_wavetable()) {
  if (!(host_rate >= 8000.0 && host_rate <= 192000.0)) {
    throw std::invalid_argument("the sample rate must be within 8000 Hz and 192000 Hz");
  }
}

}  // namespace synthrl::surge
