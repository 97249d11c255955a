#include "surge/waveshapers/waveshaper.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "surge/dsp/estimates.h"
#include "surge/dsp/saturation.h"
#include "surge/waveshapers/folds.h"

namespace synthrl::surge {
namespace {

// The driven input is limited to this, far beyond the range of every curve, so that no curve
// overflows. Not a number becomes the limit.
constexpr float kMaxLevel = 1e6f;

template <Lanes S>
S driven(S input, float drive) {
  return clamp(input * drive, -kMaxLevel, kMaxLevel);
}

// ---- Parts of shapers ----

template <Lanes S>
S hard_clip(S input, float drive) {
  return clamp(input * drive, -1.0f, 1.0f);
}

// Rational approximant of tanh, which reaches +-1 at +-3.
template <Lanes S>
S soft_saturation(S input, float drive) {
  const S u = driven(input, drive);
  const S squared = u * u;
  return clamp(u * (27.0f + squared) * reciprocal_estimate(27.0f + 9.0f * squared), -1.0f, 1.0f);
}

// Takes away what is constant. The step at the start of a block is lost, which leaves an offset.
template <Lanes S>
S block_dc(WaveshaperState<S>& state, S input, bool restart) {
  const S step = restart ? splat<S>(0.0f) : input - state.blocker_input;
  state.blocker_input = input;
  state.blocker_output = step + 0.9999f * state.blocker_output;
  return state.blocker_output;
}

// The mean of a curve between two successive inputs, from its antiderivative. `curve` returns the
// `CurvePoint` of an input.
template <class Curve, Lanes S>
S antialiased(WaveshaperState<S>& state, S input, bool restart, const Curve& curve) {
  const CurvePoint<S> point = curve(input);
  const S step = input - state.curve_input;
  const S mean = (point.area - state.curve_area) * reciprocal_estimate(step);
  state.curve_input = input;
  state.curve_area = point.area;
  return restart ? point.value : select(magnitude(step) < 0.0001f, point.value, mean);
}

// `position` is in entries, limited to the curve.
inline float interpolated(const WaveshaperTables::Curve& curve, float position) {
  const auto index = std::min(static_cast<std::size_t>(position), curve.size() - 2);
  const float fraction = position - static_cast<float>(index);
  return curve[index] + fraction * (curve[index + 1] - curve[index]);
}

// `input` is between -1 and 1.
template <Lanes S>
S look_up(const WaveshaperTables::Curve& curve, S input) {
  const float half = 0.5f * static_cast<float>(curve.size() - 1);
  return map_lanes(half * input + half, [&curve](float x) { return interpolated(curve, x); });
}

// From the nearest entry towards the next, on both of its sides.
template <Lanes S>
S look_up_classic(const std::array<float, WaveshaperTables::kClassicPoints>& curve, S position) {
  constexpr float kLast = static_cast<float>(WaveshaperTables::kClassicPoints - 2);
  const S nearest = round_half_even(position);
  const S offset = position - nearest;
  const S index = clamp(nearest, 0.0f, kLast);
  const S entry = map_lanes(index, [&curve](float i) { return curve[static_cast<unsigned>(i)]; });
  const S next =
      map_lanes(index, [&curve](float i) { return curve[static_cast<unsigned>(i) + 1]; });
  return (1.0f - offset) * entry + offset * next;
}

// Chebyshev polynomials: harmonics of a full-scale sine.
template <Lanes S>
struct Harmonics {
  explicit Harmonics(S x)
      : first(x),
        second(2.0f * x * x - 1.0f),
        third(2.0f * x * second - first),
        fourth(2.0f * x * third - second),
        fifth(2.0f * x * fourth - third) {}

  S first;
  S second;
  S third;
  S fourth;
  S fifth;
};

// ---- Shapers: a `shape` function each, in the order of the types ----

struct Bypass {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables&, S input, float, bool) {
    return input;
  }
};

struct Soft {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables&, S input, float drive, bool) {
    return soft_saturation(input, drive);
  }
};

struct Hard {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables&, S input, float drive, bool) {
    return hard_clip(input, drive);
  }
};

struct Asymmetric {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables& tables, S input, float drive, bool) {
    // The limit is that of exact rounding.
    return look_up_classic<S>(tables.asymmetric,
                              clamp(32.0f * drive * input + 512.0f, -kMaxLevel, kMaxLevel));
  }
};

struct Sine {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables& tables, S input, float drive, bool) {
    return look_up_classic<S>(tables.sine,
                              clamp(256.0f * drive * input + 512.0f, -kMaxLevel, kMaxLevel));
  }
};

struct Digital {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables&, S input, float drive, bool) {
    // A drive beyond this has no effect: the steps are then larger or smaller than any signal.
    const float limited = std::clamp(drive, 1e-9f, 1e9f);
    const S steps = clamp(input * (16.0f * reciprocal_estimate(limited)), -kMaxLevel, kMaxLevel);
    return (limited * 0.0625f) * (round_half_even<S>(steps + 0.5f) - 0.5f);
  }
};

