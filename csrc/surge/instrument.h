// A whole instrument: both scenes, the effects between them and the output.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "render/note.h"
#include "surge/dsp/ramp.h"
#include "surge/effects/chain.h"
#include "surge/modulators/formula.h"
#include "surge/plan.h"
#include "surge/prepared_patch.h"
#include "surge/scene.h"

namespace synthrl::surge {

// Which scenes sound for a note; those that latch do by themselves.
std::array<bool, kNumScenes> scenes_that_play(const PreparedPatch& patch, const NoteEvent& note);

// Plays one note per render in a fresh state. Only construction allocates.
class Instrument {
 public:
  // `plan` and `formulas` must outlive the instrument. Without `formulas` LFOs with programs are
  // silent; with them, a render of a patch that has such LFOs allocates.
  explicit Instrument(const Plan& plan, const FormulaFactory* formulas = nullptr);

  // Renders a note of `patch` from its key down on, into spans of one length; `right` may be empty
  // if only the left channel is wanted. The key goes up before the first block of 32 samples that
  // begins after `note.gate_samples`, rounded down to whole blocks. Random numbers follow from
  // `seed` alone. `effects` has been started with the same patch and
  // note, or is null: dry.
  void render(const PreparedPatch& patch, const NoteEvent& note, std::uint64_t seed,
              EffectChain* effects, std::span<float> left, std::span<float> right) noexcept;

 private:
  using Block = std::array<float, kBlockSamples>;

  void start(const PreparedPatch& patch, const NoteEvent& note, std::uint64_t seed) noexcept;
  void route_globals();
  void clip_scenes(std::array<Block, kNumScenes>& left, std::array<Block, kNumScenes>& right) const;
  void process(EffectChain* effects, Block& left, Block& right, bool stereo) noexcept;
  bool needs_right(bool stereo) const;

  const Plan* plan_;
  const PreparedPatch* patch_ = nullptr;
  std::array<SceneEngine, kNumScenes> scenes_;
  std::array<bool, kNumScenes> scene_active_{};
  std::array<float, kNumGlobalParams> globals_{};
  bool first_block_ = true;
  float smoothed_volume_ = 0.0f;
  Ramp volume_;
};

}  // namespace synthrl::surge
