#include "surge/filters/filter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "surge/filters/biquad.h"
#include "surge/filters/comb.h"
#include "surge/filters/diode_ladder.h"
#include "surge/filters/fast_svf.h"
#include "surge/filters/k35.h"
#include "surge/filters/legacy_ladder.h"
#include "surge/filters/obxd.h"
#include "surge/filters/sample_and_hold.h"
#include "surge/filters/standard_svf.h"
#include "surge/filters/tri_pole.h"
#include "surge/filters/vintage_ladder.h"
#include "surge/filters/warp.h"

namespace synthrl::surge {
namespace {

// Controls and signals are limited to these, far beyond what any patch can reach, so that nothing
// overflows. Not a number becomes the lower limit.
constexpr float kMaxCutoff = 300.0f;  // semitones from A440
constexpr float kMaxResonance = 20.0f;
constexpr float kMaxInput = 1e5f;

// Subtypes of lowpass, highpass and bandpass.
enum : int { kStandard, kDriven, kClean, kDrivenLegacy, kCleanLegacy };

Response response_of(FilterType type) {
  switch (type) {
    case FilterType::kHighpass12:
    case FilterType::kHighpass24:
    case FilterType::kCutoffWarpHighpass:
    case FilterType::kResonanceWarpHighpass:
      return Response::kHighpass;
    case FilterType::kBandpass12:
    case FilterType::kBandpass24:
    case FilterType::kCutoffWarpBandpass:
    case FilterType::kResonanceWarpBandpass:
      return Response::kBandpass;
    case FilterType::kNotch12:
    case FilterType::kNotch24:
    case FilterType::kCutoffWarpNotch:
    case FilterType::kResonanceWarpNotch:
      return Response::kNotch;
    case FilterType::kAllpass:
    case FilterType::kCutoffWarpAllpass:
    case FilterType::kResonanceWarpAllpass:
      return Response::kAllpass;
    default:
      return Response::kLowpass;
  }
}

// ---- Coefficients ----

struct Controls {
  float cutoff_semitones;
  float resonance;
};

void submit_plain(CoefficientRamp& ramp, const FilterTables& tables, const FilterModel& model,
                  const Controls& controls) {
  const Response response = response_of(model.type);
  const bool steep = model.type == FilterType::kLowpass24 ||
                     model.type == FilterType::kHighpass24 || model.type == FilterType::kBandpass24;
  const Slope slope = steep ? Slope::k24 : Slope::k12;
  const auto [cutoff, resonance] = controls;
  switch (model.subtype) {
    case kDriven:
      ramp.submit(driven_coefficients(tables, response, slope, cutoff, resonance));
      break;
    case kClean:
      ramp.submit(clean_coefficients(tables, response, slope, cutoff, resonance));
      break;
    // Old patches smoothed the two designs into one.
    case kDrivenLegacy:
      ramp.submit(driven_coefficients(tables, response, Slope::k12, cutoff, resonance));
      ramp.submit(driven_coefficients(tables, response, Slope::k24, cutoff, resonance));
      break;
    case kCleanLegacy:
      ramp.submit(clean_coefficients(tables, response, Slope::k12, cutoff, resonance));
      ramp.submit(clean_coefficients(tables, response, Slope::k24, cutoff, resonance));
      break;
    default: {
      const float overdrive = steep && response != Response::kBandpass ? 0.1f : 0.15f;
      ramp.submit(standard_svf_coefficients(tables.sample_rate_hz(), cutoff, resonance, overdrive));
      break;
    }
  }
}

Coefficients vintage_ladder_coefficients(float sample_rate_hz, int subtype, float frequency_hz,
                                         float resonance) {
  const bool compensated = subtype % 2 == 1;
  switch (subtype / 2) {
    case 0:
      return runge_kutta_ladder_coefficients(sample_rate_hz, frequency_hz, resonance, compensated);
    case 1:
      return huovilainen_ladder_coefficients(sample_rate_hz, frequency_hz, resonance, compensated);
    default:
      return huovilainen_2010_ladder_coefficients(sample_rate_hz, frequency_hz, resonance,
                                                  compensated);
  }
}

// Of all types with one set of coefficients per block.
Coefficients coefficients_of(const FilterTables& tables, const FilterModel& model,
                             const Controls& controls) {
  const float rate = tables.sample_rate_hz();
  const auto [cutoff, resonance] = controls;
  const float limited_hz = tables.limited_frequency_hz(cutoff);
  const Response response = response_of(model.type);
  switch (model.type) {
    case FilterType::kNotch12:
    case FilterType::kNotch24:
    case FilterType::kAllpass:
      return notch_coefficients(tables, response, model.subtype == 1, cutoff, resonance);
    case FilterType::kLegacyLadder:
      return legacy_ladder_coefficients(rate, cutoff, resonance);
    case FilterType::kCombPositive:
    case FilterType::kCombNegative: {
      const float feedback = std::clamp(resonance, 0.0f, 1.0f);
      return comb_coefficients(rate, cutoff,
                               model.type == FilterType::kCombPositive ? feedback : -feedback,
                               model.legacy_comb_tuning, longest_delay(kVoiceCombCapacity));
    }
    case FilterType::kSampleAndHold:
      return sample_and_hold_coefficients(rate, cutoff, resonance);
    case FilterType::kVintageLadder:
      return vintage_ladder_coefficients(rate, model.subtype, limited_hz, resonance);
    case FilterType::kObxd12Lowpass:
    case FilterType::kObxd12Highpass:
    case FilterType::kObxd12Bandpass:
    case FilterType::kObxd12Notch:
      return obxd_two_pole_coefficients(rate, cutoff, resonance);
    case FilterType::kObxd24Lowpass:
    case FilterType::kXpander:
      return obxd_four_pole_coefficients(rate, cutoff, resonance);
    case FilterType::kK35Lowpass:
      return k35_coefficients(rate, K35Response::kLowpass, limited_hz, resonance,
                              static_cast<float>(model.subtype));
    case FilterType::kK35Highpass:
      return k35_coefficients(rate, K35Response::kHighpass, limited_hz, resonance,
                              static_cast<float>(model.subtype));
    case FilterType::kDiodeLadder:
      return diode_ladder_coefficients(rate, limited_hz, resonance);
    case FilterType::kCutoffWarpLowpass:
    case FilterType::kCutoffWarpHighpass:
    case FilterType::kCutoffWarpNotch:
    case FilterType::kCutoffWarpBandpass:
    case FilterType::kCutoffWarpAllpass:
      return cutoff_warp_coefficients(rate, response, model.subtype, limited_hz, resonance);
    case FilterType::kResonanceWarpLowpass:
    case FilterType::kResonanceWarpHighpass:
    case FilterType::kResonanceWarpNotch:
    case FilterType::kResonanceWarpBandpass:
    case FilterType::kResonanceWarpAllpass:
      return resonance_warp_coefficients(rate, response, limited_hz, resonance);
    case FilterType::kTriPole:
      return tri_pole_coefficients(rate, limited_hz, resonance);
    case FilterType::kFastSvf:
      return fast_svf_coefficients(rate, static_cast<FastSvfResponse>(model.subtype), cutoff,
                                   resonance);
    default:
      return {};
  }
}

// ---- Kernels ----

struct Bypass {
  template <Lanes S>
  struct State {};