// One harmonic of a full-scale sine.
template <int kHarmonic>
struct SoftHarmonic {
  template <Lanes S>
  static S shape(WaveshaperState<S>& state, const WaveshaperTables&, S input, float drive,
                 bool restart) {
    const Harmonics<S> harmonics(clamp(input, -1.0f, 1.0f));
    return soft_saturation(block_dc(state, pick(harmonics), restart), drive);
  }

 private:
  template <Lanes S>
  static S pick(const Harmonics<S>& harmonics) {
    if constexpr (kHarmonic == 2) return harmonics.second;
    if constexpr (kHarmonic == 3) return harmonics.third;
    if constexpr (kHarmonic == 4) return harmonics.fourth;
    if constexpr (kHarmonic == 5) return harmonics.fifth;
  }
};

enum class Rectification { kFull, kPositive, kNegative };

template <Rectification kRectification>
struct Rectifier {
  template <Lanes S>
  static S shape(WaveshaperState<S>& state, const WaveshaperTables&, S input, float drive,
                 bool restart) {
    return antialiased(state, hard_clip(input, drive), restart, [](S x) -> CurvePoint<S> {
      if constexpr (kRectification == Rectification::kFull) {
        return {.value = magnitude(x), .area = 0.5f * x * magnitude(x)};
      } else {
        const S zero = splat<S>(0.0f);
        const S part =
            kRectification == Rectification::kPositive ? maximum(x, zero) : minimum(x, zero);
        return {.value = part, .area = 0.5f * part * part};
      }
    });
  }
};

struct SoftRectifier {
  template <Lanes S>
  static S shape(WaveshaperState<S>& state, const WaveshaperTables&, S input, float drive,
                 bool restart) {
    const S limited = clamp(input, -kMaxLevel, kMaxLevel);
    const S rectified = antialiased(state, limited, restart, [](S x) -> CurvePoint<S> {
      return {.value = 2.0f * magnitude(x) - 1.0f, .area = x * magnitude(x) - x};
    });
    return soft_saturation(block_dc(state, rectified, restart), drive);
  }
};

template <const auto& kCurve>
struct Fold {
  template <Lanes S>
  static S shape(WaveshaperState<S>& state, const WaveshaperTables&, S input, float drive,
                 bool restart) {
    return antialiased(state, driven(input, drive), restart, kCurve);
  }
};

enum class Additive { k12, k13, k14, k15, k12345, kSaw3, kSquare3 };

// Several harmonics of a full-scale sine.
template <Additive kMix>
struct AdditiveShaper {
  template <Lanes S>
  static S shape(WaveshaperState<S>& state, const WaveshaperTables&, S input, float drive,
                 bool restart) {
    constexpr float kScale = kMix == Additive::kSaw3 ? -0.66f : 0.66f;
    const S mixed = mix(Harmonics<S>(soft_saturation<S>(kScale * input, drive)));
    // Odd harmonics alone have no constant part.
    constexpr bool kOdd =
        kMix == Additive::k13 || kMix == Additive::k15 || kMix == Additive::kSquare3;
    return kOdd ? mixed : block_dc(state, mixed, restart);
  }

 private:
  template <Lanes S>
  static S mix(const Harmonics<S>& h) {
    if constexpr (kMix == Additive::k12) return 0.5f * (h.first + h.second);
    if constexpr (kMix == Additive::k13) return 0.5f * (h.first + h.third);
    if constexpr (kMix == Additive::k14) return 0.5f * (h.first + h.fourth);
    if constexpr (kMix == Additive::k15) return 0.5f * (h.first + h.fifth);
    if constexpr (kMix == Additive::k12345) {
      return 0.2f * (h.first + h.second + h.third + h.fourth + h.fifth);
    }
    if constexpr (kMix == Additive::kSaw3) {
      return (0.9f / 1.75f) * (0.5f * h.second - h.first - 0.25f * h.third);
    }
    if constexpr (kMix == Additive::kSquare3) {
      return (0.9f / 0.8125f) * (h.first - 0.25f * h.third + 0.0625f * h.fifth);
    }
  }
};

enum class Clip { kHard, kSoft };

template <Clip kClip, Lanes S>
S clipped(S input, float drive) {
  return kClip == Clip::kHard ? hard_clip(input, drive) : soft_saturation(input, drive);
}

template <Clip kClip, WaveshaperTables::Curve WaveshaperTables::* kCurve>
struct Fuzz {
  template <Lanes S>
  static S shape(WaveshaperState<S>& state, const WaveshaperTables& tables, S input, float drive,
                 bool restart) {
    return block_dc(state, look_up(tables.*kCurve, clipped<kClip>(input, drive)), restart);
  }
};

struct SinPlusX {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables& tables, S input, float drive, bool) {
    return look_up(tables.sin_plus_x, hard_clip(input, drive));
  }
};

