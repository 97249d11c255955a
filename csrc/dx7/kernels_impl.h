// The kernels, written once in vectors of any width. Each kernels_<instruction set>.cc compiles
// this for its own.
//
// Nothing here may call a function of another header that could be compiled out of line: see
// vectors.h.
#pragma once

#include "dx7/kernels.h"
#include "dx7/vectors.h"

namespace synthrl::dx7 {
namespace {

constexpr std::size_t kBlockVectors = static_cast<std::size_t>(kBlock) / kWidth;
constexpr std::uint32_t kHalf = 1u << 31;
constexpr std::int32_t kOneQ24 = 1 << 24;
constexpr std::int32_t kMask24 = kOneQ24 - 1;

// a + (b − a) · fraction / 2^14, rounded down. The difference wraps.
SYNTHRL_INLINE Int interpolate(Int a, Int b, Int fraction) {
  const Int slope = (Int)((Uint)b - (Uint)a);
  const Uint coarse = (Uint)(slope >> 14) * (Uint)fraction;
  const Uint fine = ((Uint)(slope & 0x3fff) * (Uint)fraction) >> 14;
  return (Int)((Uint)a + coarse + fine);
}

SYNTHRL_INLINE Int look_up(const std::int32_t* table, Int index, Int fraction) {
  return interpolate(gather(table, index), gather(table, index + 1), fraction);
}

// ---- The three engines' operators.

// Log-domain operator of the DX7 Mark I: 1/1024-octave attenuation, 14-bit output.
class Mark1Wave {
 public:
  static constexpr int kRawShift = 0;  // from a signal to 16 bits
  static constexpr float kScale = 0x1p-12f;

  static Int gain(Int level) { return 16384 - (level >> 14); }
  static Int first_gain(Int stored) { return select(stored == 0, splat(16383), stored); }
  static Int active(Int from, Int to) { return (from <= 16284) | (to <= 16284); }

  explicit Mark1Wave(const KernelTables& tables) : tables_(tables) {
#if defined(__AVX512BW__)
    for (int i = 0; i < 2; ++i) {
      coarse_[i] = _mm512_loadu_ps(tables.mantissa_coarse + 16 * i);
      fine_[i] = _mm512_loadu_ps(tables.mantissa_fine + 16 * i);
    }
#endif
  }

  SYNTHRL_INLINE Int operator()(Uint phase, Int gain) const {
    // Modulo 2^16; what is above does not matter.
    const Int e = gather16(tables_.log_sine, (Int)(phase >> 20)) + gain;
    // A negative half-cycle is the one's complement and so never 0.
#if defined(__AVX512BW__)
    const __m512i bits = (__m512i)e;
    // Counts of 16 and more clear a half, so that the one of the upper halves, of all bits, does
    // away with what is not the mantissa.
    const __m512i octaves =
        _mm512_ternarylogic_epi32(_mm512_srli_epi32(bits, 10), _mm512_set1_epi32(31),
                                  _mm512_set1_epi32(static_cast<int>(0xffff0000)), 0xea);
    const __m512i magnitude = _mm512_srlv_epi16(mantissa(bits), octaves);
    const __mmask16 negative = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x8000));
    return (Int)_mm512_mask_xor_epi32(magnitude, negative, magnitude, _mm512_set1_epi32(-1));
#else
    const Int mantissa = gather(tables_.log_to_linear, e & 1023);
    return (mantissa >> ((e >> 10) & 31)) ^ ((Int)((Uint)e << 16) >> 31);
#endif
  }

  // Of one sample.
  SYNTHRL_INLINE std::int32_t operator()(std::uint32_t phase, std::int32_t gain) const {
    const std::int32_t e = tables_.log_sine[phase >> 20] + gain;
    const std::int32_t magnitude = tables_.log_to_linear[e & 1023] >> ((e >> 10) & 31);
    return magnitude ^ -((e >> 15) & 1);
  }

  template <typename Phase, typename Signal>
  SYNTHRL_INLINE static Phase modulated(Phase phase, Signal modulator) {
    return phase + ((Phase)modulator << 21);
  }
  template <typename Phase, typename Signal>
  SYNTHRL_INLINE static Phase fed_back(Phase phase, Signal older, Signal newer, Signal shift) {
    return phase + ((Phase)(older + newer) << (Phase)(20 - shift));
  }

