// A filter unit of a voice: type and subtype, coefficients, state.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "surge/dsp/lanes.h"
#include "surge/filters/coefficients.h"
#include "surge/filters/delay_line.h"
#include "surge/filters/filter_state.h"
#include "surge/filters/filter_tables.h"

namespace synthrl::surge {

// Numbered as in patches of the current revision.
enum class FilterType : std::uint8_t {
  kOff = 0,
  kLowpass12 = 1,
  kLowpass24 = 2,
  kLegacyLadder = 3,
  kHighpass12 = 4,
  kHighpass24 = 5,
  kBandpass12 = 6,
  kNotch12 = 7,
  kCombPositive = 8,
  kSampleAndHold = 9,
  kVintageLadder = 10,
  kObxd12Lowpass = 11,
  kObxd24Lowpass = 12,
  kK35Lowpass = 13,
  kK35Highpass = 14,
  kDiodeLadder = 15,
  kCutoffWarpLowpass = 16,
  kCutoffWarpHighpass = 17,
  kCutoffWarpNotch = 18,
  kCutoffWarpBandpass = 19,
  kObxd12Highpass = 20,
  kObxd12Notch = 21,
  kObxd12Bandpass = 22,
  kBandpass24 = 23,
  kNotch24 = 24,
  kCombNegative = 25,
  kAllpass = 26,
  kCutoffWarpAllpass = 27,
  kResonanceWarpLowpass = 28,
  kResonanceWarpHighpass = 29,
  kResonanceWarpNotch = 30,
  kResonanceWarpBandpass = 31,
  kResonanceWarpAllpass = 32,
  kTriPole = 33,
  kFastSvf = 34,
  kXpander = 35,
};
inline constexpr int kNumFilterTypes = 36;

// Number of subtypes of a type; 0 if it has none. Subtypes are stored as 0 to this less 1.
int num_filter_subtypes(FilterType type);

struct FilterModel {
  FilterType type = FilterType::kOff;
  int subtype = 0;                  // limited to those of the type
  bool legacy_comb_tuning = false;  // combs of old patches are 6 samples short
};

// One channel (`S` = float), or two with the same controls and separate states (`S` = Pair).
// `start` once per note; then per block `set_controls` and either `kFilterBlockSamples` calls of
// `process(S)`, or one of `process(std::span<S>)` with as many samples. Only construction
// allocates.
template <Lanes S>
class Filter {
 public:
  explicit Filter(const FilterTables& tables);

  // Clears all state; coefficients start at those of the first block.
  void start(const FilterModel& model) noexcept;

  bool active() const { return model_.type != FilterType::kOff; }

  // `cutoff_semitones` is relative to A440. Neither value need be in its nominal range: every
  // family limits them as it must. Resonance is nominally 0 to 1.
  void set_controls(float cutoff_semitones, float resonance) noexcept;

  // Off returns the input.
  S process(S input) noexcept { return kernel_.sample(state_, ramp_, input); }
  void process(std::span<S> samples) noexcept { kernel_.block(state_, ramp_, samples); }

  // A kernel per algorithm, chosen when the filter starts.
  struct Kernel {
    void (*clear)(FilterState<S>&, DelayLine<S>&);
    S (*sample)(FilterState<S>&, CoefficientRamp&, S input);
    void (*block)(FilterState<S>&, CoefficientRamp&, std::span<S> samples);
  };

 private:
  const FilterTables* tables_;
  FilterModel model_;
  Kernel kernel_{};
  CoefficientRamp ramp_;
  FilterState<S> state_;
  std::unique_ptr<DelayLine<S>> delay_line_;
};

extern template class Filter<float>;
extern template class Filter<Pair>;

}  // namespace synthrl::surge
