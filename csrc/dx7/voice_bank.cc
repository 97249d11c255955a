#include "dx7/voice_bank.h"

#include <algorithm>
#include <cmath>

#include "dx7/hash.h"
#include "dx7/lfo.h"
#include "dx7/tables.h"

namespace synthrl::dx7 {

namespace {

constexpr std::int32_t kSemitone = 1398101;  // Q24 octaves
constexpr int kMiddleTranspose = 24;
constexpr std::size_t kAlgorithm4 = 3;
constexpr std::size_t kAlgorithm6 = 5;
constexpr std::size_t kAlgorithm32 = 31;
constexpr int kMaxFeedbackShift = 16;
constexpr int kDamping = 2;  // of some feedbacks of Mark I

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

// By how much amplitude modulation divides a level, 2^24 being 1/16. Even without modulation a
// sensitivity above 0 costs about 1.2 %.
std::uint64_t amp_mod_factor(std::uint64_t amount) {
  const float ratio = static_cast<float>(amount) / 262144.0f;
  return static_cast<std::uint64_t>(std::exp(ratio * 0.07 + 12.2));
}

KernelTables kernel_tables(const Plan& plan) {
  const WaveTables& tables = wave_tables();
  return {.sine = tables.sine.data(),
          .exponential = tables.exponential.data(),
          .log_sine = tables.log_sine.data(),
          .log_to_linear = tables.log_to_linear.data(),
          .mantissa_coarse = tables.mantissa_coarse.data(),
          .mantissa_fine = tables.mantissa_fine.data(),
          .opl_log_sine = tables.opl_log_sine.data(),
          .opl_log_to_linear = tables.opl_log_to_linear.data(),
          .frequency = plan.frequency().data()};
}

std::size_t round_up_to_tile(std::size_t num_voices) {
  return (num_voices + kTile - 1) / kTile * kTile;
}

std::int32_t mask(bool value) { return value ? -1 : 0; }

std::uint64_t pair(std::int32_t a, std::int32_t b) {
  return std::uint64_t{static_cast<std::uint32_t>(a)} << 32 | static_cast<std::uint32_t>(b);
}

}  // namespace

// In Mark I's algorithms 4 and 6 the operators from OP6 on are a loop, of which the last feeds back
// into the first. Together they run straight into the output while OP6 is active.
std::size_t feedback_depth(const Patch& patch, Engine engine) {
  if (patch.voice[kFeedback] == 0) return 0;
  if (engine != Engine::kMark1) return 1;
  if (patch.voice[kAlgorithm] == kAlgorithm4) return 3;
  return patch.voice[kAlgorithm] == kAlgorithm6 ? 2 : 1;
}

VoiceBank::VoiceBank(const Plan& plan)
    : plan_(&plan),
      kernels_(&kernels_for(plan.instruction_set(), plan.engine())),
      tables_(kernel_tables(plan)) {
  signals_.fill(&silence_);
}

void VoiceBank::start(std::size_t lane, const Patch& patch, const NoteEvent& note) noexcept {
  Voice& voice = voices_[lane];
  voice = {};
  voice.algorithm = patch.voice[kAlgorithm];
  const auto& routes = kAlgorithms[voice.algorithm];
  voice.feedback_slot = static_cast<std::size_t>(
      std::find_if(routes.begin(), routes.end(), [](const Route& r) { return r.feeds_back; }) -
      routes.begin());
  const int feedback = patch.voice[kFeedback];
  voice.feedback_depth = feedback_depth(patch, plan_->engine());
  const bool damped = voice.feedback_depth > 1 ||
                      (plan_->engine() == Engine::kMark1 && voice.algorithm == kAlgorithm32);
  lanes_.feedback_shift[lane] = std::min(8 - feedback + (damped ? kDamping : 0), kMaxFeedbackShift);
  lanes_.feedback_older[lane] = lanes_.feedback_newer[lane] = 0;

  const int key = std::clamp(note.key + patch.voice[kTranspose] - kMiddleTranspose, 0, 127);
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    start_operator(slot, lane, patch, note, key);
  }
  voice.pitch_envelope.start({.rates = bytes_at<4>(patch, kPitchRate1),
                              .levels = bytes_at<4>(patch, kPitchLevel1),
                              .unit = plan_->pitch_envelope_unit},
                             lanes_, lane);
  start_lfo(*plan_,
            {.speed = patch.voice[kLfoSpeed],
             .delay = patch.voice[kLfoDelay],
             .wave = patch.voice[kLfoWave],
             .key_sync = patch.voice[kLfoKeySync] != 0},
            note.lfo_phase, note.sample_hold, lanes_, lane);
  lanes_.pitch_mod_depth[lane] = (165 * patch.voice[kLfoPitchDepth]) >> 6;
  lanes_.pitch_mod_sensitivity[lane] = kPitchModSensitivityDepth[patch.voice[kPitchModSensitivity]];
  lanes_.amp_mod_depth[lane] = (165 * patch.voice[kLfoAmpDepth]) >> 6;
  lanes_.tune[lane] = tuning(patch.master_tune);
  lanes_.pitch_changed[lane] = -1;
  lanes_.may_go_on[lane] = -1;
  voice.key_down = true;
  voice.finished = false;
  signals_[lane] = &silence_;
  tiles_[lane / kTile].outdated = true;
  voice.samples_to_release = note.gate_samples;
}

