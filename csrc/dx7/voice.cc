#include "dx7/voice.h"

#include <algorithm>
#include <cmath>

#include "dx7/tables.h"

namespace synthrl::dx7 {

namespace {

constexpr std::int32_t kSemitone = 1398101;  // Q24 octaves
constexpr int kMiddleTranspose = 24;
constexpr std::size_t kAlgorithm4 = 3;
constexpr std::size_t kAlgorithm6 = 5;
constexpr std::size_t kAlgorithm32 = 31;
constexpr int kMaxFeedbackShift = 16;

std::int32_t ratio_log_hz(const Plan& plan, const Patch& patch, std::size_t slot, int key) {
  std::int32_t log_hz = plan.log_hz_of_key_zero + kSemitone * key;
  const int detune = patch.slot(slot, kDetune) - 7;
  const double octaves = static_cast<double>(static_cast<float>(log_hz)) / (1 << 24);
  const double spread = 0.0209 * std::exp(-0.396 * octaves) / 7.0;
  log_hz = static_cast<std::int32_t>(log_hz + spread * log_hz * detune);
  log_hz += kCoarseRatio[patch.slot(slot, kCoarse)];
  if (const int fine = patch.slot(slot, kFine); fine != 0) {
    log_hz +=
        static_cast<std::int32_t>(std::floor(24204406.323123 * std::log(1.0 + 0.01 * fine) + 0.5));
  }
  return log_hz;
}

std::int32_t fixed_log_hz(const Patch& patch, std::size_t slot) {
  const int steps = 100 * (patch.slot(slot, kCoarse) % 4) + patch.slot(slot, kFine);
  const int detune = patch.slot(slot, kDetune) - 7;
  return ((4458616 * steps) >> 3) + 13457 * std::max(0, detune);
}

// Level scaling by key: added to the scaled output level.
std::int32_t key_scaling(const Patch& patch, std::size_t slot, int key) {
  const int distance = key - patch.slot(slot, kBreakPoint) - 17;
  const bool right = distance >= 0;
  const int group = (right ? distance + 1 : 1 - distance) / 3;
  const int depth = patch.slot(slot, right ? kRightDepth : kLeftDepth);
  const int curve = patch.slot(slot, right ? kRightCurve : kLeftCurve);
  const bool exponential = curve == 1 || curve == 2;
  std::int32_t scaling = 0;
  if (exponential) {
    const auto last = static_cast<int>(kExponentialScaling.size()) - 1;
    const int shape = kExponentialScaling[static_cast<std::size_t>(std::min(group, last))];
    scaling = (shape * depth * 329) >> 15;
  } else {
    scaling = (group * depth * 329) >> 12;
  }
  return curve < 2 ? -scaling : scaling;
}

// In 1/32 level steps.
std::int32_t output_level(const Patch& patch, std::size_t slot, int key, int velocity) {
  const std::int32_t level =
      std::min(127, scaled_level(patch.slot(slot, kOutputLevel)) + key_scaling(patch, slot, key));
  const auto half_velocity = static_cast<std::size_t>(std::clamp(velocity, 0, 127) / 2);
  const int loudness = kVelocityLevel[half_velocity] - 239;
  const int velocity_term = 16 * ((patch.slot(slot, kKeyVelocity) * loudness + 7) >> 3);
  return std::max(0, 32 * level + velocity_term);
}

std::int32_t rate_scaling(const Patch& patch, std::size_t slot, int key) {
  const int position = std::min(31, std::max(0, key / 3 - 7));
  return (patch.slot(slot, kRateScaling) * position) >> 3;
}

template <std::size_t kCount>
std::array<std::uint8_t, kCount> bytes_at(const Patch& patch, std::size_t offset) {
  std::array<std::uint8_t, kCount> bytes{};
  std::copy_n(patch.voice.begin() + static_cast<std::ptrdiff_t>(offset), kCount, bytes.begin());
  return bytes;
}

// Master tune in Q24 octaves.
std::int32_t tuning(float master_tune) {
  const auto steps = static_cast<std::int32_t>(master_tune * 16384.0f - 8192.0f);
  return static_cast<std::int32_t>(static_cast<float>(steps * 2048) * (1.0 / 12.0));
}

// Takes amplitude modulation off a level. Even without modulation a sensitivity above 0 costs
// about 1.2 %.
std::int32_t modulated_level(std::int32_t level, std::int32_t amp_mod, std::int32_t sensitivity) {
  const std::uint64_t amount =
      (static_cast<std::uint64_t>(amp_mod) * static_cast<std::uint64_t>(sensitivity)) >> 24;
  const float ratio = static_cast<float>(amount) / 262144.0f;
  const auto factor = static_cast<std::uint64_t>(std::exp(ratio * 0.07 + 12.2));
  const std::uint64_t drop = (static_cast<std::uint64_t>(level) * 16 * factor) >> 28;
  return level - static_cast<std::int32_t>(drop);
}

}  // namespace

void Voice::start(const Patch& patch, const NoteEvent& note) noexcept {
  const int key = std::clamp(note.key + patch.voice[kTranspose] - kMiddleTranspose, 0, 127);
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) start_operator(slot, patch, note, key);
  pitch_envelope_.start({.rates = bytes_at<4>(patch, kPitchRate1),
                         .levels = bytes_at<4>(patch, kPitchLevel1),
                         .unit = plan_->pitch_envelope_unit});
  lfo_.start(*plan_,
             {.speed = patch.voice[kLfoSpeed],
              .delay = patch.voice[kLfoDelay],
              .wave = patch.voice[kLfoWave],
              .key_sync = patch.voice[kLfoKeySync] != 0},
             note.lfo_phase, note.sample_hold);
  pitch_mod_depth_ = (165 * patch.voice[kLfoPitchDepth]) >> 6;
  pitch_mod_sensitivity_ = kPitchModSensitivityDepth[patch.voice[kPitchModSensitivity]];
  amp_mod_depth_ = (165 * patch.voice[kLfoAmpDepth]) >> 6;
  tune_ = tuning(patch.master_tune);
  algorithm_ = patch.voice[kAlgorithm];
  feedback_ = patch.voice[kFeedback];
  gate_samples_ = note.gate_samples;
  memory_ = {};
}