  template <Lanes S>
  static S tick(State<S>&, CoefficientRamp&, S input) {
    return input;
  }
};

template <Lanes S, class Algorithm>
void clear(FilterState<S>& state, DelayLine<S>& line) {
  auto& cleared = state.template emplace<typename Algorithm::template State<S>>();
  if constexpr (requires { cleared.line; }) {
    line.clear();
    cleared.line = &line;
  }
}

template <Lanes S, class Algorithm>
S process_sample(FilterState<S>& state, CoefficientRamp& ramp, S input) {
  return Algorithm::tick(state.template get<typename Algorithm::template State<S>>(), ramp,
                         clamp(input, -kMaxInput, kMaxInput));
}

template <Lanes S, class Algorithm>
void process_block(FilterState<S>& state, CoefficientRamp& ramp, std::span<S> samples) {
  // Copies, which cannot alias the samples, stay in registers.
  auto& stored = state.template get<typename Algorithm::template State<S>>();
  auto running = stored;
  CoefficientRamp coefficients = ramp;
  for (S& sample : samples) {
    sample = Algorithm::tick(running, coefficients, clamp(sample, -kMaxInput, kMaxInput));
  }
  stored = running;
  ramp = coefficients;
}

template <Lanes S, class Algorithm>
constexpr typename Filter<S>::Kernel kernel_of() {
  return {.clear = &clear<S, Algorithm>,
          .sample = &process_sample<S, Algorithm>,
          .block = &process_block<S, Algorithm>};
}

// The kernel of `Algorithm<subtype>`.
template <Lanes S, template <std::size_t> class Algorithm, std::size_t kCount>
typename Filter<S>::Kernel kernel_of_subtype(int subtype) {
  static constexpr auto kKernels = []<std::size_t... kSubtype>(std::index_sequence<kSubtype...>) {
    return std::array{kernel_of<S, Algorithm<kSubtype>>()...};
  }(std::make_index_sequence<kCount>());
  return kKernels[static_cast<std::size_t>(subtype)];
}

template <Lanes S, Response kResponse, std::size_t kSections>
typename Filter<S>::Kernel plain_kernel(int subtype) {
  switch (subtype) {
    case kDriven:
    case kDrivenLegacy:
      return kernel_of<S, CoupledBiquad<kSections>>();
    case kClean:
    case kCleanLegacy:
      return kernel_of<S, LatticeBiquad<kSections>>();
    default:
      return kernel_of<S, StandardSvf<kResponse, kSections>>();
  }
}

template <Lanes S>
typename Filter<S>::Kernel comb_kernel(int subtype) {
  return subtype == 0 ? kernel_of<S, Comb<CombMix::kHalfWet>>()
                      : kernel_of<S, Comb<CombMix::kWet>>();
}

template <Lanes S>
typename Filter<S>::Kernel vintage_ladder_kernel(int subtype) {
  switch (subtype / 2) {
    case 0:
      return kernel_of<S, RungeKuttaLadder>();
    case 1:
      return kernel_of<S, HuovilainenLadder>();
    default:
      return kernel_of<S, Huovilainen2010Ladder>();
  }
}

template <Lanes S, Response kResponse>
typename Filter<S>::Kernel obxd_two_pole_kernel(int subtype) {
  return subtype == 0 ? kernel_of<S, ObxdTwoPole<kResponse, false>>()
                      : kernel_of<S, ObxdTwoPole<kResponse, true>>();
}

template <Lanes S>
typename Filter<S>::Kernel obxd_lowpass_kernel(int subtype) {
  // The first four are those of the Xpander.
  constexpr int kLegacy = 4;
  return kernel_of_subtype<S, ObxdFourPole, kPoleMixes.size()>(
      subtype == kLegacy ? static_cast<int>(kLegacyLowpassMix) : subtype);
}

template <Lanes S, K35Response kResponse>
typename Filter<S>::Kernel k35_kernel(int subtype) {
  return subtype == 0 ? kernel_of<S, K35<kResponse, false>>()
                      : kernel_of<S, K35<kResponse, true>>();
}

// Subtypes are the mode, and from fourth to fourth the output.
template <std::size_t kSubtype>
using TriPoleSubtype = TriPole<static_cast<TriPoleMode>(kSubtype % 4), kSubtype / 4>;

template <Lanes S>
typename Filter<S>::Kernel kernel_of_model(const FilterModel& model) {
  switch (model.type) {
    case FilterType::kOff:
      return kernel_of<S, Bypass>();
    case FilterType::kLowpass12:
      return plain_kernel<S, Response::kLowpass, 1>(model.subtype);
    case FilterType::kLowpass24:
      return plain_kernel<S, Response::kLowpass, 2>(model.subtype);
    case FilterType::kHighpass12:
      return plain_kernel<S, Response::kHighpass, 1>(model.subtype);
    case FilterType::kHighpass24:
      return plain_kernel<S, Response::kHighpass, 2>(model.subtype);
    case FilterType::kBandpass12:
      return plain_kernel<S, Response::kBandpass, 1>(model.subtype);
    case FilterType::kBandpass24:
      return plain_kernel<S, Response::kBandpass, 2>(model.subtype);
    case FilterType::kNotch12:
    case FilterType::kAllpass:
      return kernel_of<S, LatticeBiquad<1>>();
    case FilterType::kNotch24:
      return kernel_of<S, LatticeBiquad<2>>();
    case FilterType::kLegacyLadder:
      return kernel_of_subtype<S, LegacyLadder, 4>(model.subtype);
    case FilterType::kCombPositive:
    case FilterType::kCombNegative:
      return comb_kernel<S>(model.subtype);
    case FilterType::kSampleAndHold:
      return kernel_of<S, SampleAndHold>();
    case FilterType::kVintageLadder:
      return vintage_ladder_kernel<S>(model.subtype);
    case FilterType::kObxd12Lowpass:
      return obxd_two_pole_kernel<S, Response::kLowpass>(model.subtype);
    case FilterType::kObxd12Highpass:
      return obxd_two_pole_kernel<S, Response::kHighpass>(model.subtype);
    case FilterType::kObxd12Bandpass:
      return obxd_two_pole_kernel<S, Response::kBandpass>(model.subtype);
    case FilterType::kObxd12Notch:
      return obxd_two_pole_kernel<S, Response::kNotch>(model.subtype);
    case FilterType::kObxd24Lowpass:
      return obxd_lowpass_kernel<S>(model.subtype);
    case FilterType::kXpander:
      return kernel_of_subtype<S, ObxdFourPole, kPoleMixes.size()>(model.subtype);
    case FilterType::kK35Lowpass:
      return k35_kernel<S, K35Response::kLowpass>(model.subtype);
    case FilterType::kK35Highpass:
      return k35_kernel<S, K35Response::kHighpass>(model.subtype);
    case FilterType::kDiodeLadder:
      return kernel_of_subtype<S, DiodeLadder, 4>(model.subtype);
    case FilterType::kCutoffWarpLowpass:
    case FilterType::kCutoffWarpHighpass:
    case FilterType::kCutoffWarpNotch:
    case FilterType::kCutoffWarpBandpass:
    case FilterType::kCutoffWarpAllpass:
      return kernel_of_subtype<S, CutoffWarp, 12>(model.subtype);
    case FilterType::kResonanceWarpLowpass:
    case FilterType::kResonanceWarpHighpass:
    case FilterType::kResonanceWarpNotch:
    case FilterType::kResonanceWarpBandpass:
    case FilterType::kResonanceWarpAllpass:
      return kernel_of_subtype<S, ResonanceWarp, 8>(model.subtype);
    case FilterType::kTriPole:
      return kernel_of_subtype<S, TriPoleSubtype, 12>(model.subtype);
    case FilterType::kFastSvf:
      return kernel_of<S, FastSvf>();
  }
  return kernel_of<S, Bypass>();
}

}  // namespace

template <Lanes S>
Filter<S>::Filter(const FilterTables& tables)
    : tables_(&tables), delay_line_(std::make_unique<DelayLine<S>>(tables, kVoiceCombCapacity)) {
  start({});
}

template <Lanes S>
void Filter<S>::start(const FilterModel& model) noexcept {
  model_ = model;
  model_.subtype = std::clamp(model.subtype, 0, std::max(0, num_filter_subtypes(model.type) - 1));
  ramp_.restart();
  kernel_ = kernel_of_model<S>(model_);
  kernel_.clear(state_, *delay_line_);
}

template <Lanes S>
void Filter<S>::set_controls(float cutoff_semitones, float resonance) noexcept {
  const Controls controls = {clamp(cutoff_semitones, -kMaxCutoff, kMaxCutoff),
                             clamp(resonance, -kMaxResonance, kMaxResonance)};
  switch (model_.type) {
    case FilterType::kOff:
      break;
    case FilterType::kLowpass12:
    case FilterType::kLowpass24:
    case FilterType::kHighpass12:
    case FilterType::kHighpass24:
    case FilterType::kBandpass12:
    case FilterType::kBandpass24:
      submit_plain(ramp_, *tables_, model_, controls);
      break;
    default:
      ramp_.submit(coefficients_of(*tables_, model_, controls));
      break;
  }
}

template class Filter<float>;
template class Filter<Pair>;

}  // namespace synthrl::surge