void VoiceBank::start_operator(std::size_t slot, std::size_t lane, const Patch& patch,
                               const NoteEvent& note, int key) noexcept {
  Voice& voice = voices_[lane];
  const std::size_t op = slot * kLanes + lane;
  const bool fixed = patch.slot(slot, kMode) != 0;
  lanes_.fixed_frequency[op] = mask(fixed);
  lanes_.log_hz[op] = fixed ? fixed_log_hz(patch, slot) : ratio_log_hz(*plan_, patch, slot, key);
  lanes_.on[op] = mask(((patch.voice[kSwitches] >> slot) & 1) != 0);
  lanes_.heard[op] = mask(kAlgorithms[voice.algorithm][slot].output == 0 ||
                          (slot == 0 && voice.feedback_depth > 1));
  lanes_.level_drop[op] = 0;
  lanes_.stored_gain[op] = 0;
  lanes_.next_phase[op] = 0;
  lanes_.step[op] = 0;
  if (const std::size_t sensitivity = patch.slot(slot, kAmpModSensitivity); sensitivity != 0) {
    voice.amp_modulations[voice.num_amp_modulations++] = {
        .op = op,
        .sensitivity = kAmpModSensitivityDepth[sensitivity],
        .amount = 0,
        .factor = amp_mod_factor(0)};
  }
  voice.envelopes[slot].start({.rates = bytes_at<4>(patch, slot * kSlotBytes + kRate1),
                               .levels = bytes_at<4>(patch, slot * kSlotBytes + kLevel1),
                               .output_level = output_level(patch, slot, key, note.velocity),
                               .rate_scaling = rate_scaling(patch, slot, key),
                               .multiplier = plan_->envelope_multiplier},
                              lanes_, op);
}

void VoiceBank::release(std::size_t lane) noexcept {
  Voice& voice = voices_[lane];
  voice.key_down = false;
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    voice.envelopes[slot].release(lanes_, slot * kLanes + lane);
  }
  voice.pitch_envelope.release(lanes_, lane);
  lanes_.may_go_on[lane] = -1;
}

void VoiceBank::begin_block(std::size_t num_voices) noexcept {
  advance(num_voices);
  run_feedback(num_voices);
}

void VoiceBank::advance(std::size_t num_voices) noexcept {
  const std::size_t num_lanes = round_up_to_tile(num_voices);
  for (std::size_t lane = 0; lane < num_voices; ++lane) {
    Voice& voice = voices_[lane];
    if (voice.key_down && voice.samples_to_release <= 0) release(lane);
    voice.samples_to_release -= kBlock;
    // Whether the last block was the last that could be heard.
    if (!voice.key_down && lanes_.may_go_on[lane] == 0) finish(lane);
  }
  if (kernels_->advance_controls(lanes_, num_lanes, tables_)) end_stages(num_voices);
  for (std::size_t lane = 0; lane < num_voices; ++lane) modulate_amplitude(lane);
  kernels_->set_operators(lanes_, num_lanes, tables_);
  for (std::size_t lane = 0; lane < num_voices; ++lane) {
    if (!voices_[lane].finished && voices_[lane].mixed_slots != lanes_.active[lane]) {
      plan_steps(lane);
    }
  }
}

