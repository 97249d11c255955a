// Any 155 floats, played: an error, or finite audio.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "dx7/params.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/rows.h"
#include "dx7/voice_group.h"
#include "render/note.h"

namespace {

using namespace synthrl;
using namespace synthrl::dx7;

constexpr std::size_t kNumSamples = 1000;

struct Setting {
  Setting(double sample_rate, Engine engine, Stage stage)
      : plan({.sample_rate = sample_rate}, engine, stage), group(plan) {}
  Plan plan;
  VoiceGroup group;
};

std::vector<std::unique_ptr<Setting>> settings() {
  std::vector<std::unique_ptr<Setting>> all;
  for (const double sample_rate : {8000.0, 22050.0, 44100.0, 384000.0}) {
    for (const Engine engine : {Engine::kMark1, Engine::kModern, Engine::kOpl}) {
      for (const Stage stage : {Stage::kEngine, Stage::kPlugin}) {
        all.push_back(std::make_unique<Setting>(sample_rate, engine, stage));
      }
    }
  }
  return all;
}

// Reads the input like a stream, which goes on with zeros.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  T take() {
    T value{};
    const std::size_t count = std::min(sizeof(T), bytes_.size());
    if (count > 0) std::memcpy(&value, bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return value;
  }

  // Mostly in range, as one bad value makes an error of the whole voice.
  float take_value(bool any_bits) {
    return any_bits ? take<float>() : static_cast<float>(take<std::uint8_t>()) / 255.0f;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::unique_ptr<Setting>> all = settings();
  Input input({data, size});
  Setting& setting = *all[input.take<std::uint8_t>() % all.size()];
  const NoteEvent note = {.key = input.take<std::uint8_t>() % 128,
                          .velocity = input.take<std::uint8_t>() % 128,
                          .gate_samples = input.take<std::uint32_t>(),
                          .lfo_phase = input.take<std::uint32_t>(),
                          .sample_hold = input.take<std::uint8_t>()};
  const auto any_bits = input.take<std::uint8_t>();  // a value in so many is any float at all
  std::array<float, kNumParameters> values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = input.take_value(any_bits != 0 && i % any_bits == 0);
  }
  std::vector<Patch> patches;
  try {
    patches = patches_from_values(values, setting.plan);
  } catch (const std::invalid_argument&) {
    return 0;
  }
  std::array<float, kNumSamples> audio;
  setting.group.render(patches, {&note, 1}, audio.size(), audio.data());
  if (!std::all_of(audio.begin(), audio.end(), [](float x) { return std::isfinite(x); })) {
    std::abort();
  }
  return 0;
}