 private:
#if defined(__AVX512BW__)
  // In the lower halves: 2^((1023 − f) / 1024) · 4096 of the lower ten bits f. A look-up would take
  // as long again as the first one; this is the product of a coarse and a fine power of 2, rounded
  // by adding 2^23, whose last bit is worth 1.
  SYNTHRL_INLINE __m512i mantissa(__m512i bits) const {
    const __m512 coarse =
        _mm512_permutex2var_ps(coarse_[0], _mm512_srli_epi32(bits, 5), coarse_[1]);
    const __m512 fine = _mm512_permutex2var_ps(fine_[0], bits, fine_[1]);
    return _mm512_castps_si512(_mm512_fmadd_ps(coarse, fine, _mm512_set1_ps(0x1p23f)));
  }

  __m512 coarse_[2];
  __m512 fine_[2];
#endif

  KernelTables tables_;
};

// Interpolated 24-bit sine with linear gain.
class ModernWave {
 public:
  static constexpr int kRawShift = 13;
  static constexpr float kScale = 0x1p-25f;

  explicit ModernWave(const KernelTables& tables) : tables_(tables) {}

  // 2^x of a Q24 exponent. Envelopes that wrap at low sample rates ask for impossible counts;
  // x86-64 shifts modulo 32.
  Int gain(Int level) const {
    const Int exponent = (Int)((Uint)level - (14u << 24));
    const Int y = look_up(tables_.exponential, (exponent >> 14) & 1023, exponent & 0x3fff);
    return y >> ((6 - (exponent >> 24)) & 31);
  }
  static Int first_gain(Int stored) { return stored; }
  static Int active(Int from, Int to) { return (from >= 1120) | (to >= 1120); }

  SYNTHRL_INLINE Int operator()(Uint phase, Int gain) const {
    const Int y = look_up(tables_.sine, (Int)(phase >> 22), (Int)((phase >> 8) & 0x3fff));
    return multiply_q24(y, gain);
  }

  // Of one sample.
  SYNTHRL_INLINE std::int32_t operator()(std::uint32_t phase, std::int32_t gain) const {
    const std::int32_t* sine = tables_.sine + (phase >> 22);
    const auto fraction = static_cast<std::int32_t>((phase >> 8) & 0x3fff);
    const std::int32_t y = sine[0] + (((sine[1] - sine[0]) * fraction) >> 14);
    return static_cast<std::int32_t>((std::int64_t{y} * gain) >> 24);
  }

  template <typename Phase, typename Signal>
  SYNTHRL_INLINE static Phase modulated(Phase phase, Signal modulator) {
    return phase + ((Phase)modulator << 8);
  }
  template <typename Phase, typename Signal>
  SYNTHRL_INLINE static Phase fed_back(Phase phase, Signal older, Signal newer, Signal shift) {
    return modulated(phase, (Signal)((Phase)older + (Phase)newer) >> (shift + 1));
  }

 private:
  KernelTables tables_;
};

// Log-domain operator of the OPL family: 1/256-octave attenuation.
class OplWave {
 public:
  static constexpr int kRawShift = 13;
  static constexpr float kScale = 0x1p-25f;

  explicit OplWave(const KernelTables& tables) : tables_(tables) {}

  static Int gain(Int level) { return 512 - (level >> 19); }
  static Int first_gain(Int stored) { return select(stored == 0, splat(511), stored); }
  static Int active(Int from, Int to) { return (from <= 507) | (to <= 507); }

  SYNTHRL_INLINE Int operator()(Uint phase, Int gain) const {
    const Int e = gather(tables_.opl_log_sine, (Int)(phase >> 22)) + 8 * gain;
    // A ramp can run past full level, which wraps to an attenuation of 127 octaves.
    const Int octaves = min((e & 0x7fff) >> 8, splat(31));
    const Int magnitude = (gather(tables_.opl_log_to_linear, e & 255) << 1) >> octaves;
    const Int flip = (Int)((Uint)e << 16) >> 31;
    return (Int)((Uint)(magnitude ^ flip) << 14);
  }