void VoiceBank::finish(std::size_t lane) noexcept {
  Voice& voice = voices_[lane];
  if (voice.finished) return;
  voice.finished = true;
  voice.num_steps = 0;
  signals_[lane] = &silence_;
  tiles_[lane / kTile].outdated = true;
}

void VoiceBank::end_stages(std::size_t num_voices) noexcept {
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    for (std::size_t lane = 0; lane < num_voices; ++lane) {
      const std::size_t op = slot * kLanes + lane;
      if (lanes_.envelope_event[op] != 0) voices_[lane].envelopes[slot].end_stage(lanes_, op);
    }
  }
  for (std::size_t lane = 0; lane < num_voices; ++lane) {
    if (lanes_.pitch_event[lane] != 0) voices_[lane].pitch_envelope.end_stage(lanes_, lane);
  }
}

void VoiceBank::modulate_amplitude(std::size_t lane) noexcept {
  Voice& voice = voices_[lane];
  const auto amp_mod = static_cast<std::uint64_t>(lanes_.amp_mod[lane]);
  for (std::size_t i = 0; i < voice.num_amp_modulations; ++i) {
    AmpModulation& modulation = voice.amp_modulations[i];
    const std::uint64_t amount =
        (amp_mod * static_cast<std::uint64_t>(modulation.sensitivity)) >> 24;
    if (amount != modulation.amount) {
      modulation.amount = amount;
      modulation.factor = amp_mod_factor(amount);
    }
    const auto level = static_cast<std::uint64_t>(lanes_.level[modulation.op]);
    lanes_.level_drop[modulation.op] =
        static_cast<std::int32_t>((level * 16 * modulation.factor) >> 28);
  }
}

void VoiceBank::run_feedback(std::size_t num_voices) noexcept {
  std::array<std::array<std::int32_t, kLanes>, 3> heads;
  std::array<std::size_t, 3> num_stacks{};
  for (std::size_t lane = 0; lane < num_voices; ++lane) {
    const Voice& voice = voices_[lane];
    if (voice.finished || !feeds_back(voice, lane)) continue;
    const std::size_t kind = voice.feedback_depth - 1;
    heads[kind][num_stacks[kind]++] =
        static_cast<std::int32_t>(voice.feedback_slot * kLanes + lane);
  }
  for (std::size_t kind = 0; kind < heads.size(); ++kind) {
    kernels_->run_feedback(lanes_, tables_, kind + 1, heads[kind].data(), num_stacks[kind],
                           feedback_out_);
  }
}

bool VoiceBank::feeds_back(const Voice& voice, std::size_t lane) const noexcept {
  return voice.feedback_depth > 0 && ((lanes_.active[lane] >> voice.feedback_slot) & 1) != 0;
}