// Indices of the tables of sines, by half cycles per unit.
enum : std::size_t { k2HalfCycles, k3HalfCycles, k7HalfCycles, k10HalfCycles };

template <std::array<WaveshaperTables::Curve, 4> WaveshaperTables::* kCurves, std::size_t kIndex>
struct Sines {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables& tables, S input, float drive, bool) {
    return look_up((tables.*kCurves)[kIndex], hard_clip(input, drive));
  }
};

struct Medium {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables&, S input, float drive, bool) {
    const S u = hard_clip(input, drive);
    return 2.0f * u - u * magnitude(u);
  }
};

struct Ojd {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables&, S input, float drive, bool) {
    return asymmetric_overdrive(driven(input, drive));
  }
};

struct SoftSingleFold {
  template <Lanes S>
  static S shape(WaveshaperState<S>&, const WaveshaperTables&, S input, float drive, bool) {
    const S u = driven(input, drive);
    return u * reciprocal_estimate(0.4f + 0.7f * u * u);
  }
};

// ---- Kernels ----

template <Lanes S, class Shaper>
S process_sample(WaveshaperState<S>& state, const WaveshaperTables& tables, S input, float drive) {
  const bool restart = state.block_start;
  state.block_start = false;
  return Shaper::shape(state, tables, input, drive, restart);
}

template <Lanes S, class Shaper>
void process_block(WaveshaperState<S>& state, const WaveshaperTables& tables, std::span<S> samples,
                   std::span<const float> drive) {
  if (samples.empty()) return;
  samples[0] = process_sample<S, Shaper>(state, tables, samples[0], drive[0]);
  // A copy, which cannot alias the samples, stays in registers.
  WaveshaperState<S> running = state;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    samples[i] = Shaper::shape(running, tables, samples[i], drive[i], false);
  }
  state = running;
}

template <Lanes S, class... Shapers>
constexpr std::array<typename Waveshaper<S>::Kernel, sizeof...(Shapers)> kernels_of() {
  return {{{.sample = &process_sample<S, Shapers>, .block = &process_block<S, Shapers>}...}};
}

template <Lanes S>
constexpr auto kKernels =
    kernels_of<S, Bypass, Soft, Hard, Asymmetric, Sine, Digital,                      //
               SoftHarmonic<2>, SoftHarmonic<3>, SoftHarmonic<4>, SoftHarmonic<5>,    //
               Rectifier<Rectification::kFull>, Rectifier<Rectification::kPositive>,  //
               Rectifier<Rectification::kNegative>, SoftRectifier,                    //
               Fold<kSingleFold>, Fold<kDoubleFold>, Fold<kWestCoastFold>,            //
               AdditiveShaper<Additive::k12>, AdditiveShaper<Additive::k13>,          //
               AdditiveShaper<Additive::k14>, AdditiveShaper<Additive::k15>,          //
               AdditiveShaper<Additive::k12345>, AdditiveShaper<Additive::kSaw3>,     //
               AdditiveShaper<Additive::kSquare3>,                                    //
               Fuzz<Clip::kHard, &WaveshaperTables::fuzz>,                            //
               Fuzz<Clip::kSoft, &WaveshaperTables::fuzz>,                            //
               Fuzz<Clip::kHard, &WaveshaperTables::heavy_fuzz>,                      //
               Fuzz<Clip::kSoft, &WaveshaperTables::fuzz_center>,                     //
               Fuzz<Clip::kSoft, &WaveshaperTables::fuzz_edge>,                       //
               SinPlusX,                                                              //
               Sines<&WaveshaperTables::sin_n_plus_x, k2HalfCycles>,                  //
               Sines<&WaveshaperTables::sin_n_plus_x, k3HalfCycles>,                  //
               Sines<&WaveshaperTables::sin_n_plus_x, k7HalfCycles>,                  //
               Sines<&WaveshaperTables::sin_n_plus_x, k10HalfCycles>,                 //
               Sines<&WaveshaperTables::cycle, k2HalfCycles>,                         //
               Sines<&WaveshaperTables::cycle, k7HalfCycles>,                         //
               Sines<&WaveshaperTables::cycle, k10HalfCycles>,                        //
               Sines<&WaveshaperTables::cycle_bound, k2HalfCycles>,                   //
               Sines<&WaveshaperTables::cycle_bound, k7HalfCycles>,                   //
               Sines<&WaveshaperTables::cycle_bound, k10HalfCycles>,                  //
               Medium, Ojd, SoftSingleFold>();
static_assert(kKernels<float>.size() == kNumWaveshaperTypes);

}  // namespace

template <Lanes S>
void Waveshaper<S>::start(WaveshaperType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  type_ = index < kKernels<S>.size() ? type : WaveshaperType::kOff;
  kernel_ = kKernels<S>[static_cast<std::size_t>(type_)];
  state_ = {};
}

template class Waveshaper<float>;
template class Waveshaper<Pair>;

}  // namespace synthrl::surge