  // Of one sample.
  SYNTHRL_INLINE std::int32_t operator()(std::uint32_t phase, std::int32_t gain) const {
    const std::int32_t e = tables_.opl_log_sine[phase >> 22] + 8 * gain;
    const std::int32_t octaves = (e & 0x7fff) >> 8;
    const std::int32_t mantissa = 2 * tables_.opl_log_to_linear[e & 255];
    const std::int32_t magnitude = octaves < 32 ? mantissa >> octaves : 0;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(magnitude ^ -((e >> 15) & 1))
                                     << 14);
  }

  template <typename Phase, typename Signal>
  SYNTHRL_INLINE static Phase modulated(Phase phase, Signal modulator) {
    return phase + ((Phase)modulator << 8);
  }
  template <typename Phase, typename Signal>
  SYNTHRL_INLINE static Phase fed_back(Phase phase, Signal older, Signal newer, Signal shift) {
    return modulated(phase, (Signal)((Phase)older + (Phase)newer) >> (shift + 1));
  }

 private:
  KernelTables tables_;
};

// ---- What changes once per block.

// Returns the events.
SYNTHRL_INLINE Int step_envelopes(Lanes& lanes, std::size_t op) {
  const Int level = load<Int>(lanes.level + op);
  const Int target = load<Int>(lanes.target + op);
  const Int increment = load<Int>(lanes.increment + op);
  const Int motion = load<Int>(lanes.motion + op);
  const Int samples = load<Int>(lanes.static_samples + op);

  const Int counting = samples != 0;
  const Int left = samples - kBlock;
  const Int expired = counting & (left <= 0);
  store(lanes.static_samples + op, left & counting & ~expired);

  const Int from = max(level, splat(kJumpLevel));
  // Unsigned, as the fastest rates wrap at low sample rates.
  const Int up = (Int)((Uint)from + (Uint)((kCeiling - from) >> 24) * (Uint)increment);
  const Int down = (Int)((Uint)level - (Uint)increment);
  const Int rising = motion > 0;
  const Int moving = (motion != 0) & ~counting;
  const Int arrived = moving & select(rising, up >= target, down <= target);
  const Int next = select(arrived, target, select(rising, up, down));
  store(lanes.level + op, select(moving, next, level));
  const Int event = (expired & kWaited) | (arrived & kArrived);
  store(lanes.envelope_event + op, event);
  return event;
}

SYNTHRL_INLINE Int step_pitch_envelopes(Lanes& lanes, std::size_t lane) {
  const Int target = load<Int>(lanes.pitch_target + lane);
  const Int increment = load<Int>(lanes.pitch_increment + lane);
  const Int level = load<Int>(lanes.pitch_level + lane) + increment;
  const Int arrived = (increment != 0) & select(increment > 0, level >= target, level <= target);
  store(lanes.pitch_level + lane, select(arrived, target, level));
  store(lanes.pitch_event + lane, arrived);
  return arrived;
}

SYNTHRL_INLINE Int lfo_wave(Lanes& lanes, std::size_t lane, Uint phase, Uint step,
                            const KernelTables& tables) {
  const Int wave = load<Int>(lanes.lfo_wave + lane);
  const Int second_half = (Int)phase >> 31;
  const Int triangle = ((Int)(phase >> 7) & kMask24) ^ (second_half & kMask24);
  const Int saw_up = (Int)((phase ^ kHalf) >> 8);
  const Int saw_down = saw_up ^ kMask24;
  const Int square = ~second_half & kOneQ24;
  const Int sine = look_up(tables.sine, (Int)(phase >> 22), (Int)((phase >> 8) & 0x3fff)) >> 1;

  const Int held = load<Int>(lanes.lfo_sample_hold + lane);
  const Int wrapped = (Int)(phase < step);
  const Int drawn = select(wrapped, (held * 179 + 17) & 255, held);
  store(lanes.lfo_sample_hold + lane, drawn);
  const Int sample_hold = ((drawn ^ 0x80) + 1) << 16;

  return ((wave == 0) & triangle) | ((wave == 1) & saw_down) | ((wave == 2) & saw_up) |
         ((wave == 3) & square) | ((wave == 4) & (sine + (kOneQ24 >> 1))) |
         ((wave == 5) & sample_hold);
}