void Voice::start_operator(std::size_t slot, const Patch& patch, const NoteEvent& note,
                           int key) noexcept {
  Operator& op = operators_[slot];
  op = {};
  op.fixed_frequency = patch.slot(slot, kMode) != 0;
  op.log_hz =
      op.fixed_frequency ? fixed_log_hz(patch, slot) : ratio_log_hz(*plan_, patch, slot, key);
  op.amp_mod_sensitivity = kAmpModSensitivityDepth[patch.slot(slot, kAmpModSensitivity)];
  op.on = ((patch.voice[kSwitches] >> slot) & 1) != 0;
  op.envelope.start({.rates = bytes_at<4>(patch, slot * kSlotBytes + kRate1),
                     .levels = bytes_at<4>(patch, slot * kSlotBytes + kLevel1),
                     .output_level = output_level(patch, slot, key, note.velocity),
                     .rate_scaling = rate_scaling(patch, slot, key),
                     .multiplier = plan_->envelope_multiplier});
}

void Voice::release() noexcept {
  for (Operator& op : operators_) op.envelope.release();
  pitch_envelope_.release();
}

std::int32_t Voice::pitch_modulation() noexcept {
  const std::int32_t swing = pitch_mod_sensitivity_ * (lfo_.value() - (1 << 23));
  const std::int64_t depth = static_cast<std::int64_t>(pitch_mod_depth_) * lfo_.fade();
  const auto amount = static_cast<std::int32_t>(std::abs((depth * swing) >> 39));
  return pitch_envelope_.step() + (swing < 0 ? -amount : amount) + tune_;
}

std::int32_t Voice::amp_modulation() const noexcept {
  const std::int64_t depth = (static_cast<std::int64_t>(amp_mod_depth_) * lfo_.fade()) >> 8;
  return static_cast<std::int32_t>((depth * ((1 << 24) - lfo_.value())) >> 24);
}

// Advances everything that changes once per block; returns the operators' levels.
std::array<std::int32_t, kNumSlots> Voice::control_step() noexcept {
  lfo_.step();
  const std::int32_t pitch = pitch_modulation();
  const std::int32_t amp_mod = amp_modulation();
  std::array<std::int32_t, kNumSlots> levels{};
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    Operator& op = operators_[slot];
    const std::int32_t level = op.envelope.step();
    if (!op.on) continue;  // silent, at its old frequency, but its envelope runs
    op.step = static_cast<std::uint32_t>(
        plan_->phase_step(op.log_hz + (op.fixed_frequency ? tune_ : pitch)));
    levels[slot] = op.amp_mod_sensitivity == 0
                       ? level
                       : modulated_level(level, amp_mod, op.amp_mod_sensitivity);
  }
  return levels;
}

