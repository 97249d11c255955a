// Filters, waveshaper, amplifier and panner of a voice, in one of eight arrangements.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "surge/dsp/ramp.h"
#include "surge/filters/filter.h"
#include "surge/waveshapers/waveshaper.h"

namespace synthrl::surge {

// Numbered as in patches.
enum class FilterConfiguration : std::uint8_t {
  kSerial1 = 0,  // 1, shaper, 2; no feedback
  kSerial2 = 1,  // the same with feedback
  kSerial3 = 2,  // 2 is in the feedback path only
  kDual1 = 3,    // the shaper after the sum
  kDual2 = 4,    // the shaper after 1 only
  kStereo = 5,   // 1 and 2 are panned apart
  kRing = 6,     // product of 1 and 2
  kWide = 7,     // all of it in stereo
};
inline constexpr int kNumFilterConfigurations = 8;

// Has two output signals, each with its place in the panorama.
constexpr bool is_dual_output(FilterConfiguration configuration) {
  return configuration == FilterConfiguration::kStereo ||
         configuration == FilterConfiguration::kWide;
}
// Has no use for a signal that goes to both filters: it goes to the first one.
constexpr bool is_serial(FilterConfiguration configuration) {
  return configuration <= FilterConfiguration::kSerial3;
}

struct FilterBlockModel {
  FilterConfiguration configuration = FilterConfiguration::kSerial1;
  FilterModel filter1;
  FilterModel filter2;
  WaveshaperType waveshaper = WaveshaperType::kOff;
};

// Values of one block; those of `Gains` move to it in straight lines.
struct FilterBlockControls {
  // Semitones from A440, and nominally 0 to 1.
  float cutoff1 = 0.0f;
  float resonance1 = 0.0f;
  float cutoff2 = 0.0f;
  float resonance2 = 0.0f;

  struct Gains {
    float mix1 = 1.0f;
    float mix2 = 1.0f;
    float drive = 1.0f;
    float gain = 0.0f;  // of the voice, before the tap for the feedback
    float feedback = 0.0f;
    // Of the first and second output signal to the left and right.
    float first_left = 0.0f;
    float first_right = 0.0f;
    float second_left = 0.0f;
    float second_right = 0.0f;
  } gains;
};

// `start` once per note, then per block `set_controls` and `process`. Only construction allocates.
class FilterBlock {
 public:
  static constexpr std::size_t kSamples = kFilterBlockSamples;
  using Input = std::span<const float, kSamples>;
  using Output = std::span<float, kSamples>;

  FilterBlock(const FilterTables& filter_tables, const WaveshaperTables& waveshaper_tables);

  // Clears all state. `gains` are those from which the first block sets out.
  void start(const FilterBlockModel& model, const FilterBlockControls::Gains& gains) noexcept;

  void set_controls(const FilterBlockControls& controls) noexcept;

  // Adds to `left`, and to `right` unless that is null. The inputs are those of filter 1 and 2,
  // or left and right where the configuration is wide.
  void process(Input input1, Input input2, float* left, float* right) noexcept;

 private:
  using Signal = std::array<float, kSamples>;

  bool shaped() const { return model_.waveshaper != WaveshaperType::kOff; }
  float smooth(float x);
  void shape_smoothed(Signal& x);

  void serial_straight(Input input1, Input input2, Signal& x, bool second_in_loop);
  template <FilterConfiguration kConfiguration>
  void with_feedback(Input input1, Input input2, Signal& x, Signal& y);
  void dual_straight(Input input1, Input input2, Signal& x, Signal& y);
  void wide_straight(Input input1, Input input2, Signal& x, Signal& y);
  void wide_with_feedback(Input input1, Input input2, Signal& x, Signal& y);

  FilterBlockModel model_;
  // The mono units serve all arrangements but the wide one.
  Filter<float> filter1_;
  Filter<float> filter2_;
  Filter<Pair> wide_filter1_;
  Filter<Pair> wide_filter2_;
  Waveshaper<float> waveshaper_;
  Waveshaper<Pair> wide_waveshaper_;
  float smoothed_ = 0.0f;                   // what the shaper sees
  std::array<float, 2> feedback_memory_{};  // of the last sample; the second is of the right side

  Ramp mix1_ramp_, mix2_ramp_, drive_ramp_, gain_ramp_, feedback_ramp_;
  Ramp first_left_, first_right_, second_left_, second_right_;
  Signal mix1_, mix2_, drive_, gain_, feedback_;
};

}  // namespace synthrl::surge