SYNTHRL_INLINE void step_lfo(Lanes& lanes, std::size_t lane, const KernelTables& tables) {
  const Uint phase_step = load<Uint>(lanes.lfo_phase_step + lane);
  const Uint phase = load<Uint>(lanes.lfo_phase + lane) + phase_step;
  store(lanes.lfo_phase + lane, phase);
  store(lanes.lfo_value + lane, lfo_wave(lanes, lane, phase, phase_step, tables));

  const Uint state = load<Uint>(lanes.lfo_delay_state + lane);
  const Int fading = (Int)state >> 31;
  const Uint next = state + (Uint)select(fading, load<Int>(lanes.lfo_fade_step + lane),
                                         load<Int>(lanes.lfo_delay_step + lane));
  const Int over = (Int)(next < state);
  store(lanes.lfo_delay_state + lane, select(over, (Int)state, (Int)next));
  const Int risen = ((Int)next >> 31) & (Int)(next >> 7) & kMask24;
  store(lanes.lfo_fade + lane, select(over, splat(kOneQ24), risen));
}

inline void step_modulation(Lanes& lanes, std::size_t lane) {
  const std::int32_t swing =
      lanes.pitch_mod_sensitivity[lane] * (lanes.lfo_value[lane] - (kOneQ24 >> 1));
  const std::int64_t depth = std::int64_t{lanes.pitch_mod_depth[lane]} * lanes.lfo_fade[lane];
  const std::int64_t bend = (depth * swing) >> 39;
  const auto amount = static_cast<std::int32_t>(bend < 0 ? -bend : bend);
  const std::int32_t pitch =
      lanes.pitch_level[lane] + (swing < 0 ? -amount : amount) + lanes.tune[lane];
  lanes.pitch_changed[lane] |= pitch != lanes.pitch[lane] ? -1 : 0;
  lanes.pitch[lane] = pitch;

  const std::int64_t amp_depth =
      (std::int64_t{lanes.amp_mod_depth[lane]} * lanes.lfo_fade[lane]) >> 8;
  lanes.amp_mod[lane] =
      static_cast<std::int32_t>((amp_depth * (kOneQ24 - lanes.lfo_value[lane])) >> 24);
}

bool advance_controls(Lanes& lanes, std::size_t num_lanes, const KernelTables& tables) {
  Int events = {};
  for (std::size_t lane = 0; lane < num_lanes; lane += kWidth) {
    step_lfo(lanes, lane, tables);
    events |= step_pitch_envelopes(lanes, lane);
    for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
      events |= step_envelopes(lanes, slot * kLanes + lane);
    }
  }
  for (std::size_t lane = 0; lane < num_lanes; ++lane) step_modulation(lanes, lane);
  return any(events);
}

// Log frequency (octaves re 1 Hz, Q24) → phase step, 2^32 per cycle; see Plan::phase_step.
SYNTHRL_INLINE Uint phase_step(const KernelTables& tables, Int log_hz) {
  const Int y = look_up(tables.frequency, (log_hz >> 14) & 1023, log_hz & 0x3fff);
  return (Uint)(y >> ((20 - (log_hz >> 24)) & 31)) << 8;
}

template <typename Wave>
void set_operators(Lanes& lanes, std::size_t num_lanes, const KernelTables& tables) {
  const Wave wave(tables);
  for (std::size_t lane = 0; lane < num_lanes; lane += kWidth) {
    const bool new_pitch = any(load<Int>(lanes.pitch_changed + lane));
    store(lanes.pitch_changed + lane, Int{});
    const Int pitch = load<Int>(lanes.pitch + lane);
    const Int tune = load<Int>(lanes.tune + lane);
    Int active_slots = {};
    Int may_go_on = {};
    for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
      const std::size_t op = slot * kLanes + lane;
      const Int on = load<Int>(lanes.on + op);
      const Int level = load<Int>(lanes.level + op);
      const Int from = wave.first_gain(load<Int>(lanes.stored_gain + op));
      const Int to = wave.gain((level - load<Int>(lanes.level_drop + op)) & on);
      store(lanes.gain_from + op, from);
      store(lanes.gain_to + op, to);
      store(lanes.stored_gain + op, to);
      // Rounded, so that the ramp need not land on its end; the next block starts there all the
      // same.
      store(lanes.gain_slope + op, (Int)((Uint)to - (Uint)from + 32u) >> 6);
      active_slots |= wave.active(from, to) & (1 << slot);

      // Amplitude modulation only lowers a level, so the level itself is the loudest it can get.
      const Int loudest = wave.active(wave.first_gain(to), wave.gain(level));
      may_go_on |= load<Int>(lanes.heard + op) & (~load<Int>(lanes.ended + op) | loudest);

      Uint step = load<Uint>(lanes.step + op);
      if (new_pitch) {
        const Int bend = select(load<Int>(lanes.fixed_frequency + op), tune, pitch);
        const Uint looked_up = phase_step(tables, load<Int>(lanes.log_hz + op) + bend);
        // An operator that is switched off stays at its old frequency.
        step = (Uint)select(on, (Int)looked_up, (Int)step);
        store(lanes.step + op, step);
      }
      const Uint phase = load<Uint>(lanes.next_phase + op);
      store(lanes.phase + op, phase);
      store(lanes.next_phase + op, phase + step * kBlock);
    }
    store(lanes.active + lane, active_slots);
    store(lanes.may_go_on + lane, may_go_on);
  }
}