void Voice::render(std::span<std::int32_t> out) noexcept {
  const WaveTables& tables = wave_tables();
  switch (plan_->engine()) {
    case Engine::kMark1:
      return render_blocks(Mark1Wave(tables), out);
    case Engine::kModern:
      return render_blocks(ModernWave(tables), out);
    case Engine::kOpl:
      return render_blocks(OplWave(tables), out);
  }
}

template <typename Wave>
void Voice::render_blocks(const Wave& wave, std::span<std::int32_t> out) noexcept {
  bool key_down = true;
  for (std::size_t start = 0; start < out.size(); start += kBlock) {
    if (key_down && static_cast<std::int64_t>(start) >= gate_samples_) {
      key_down = false;
      release();
    }
    if (!key_down && finished<Wave>()) {
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), 0);
      return;
    }
    if (out.size() - start >= kBlock) {
      render_block(wave, out.data() + start);
    } else {
      Bus last;
      render_block(wave, last.data());
      std::copy_n(last.begin(), out.size() - start, out.data() + start);
    }
  }
}

// Whether nothing but zeros can follow: every carrier has ended, and below the threshold.
template <typename Wave>
bool Voice::finished() const noexcept {
  const bool looped = Wave::kLoopsThroughStack && feedback_ > 0 &&
                      (algorithm_ == kAlgorithm4 || algorithm_ == kAlgorithm6);
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    const bool heard = kAlgorithms[algorithm_][slot].output == 0 || (looped && slot == 0);
    if (!heard) continue;
    const Operator& op = operators_[slot];
    // Amplitude modulation only lowers a level, so the level itself is the loudest it can get.
    const GainRamp loudest = {Wave::first_gain(op.stored_gain), Wave::gain(op.envelope.level())};
    if (!op.envelope.finished() || Wave::active(loudest)) return false;
  }
  return true;
}

template <typename Wave>
void Voice::render_block(const Wave& wave, std::int32_t* out) noexcept {
  const std::array<std::int32_t, kNumSlots> levels = control_step();
  Blocks blocks;
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    Operator& op = operators_[slot];
    const GainRamp gain = {Wave::first_gain(op.stored_gain), Wave::gain(levels[slot])};
    blocks[slot] = {op.phase, op.step, gain};
    op.stored_gain = gain.to;
    op.phase += kBlock * op.step;
  }

  std::fill_n(out, kBlock, 0);
  std::array<bool, 3> holds_sound = {true, false, false};
  const bool extra_shift = Wave::kLoopsThroughStack && algorithm_ == kAlgorithm32;
  const int shift = std::min(8 - feedback_ + (extra_shift ? 2 : 0), kMaxFeedbackShift);
  for (std::size_t slot = render_loop(wave, blocks, out); slot < kNumSlots; ++slot) {
    const Route& route = kAlgorithms[algorithm_][slot];
    const OperatorBlock& block = blocks[slot];
    if (!Wave::active(block.gain)) {
      if (!route.adds) holds_sound[route.output] = false;
      continue;
    }
    std::int32_t* target = route.output == 0 ? out : scratch_[route.output - 1u].data();
    const bool adds = route.adds && holds_sound[route.output];
    if (route.input != 0 && holds_sound[route.input]) {
      const std::int32_t* source = scratch_[route.input - 1u].data();
      adds ? run_modulated<true>(wave, block, source, target)
           : run_modulated<false>(wave, block, source, target);
    } else if (route.feeds_back && feedback_ > 0) {
      run_feedback(wave, block, shift, adds, memory_, target);
    } else {
      adds ? run_sine<true>(wave, block, target) : run_sine<false>(wave, block, target);
    }
    holds_sound[route.output] = true;
  }
}

// Mark I algorithms 4 and 6 with feedback: OP6 to OP4 or OP5 run as one loop straight into the
// output. Returns the number of slots that are dealt with.
template <typename Wave>
std::size_t Voice::render_loop(const Wave& wave, const Blocks& blocks, std::int32_t* out) noexcept {
  if (!Wave::kLoopsThroughStack || feedback_ == 0 || !Wave::active(blocks[0].gain)) return 0;
  const int shift = std::min(8 - feedback_ + 2, kMaxFeedbackShift);
  if (algorithm_ == kAlgorithm4) {
    run_loop<3>(wave, {blocks[0], blocks[1], blocks[2]}, shift, memory_, out);
    return 3;
  }
  if (algorithm_ == kAlgorithm6) {
    run_loop<2>(wave, {blocks[0], blocks[1]}, shift, memory_, out);
    return 2;
  }
  return 0;
}

}  // namespace synthrl::dx7
