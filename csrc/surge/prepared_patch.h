// A patch made ready to play: what follows from it alone, worked out once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "surge/filter_block.h"
#include "surge/modulators/envelope.h"
#include "surge/modulators/lfo.h"
#include "surge/modulators/mseg.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/wavetable.h"
#include "surge/patch.h"

namespace synthrl::surge {

// Values of all modulation sources, by number and output.
inline constexpr int kSourceOutputs = kMaxLfoOutputs;
using SourceValues = std::array<float, kNumModSources * kSourceOutputs>;

// Parameters of a scene, with modulation.
using SceneValues = std::array<float, kNumSceneParams>;

// Keeps sums of modulation within what every processor can compute with.
constexpr float bounded(float value) {
  constexpr float kBound = 1e6f;
  return value < kBound ? (value > -kBound ? value : -kBound) : kBound;
}

constexpr std::size_t source_slot(ModSource source, int output = 0) {
  return static_cast<std::size_t>(source) * kSourceOutputs + static_cast<std::size_t>(output);
}
constexpr ModSource nth(ModSource first, int index) {
  return static_cast<ModSource>(static_cast<int>(first) + index);
}

// A routing that has an effect, with its ends resolved.
struct Route {
  std::uint16_t source = 0;  // slot in SourceValues
  std::uint16_t destination = 0;
  float depth = 0.0f;
};

// Which oscillators modulate which.
enum class FmRouting : std::uint8_t { kOff, k2To1, k3To2To1, k2And3To1 };

inline void add_routes(std::span<const Route> routes, const SourceValues& sources,
                       SceneValues& values) {
  for (const Route& route : routes) {
    float& value = values[route.destination];
    value = bounded(value + route.depth * sources[route.source]);
  }
}

// Values of one of a scene's LFOs.
LfoControls lfo_controls(const SceneValues& values, int lfo);

struct PreparedScene {
  int index = 0;
  const Scene* scene = nullptr;
  SceneValues values{};  // without modulation
  bool audible = true;   // its volume is not switched off

  std::array<OscillatorModel, kNumOscillators> oscillators;
  std::array<bool, kNumOscillators> oscillator_runs{};
  FmRouting fm = FmRouting::kOff;
  bool fm_is_silent = false;  // solo cuts the modulators off from the carrier, which stays one

  // Per MixerChannel.
  std::array<bool, kNumMixerChannels> channel_on{};
  std::array<bool, kNumMixerChannels> to_filter1{};
  std::array<bool, kNumMixerChannels> to_filter2{};
  bool reads_scene_a = false;  // an Audio In mixes in the output of the other scene

  FilterBlockModel filter_block;
  std::array<EnvelopeModel, kNumEnvelopes> envelopes;
  std::array<MsegCurve, kNumLfos> msegs;
  std::array<LfoModel, kNumLfos> lfos;
  std::array<bool, kNumLfos> lfo_runs{};

  std::vector<Route> scene_routes;
  // Those of the voice's LFOs come last.
  std::vector<Route> voice_routes;
  std::size_t num_routes_without_lfos = 0;
};

struct PreparedGlobalRoute {
  int scene = 0;
  Route route;
};

// Read-only after construction; share freely. Must stay where it is: its parts refer to each other.
class PreparedPatch {
 public:
  // Throws std::invalid_argument if a wavetable that sounds cannot be read. `patch` must outlive
  // this.
  explicit PreparedPatch(const Patch& patch);
  PreparedPatch(const PreparedPatch&) = delete;
  PreparedPatch& operator=(const PreparedPatch&) = delete;

  const Patch& patch() const { return *patch_; }
  const PreparedScene& scene(int index) const { return scenes_[static_cast<std::size_t>(index)]; }
  const std::vector<PreparedGlobalRoute>& global_routes() const { return global_routes_; }

 private:
  void prepare_scene(int index);
  void prepare_oscillators(PreparedScene& prepared);
  void prepare_mixer(PreparedScene& prepared);
  void prepare_filters(PreparedScene& prepared);
  void prepare_modulators(PreparedScene& prepared);

  const Patch* patch_;
  std::array<PreparedScene, kNumScenes> scenes_;
  std::array<std::optional<Wavetable>, kNumScenes * kNumOscillators> wavetables_;
  std::vector<PreparedGlobalRoute> global_routes_;
};

}  // namespace synthrl::surge