// ---- Operators.

template <bool kModulated, bool kAdds, typename Wave>
SYNTHRL_INLINE void run_step(const Lanes& lanes, const Wave& wave, const OperatorStep& work) {
  const auto step = static_cast<std::uint32_t>(lanes.step[work.op]);
  const std::int32_t slope = lanes.gain_slope[work.op];
  Uint phase = static_cast<std::uint32_t>(lanes.phase[work.op]) + (Uint)iota() * step;
  Int gain = lanes.gain_from[work.op] + (iota() + 1) * slope;
#pragma GCC unroll 16
  for (std::size_t v = 0; v < kBlockVectors; ++v) {
    Uint modulated = phase;
    if constexpr (kModulated) {
      modulated = wave.modulated(phase, load<Int>(work.modulator + v * kWidth));
    }
    Int x = wave(modulated, gain);
    if constexpr (kAdds) x = (Int)((Uint)x + load<Uint>(work.sum + v * kWidth));
    store(work.out + v * kWidth, x);
    phase += step * static_cast<std::uint32_t>(kWidth);
    gain += slope * static_cast<std::int32_t>(kWidth);
  }
}

template <bool kModulated, bool kAdds, typename Wave>
std::size_t run_steps_of_a_kind(const Lanes& lanes, const Wave& wave, const OperatorStep* steps,
                                std::size_t i, std::size_t num_steps) {
  do {
    run_step<kModulated, kAdds>(lanes, wave, steps[i]);
    ++i;
  } while (i < num_steps && (steps[i].modulator != nullptr) == kModulated &&
           (steps[i].sum != nullptr) == kAdds);
  return i;
}

template <typename Wave>
void run_operators(const Lanes& lanes, const KernelTables& tables, const OperatorStep* steps,
                   std::size_t num_steps) {
  const Wave wave(tables);
  for (std::size_t i = 0; i < num_steps;) {
    if (steps[i].modulator != nullptr) {
      i = steps[i].sum != nullptr
              ? run_steps_of_a_kind<true, true>(lanes, wave, steps, i, num_steps)
              : run_steps_of_a_kind<true, false>(lanes, wave, steps, i, num_steps);
    } else {
      i = steps[i].sum != nullptr
              ? run_steps_of_a_kind<false, true>(lanes, wave, steps, i, num_steps)
              : run_steps_of_a_kind<false, false>(lanes, wave, steps, i, num_steps);
    }
  }
}

// ---- Feedback: each sample of a stack waits for the one before, so lanes are stacks, and several
// vectors of them run together.

constexpr std::size_t kMaxChains = 4;

template <std::size_t kDepth>
struct Chain {
  Uint phase[kDepth];
  Uint step[kDepth];
  Int gain[kDepth];
  Int slope;
  Int shift;
  Int older;
  Int newer;
};