// Lists what leads to the output of the operators active in this block.
void VoiceBank::plan_steps(std::size_t lane) noexcept {
  Voice& voice = voices_[lane];
  voice.mixed_slots = lanes_.active[lane];
  const auto active = [&](std::size_t slot) { return ((voice.mixed_slots >> slot) & 1) != 0; };
  const bool with_feedback = feeds_back(voice, lane);

  struct Bus {
    const std::int32_t* sound = nullptr;  // nothing while null
    std::size_t first_step = 0;           // of those whose sum it holds
  };
  std::array<Bus, 3> buses;
  std::array<OperatorStep, kNumSlots> steps;
  std::size_t num_steps = 0;
  std::size_t slot = 0;
  if (with_feedback && voice.feedback_depth > 1) {
    buses[0].sound = feedback_out_[lane];
    slot = voice.feedback_depth;
  }
  for (; slot < kNumSlots; ++slot) {
    const Route& route = kAlgorithms[voice.algorithm][slot];
    Bus& output = buses[route.output];
    if (!active(slot)) {
      if (!route.adds) output.sound = nullptr;
      continue;
    }
    const bool adds = route.adds && output.sound != nullptr;
    const std::int32_t* modulator = route.input == 0 ? nullptr : buses[route.input].sound;
    if (modulator == nullptr && route.feeds_back && with_feedback) {
      if (adds) {
        // Whoever was the first to write the bus adds to the feedback instead of to nothing. No
        // algorithm reads the bus in between.
        steps[output.first_step].sum = feedback_out_[lane];
      } else {
        output.sound = feedback_out_[lane];
      }
      continue;
    }
    if (!adds) output.first_step = num_steps;
    std::int32_t* out = buses_[lane % kTile][route.output];
    steps[num_steps++] = {.op = slot * kLanes + lane,
                          .modulator = modulator,
                          .sum = adds ? output.sound : nullptr,
                          .out = out};
    output.sound = out;
  }
  signals_[lane] =
      buses[0].sound == nullptr ? &silence_ : reinterpret_cast<const Signal*>(buses[0].sound);

  // Leaves out what modulates nothing.
  std::array<bool, 3> wanted = {true, false, false};
  const auto bus_of = [&](const std::int32_t* sound) {
    std::size_t bus = 0;
    while (bus < 3 && buses_[lane % kTile][bus] != sound) ++bus;
    return bus;
  };
  std::size_t num_wanted = 0;
  for (std::size_t i = num_steps; i-- > 0;) {
    const std::size_t bus = bus_of(steps[i].out);
    if (!wanted[bus]) continue;
    wanted[bus] = steps[i].sum == steps[i].out;
    if (const std::size_t input = bus_of(steps[i].modulator); input < 3) wanted[input] = true;
    voice.steps[num_wanted++] = steps[i];
  }
  voice.num_steps = num_wanted;
  std::reverse(voice.steps.begin(), voice.steps.begin() + static_cast<std::ptrdiff_t>(num_wanted));
  tiles_[lane / kTile].outdated = true;

  // Where sounds come from and go to: a bus, the feedback, or nothing.
  const auto place = [&](const std::int32_t* sound) {
    return sound == feedback_out_[lane] ? std::uint64_t{4} : bus_of(sound);
  };
  voice.route = place(buses[0].sound);
  for (std::size_t i = 0; i < num_wanted; ++i) {
    const OperatorStep& step = voice.steps[i];
    for (const std::uint64_t part :
         {step.op / kLanes, place(step.modulator), place(step.sum), place(step.out)}) {
      voice.route = hashed(voice.route, part);
    }
  }
}

std::uint64_t VoiceBank::fingerprint(std::size_t lane, std::uint64_t hash) const noexcept {
  const Voice& voice = voices_[lane];
  if (voice.finished) return hashed(hash, 0);
  const auto add_operator = [&](std::size_t op) {
    hash = hashed(hash, pair(lanes_.phase[op], lanes_.step[op]));
    hash = hashed(hash, pair(lanes_.gain_from[op], lanes_.gain_to[op]));
  };
  hash = hashed(hash, voice.route);
  for (std::size_t i = 0; i < voice.num_steps; ++i) add_operator(voice.steps[i].op);
  if (feeds_back(voice, lane)) {
    hash = hashed(
        hash, pair(static_cast<std::int32_t>(voice.feedback_depth), lanes_.feedback_shift[lane]));
    for (std::size_t i = 0; i < voice.feedback_depth; ++i) {
      add_operator((voice.feedback_slot + i) * kLanes + lane);
    }
  }
  return hash;
}

// The voices take turns, as a step often has to wait for the one before. In each turn the steps of
// a kind come together.
void VoiceBank::plan_tile(std::size_t index) noexcept {
  Tile& tile = tiles_[index];
  tile.outdated = false;
  tile.num_steps = 0;
  for (std::size_t i = 0; i < kNumSlots; ++i) {
    for (const bool modulated : {false, true}) {
      for (const bool adds : {false, true}) {
        for (std::size_t lane = index * kTile; lane < (index + 1) * kTile; ++lane) {
          if (i >= voices_[lane].num_steps) continue;
          const OperatorStep& step = voices_[lane].steps[i];
          if ((step.modulator != nullptr) != modulated || (step.sum != nullptr) != adds) continue;
          tile.steps[tile.num_steps++] = step;
        }
      }
    }
  }
}

void VoiceBank::mix_tile(std::size_t index) noexcept {
  if (tiles_[index].outdated) plan_tile(index);
  const Tile& tile = tiles_[index];
  kernels_->run_operators(lanes_, tables_, tile.steps.data(), tile.num_steps);
}

}  // namespace synthrl::dx7
