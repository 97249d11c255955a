#include "dx7/voice.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

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
  const auto& routes = kAlgorithms[algorithm_];
  feedback_slot_ = static_cast<std::size_t>(
      std::find_if(routes.begin(), routes.end(), [](const Route& r) { return r.feeds_back; }) -
      routes.begin());
  key_down_ = true;
  samples_to_release_ = note.gate_samples;
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
  key_down_ = false;
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

bool Voice::begin_block() noexcept {
  return with_wave(plan_->engine(), [this](const auto& wave) {
    using Wave = std::decay_t<decltype(wave)>;
    if (key_down_ && samples_to_release_ <= 0) release();
    samples_to_release_ -= kBlock;
    if (!key_down_ && finished<Wave>()) return false;

    const std::array<std::int32_t, kNumSlots> levels = control_step();
    for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
      Operator& op = operators_[slot];
      const GainRamp gain = {Wave::first_gain(op.stored_gain), Wave::gain(levels[slot])};
      blocks_[slot] = {op.phase, op.step, gain};
      active_[slot] = Wave::active(gain);
      op.stored_gain = gain.to;
      op.phase += kBlock * op.step;
    }
    return true;
  });
}

// Whether nothing but zeros can follow: every carrier has ended, and below the threshold.
template <typename Wave>
bool Voice::finished() const noexcept {
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    const bool heard = kAlgorithms[algorithm_][slot].output == 0 || (slot == 0 && num_looped() > 0);
    if (!heard) continue;
    const Operator& op = operators_[slot];
    // Amplitude modulation only lowers a level, so the level itself is the loudest it can get.
    const GainRamp loudest = {Wave::first_gain(op.stored_gain), Wave::gain(op.envelope.level())};
    if (!op.envelope.finished() || Wave::active(loudest)) return false;
  }
  return true;
}

// Mark I algorithms 4 and 6 with feedback: the number of operators, from OP6 on, of which the last
// feeds back into the first. Together they run straight into the output while OP6 is active.
std::size_t Voice::num_looped() const noexcept {
  if (plan_->engine() != Engine::kMark1 || feedback_ == 0) return 0;
  if (algorithm_ == kAlgorithm4) return 3;
  return algorithm_ == kAlgorithm6 ? 2 : 0;
}

std::optional<FeedbackTask> Voice::feedback_task() noexcept {
  feeds_back_ = feedback_ > 0 && active_[feedback_slot_];
  if (!feeds_back_) return std::nullopt;
  const std::size_t looped = num_looped();
  const bool damped =
      looped > 0 || (plan_->engine() == Engine::kMark1 && algorithm_ == kAlgorithm32);
  FeedbackTask task{.stack = {},
                    .num_operators = std::max<std::size_t>(1, looped),
                    .shift = std::min(8 - feedback_ + (damped ? 2 : 0), kMaxFeedbackShift),
                    .memory = &memory_,
                    .out = feedback_out_.data()};
  std::copy_n(blocks_.begin() + static_cast<std::ptrdiff_t>(feedback_slot_), task.num_operators,
              task.stack.begin());
  return task;
}

void Voice::finish_block(Block out) noexcept {
  with_wave(plan_->engine(), [&](const auto& wave) { mix_operators(wave, out.data()); });
}

template <typename Wave>
void Voice::mix_operators(const Wave& wave, std::int32_t* out) noexcept {
  std::fill_n(out, kBlock, 0);
  std::array<bool, 3> holds_sound = {true, false, false};
  std::size_t slot = 0;
  if (feeds_back_ && num_looped() > 0) {
    std::copy(feedback_out_.begin(), feedback_out_.end(), out);
    slot = num_looped();
  }
  for (; slot < kNumSlots; ++slot) {
    const Route& route = kAlgorithms[algorithm_][slot];
    const OperatorBlock& block = blocks_[slot];
    if (!active_[slot]) {
      if (!route.adds) holds_sound[route.output] = false;
      continue;
    }
    std::int32_t* target = route.output == 0 ? out : scratch_[route.output - 1u].data();
    const bool adds = route.adds && holds_sound[route.output];
    if (route.input != 0 && holds_sound[route.input]) {
      const std::int32_t* source = scratch_[route.input - 1u].data();
      adds ? run_modulated<true>(wave, block, source, target)
           : run_modulated<false>(wave, block, source, target);
    } else if (route.feeds_back && feeds_back_) {
      for (std::size_t i = 0; i < kBlock; ++i) put(target[i], feedback_out_[i], adds);
    } else {
      adds ? run_sine<true>(wave, block, target) : run_sine<false>(wave, block, target);
    }
    holds_sound[route.output] = true;
  }
}

namespace {

constexpr std::size_t kFeedbackLanes = 4;

template <std::size_t kOperators, typename Wave>
void run_lanes(const Wave& wave, std::span<const FeedbackTask> tasks) {
  if (tasks.size() == 1) {
    run_feedback<1, kOperators>(wave, tasks);
  } else if (tasks.size() > 1) {
    run_feedback<kFeedbackLanes, kOperators>(wave, tasks);
  }
}

// Does the tasks whose stack has kOperators, kFeedbackLanes at a time.
template <std::size_t kOperators, typename Wave>
void run_stacks(const Wave& wave, std::span<const FeedbackTask> tasks) {
  std::array<FeedbackTask, kFeedbackLanes> lanes;
  std::size_t num_lanes = 0;
  for (const FeedbackTask& task : tasks) {
    if (task.num_operators != kOperators) continue;
    lanes[num_lanes++] = task;
    if (num_lanes < kFeedbackLanes) continue;
    run_lanes<kOperators>(wave, std::span<const FeedbackTask>(lanes));
    num_lanes = 0;
  }
  run_lanes<kOperators>(wave, std::span<const FeedbackTask>(lanes).first(num_lanes));
}

}  // namespace

void run_feedback_tasks(Engine engine, std::span<const FeedbackTask> tasks) noexcept {
  with_wave(engine, [tasks](const auto& wave) {
    run_stacks<1>(wave, tasks);
    run_stacks<2>(wave, tasks);
    run_stacks<3>(wave, tasks);
  });
}

}  // namespace synthrl::dx7