template <std::size_t kChains, std::size_t kDepth, typename Wave>
void run_chains(Lanes& lanes, const Wave& wave, const std::int32_t* heads, Signal* out) {
  alignas(64) std::int32_t signals[kChains][kBlock][kWidth];
  Chain<kDepth> chains[kChains];
  for (std::size_t c = 0; c < kChains; ++c) {
    const Int head = load<Int>(heads + c * kWidth);
    const Int lane = head & static_cast<std::int32_t>(kLanes - 1);
    Chain<kDepth>& chain = chains[c];
    for (std::size_t d = 0; d < kDepth; ++d) {
      const Int op = head + static_cast<std::int32_t>(d * kLanes);
      chain.phase[d] = (Uint)gather(lanes.phase, op);
      chain.step[d] = (Uint)gather(lanes.step, op);
      // Only the head's gain ramps; the others hold theirs over the block.
      chain.gain[d] = gather(d == 0 ? lanes.gain_from : lanes.gain_to, op);
    }
    chain.slope = gather(lanes.gain_slope, head);
    chain.shift = gather(lanes.feedback_shift, lane);
    chain.older = gather(lanes.feedback_older, lane);
    chain.newer = gather(lanes.feedback_newer, lane);
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(kBlock); ++i) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < kChains; ++c) {
      Chain<kDepth>& chain = chains[c];
      chain.gain[0] += chain.slope;
      Int x =
          wave(wave.fed_back(chain.phase[0], chain.older, chain.newer, chain.shift), chain.gain[0]);
      chain.phase[0] += chain.step[0];
#pragma GCC unroll 3
      for (std::size_t d = 1; d < kDepth; ++d) {
        x = wave(wave.modulated(chain.phase[d], x), chain.gain[d]);
        chain.phase[d] += chain.step[d];
      }
      chain.older = chain.newer;
      chain.newer = x;
      store(signals[c][i], x);
    }
  }
  for (std::size_t c = 0; c < kChains; ++c) {
    for (std::size_t v = 0; v < kBlockVectors; ++v) {
      auto& rows = reinterpret_cast<std::int32_t (&)[kWidth][kWidth]>(signals[c][v * kWidth]);
      transpose(rows);
      for (std::size_t k = 0; k < kWidth; ++k) {
        const auto lane = static_cast<std::size_t>(heads[c * kWidth + k]) % kLanes;
        store(out[lane] + v * kWidth, load<Int>(rows[k]));
      }
    }
    for (std::size_t k = 0; k < kWidth; ++k) {
      const auto lane = static_cast<std::size_t>(heads[c * kWidth + k]) % kLanes;
      lanes.feedback_older[lane] = chains[c].older[k];
      lanes.feedback_newer[lane] = chains[c].newer[k];
    }
  }
}

// Up to kFew stacks, a sample of each in turn: a vector takes longer from one sample to the next,
// however few of its lanes are of use.
constexpr std::size_t kFew = 4;

template <std::size_t kDepth, typename Wave>
void run_few_stacks(Lanes& lanes, const Wave& wave, const std::int32_t* heads,
                    std::size_t num_stacks, Signal* out) {
  struct Stack {
    std::uint32_t phase[kDepth];
    std::uint32_t step[kDepth];
    std::int32_t gain[kDepth];
    std::int32_t slope;
    std::int32_t shift;
    std::int32_t older;
    std::int32_t newer;
    std::int32_t* out;
  };
  Stack stacks[kFew];
  for (std::size_t k = 0; k < kFew; ++k) {
    // Those too many do the last one's work again.
    const auto head = static_cast<std::size_t>(heads[k < num_stacks ? k : num_stacks - 1]);
    const std::size_t lane = head % kLanes;
    Stack& stack = stacks[k];
    for (std::size_t d = 0; d < kDepth; ++d) {
      const std::size_t op = head + d * kLanes;
      stack.phase[d] = static_cast<std::uint32_t>(lanes.phase[op]);
      stack.step[d] = static_cast<std::uint32_t>(lanes.step[op]);
      stack.gain[d] = d == 0 ? lanes.gain_from[op] : lanes.gain_to[op];
    }
    stack.slope = lanes.gain_slope[head];
    stack.shift = lanes.feedback_shift[lane];
    stack.older = lanes.feedback_older[lane];
    stack.newer = lanes.feedback_newer[lane];
    stack.out = out[lane];
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(kBlock); ++i) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kFew; ++k) {
      Stack& stack = stacks[k];
      stack.gain[0] += stack.slope;
      std::int32_t x =
          wave(wave.fed_back(stack.phase[0], stack.older, stack.newer, stack.shift), stack.gain[0]);
      stack.phase[0] += stack.step[0];
#pragma GCC unroll 3
      for (std::size_t d = 1; d < kDepth; ++d) {
        x = wave(wave.modulated(stack.phase[d], x), stack.gain[d]);
        stack.phase[d] += stack.step[d];
      }
      stack.older = stack.newer;
      stack.newer = x;
      stack.out[i] = x;
    }
  }
  for (std::size_t k = 0; k < num_stacks; ++k) {
    const auto lane = static_cast<std::size_t>(heads[k]) % kLanes;
    lanes.feedback_older[lane] = stacks[k].older;
    lanes.feedback_newer[lane] = stacks[k].newer;
  }
}

template <std::size_t kDepth, typename Wave>
void run_stacks(Lanes& lanes, const Wave& wave, const std::int32_t* heads, std::size_t num_stacks,
                Signal* out) {
  if (kWidth <= kFew || num_stacks <= 2 * kFew) {
    for (std::size_t first = 0; first < num_stacks; first += kFew) {
      const std::size_t left = num_stacks - first;
      run_few_stacks<kDepth>(lanes, wave, heads + first, left < kFew ? left : kFew, out);
    }
    return;
  }
  // Lanes left over do the last stack's work again.
  constexpr std::size_t kPadded = kLanes + kMaxChains * kWidth;
  alignas(64) std::int32_t padded[kPadded];
  for (std::size_t i = 0; i < kPadded; ++i) {
    padded[i] = heads[i < num_stacks ? i : num_stacks - 1];
  }
  const std::size_t num_chains = (num_stacks + kWidth - 1) / kWidth;
  std::size_t first = 0;
  for (; first + kMaxChains <= num_chains; first += kMaxChains) {
    run_chains<kMaxChains, kDepth>(lanes, wave, padded + first * kWidth, out);
  }
  switch (num_chains - first) {
    case 3:
      return run_chains<3, kDepth>(lanes, wave, padded + first * kWidth, out);
    case 2:
      return run_chains<2, kDepth>(lanes, wave, padded + first * kWidth, out);
    case 1:
      return run_chains<1, kDepth>(lanes, wave, padded + first * kWidth, out);
    default:
      return;
  }
}

template <typename Wave>
void run_feedback(Lanes& lanes, const KernelTables& tables, std::size_t depth,
                  const std::int32_t* heads, std::size_t num_stacks, Signal* out) {
  if (num_stacks == 0) return;
  const Wave wave(tables);
  if (depth == 1) return run_stacks<1>(lanes, wave, heads, num_stacks, out);
  if (depth == 2) return run_stacks<2>(lanes, wave, heads, num_stacks, out);
  run_stacks<3>(lanes, wave, heads, num_stacks, out);
}

// ---- Output.

template <typename Wave>
void convert(OutputTile& tile) {
  for (std::size_t k = 0; k < kTile; ++k) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(kBlock); i += kWidth) {
      const Int raw = load<Int>(tile.raw[k] + i);
      store(tile.out[k] + i, __builtin_convertvector(raw, Float) * Wave::kScale);
    }
  }
}

template <typename Wave>
SYNTHRL_INLINE Float clipped(Int raw) {
  const Int value = raw >> Wave::kRawShift;
  const Int below = select(value < -32768, splat(32768), value);
  return __builtin_convertvector(select(value > 32767, splat(32767), below), Float) / 32768.0f;
}

template <typename Wave>
void clip_and_block_dc(OutputTile& tile, float dc_pole) {
  alignas(64) float rows[kWidth][kWidth];
  for (std::size_t i = 0; i < static_cast<std::size_t>(kBlock); i += kWidth) {
    for (std::size_t first = 0; first < kTile; first += kWidth) {
      for (std::size_t k = 0; k < kWidth; ++k) {
        store(rows[k], clipped<Wave>(load<Int>(tile.raw[first + k] + i)));
      }
      transpose(rows);
      // Each output of the DC blocker waits for the one before, so the lanes take turns.
      Float input = load<Float>(tile.dc_input + first);
      Float output = load<Float>(tile.dc_output + first);
      for (std::size_t n = 0; n < kWidth; ++n) {
        const Float x = load<Float>(rows[n]);
        output = (x - input) + dc_pole * output;
        input = x;
        store(rows[n], output);
      }
      store(tile.dc_input + first, input);
      store(tile.dc_output + first, output);
      transpose(rows);
      for (std::size_t k = 0; k < kWidth; ++k) {
        store(tile.out[first + k] + i, load<Float>(rows[k]) * tile.gain[first + k]);
      }
    }
  }
}

template <typename Wave>
constexpr Kernels kernels_of() {
  return {.advance_controls = advance_controls,
          .set_operators = set_operators<Wave>,
          .run_feedback = run_feedback<Wave>,
          .run_operators = run_operators<Wave>,
          .convert = convert<Wave>,
          .clip_and_block_dc = clip_and_block_dc<Wave>};
}

constexpr Kernels kEngineKernels[] = {kernels_of<Mark1Wave>(), kernels_of<ModernWave>(),
                                      kernels_of<OplWave>()};

}  // namespace
}  // namespace synthrl::dx7
