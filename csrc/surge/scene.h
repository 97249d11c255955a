// One of the two scenes of an instrument: its LFOs, its voice, and the way to its output.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "surge/dsp/half_band.h"
#include "surge/dsp/scene_highpass.h"
#include "surge/modulators/formula.h"
#include "surge/modulators/lfo.h"
#include "surge/plan.h"
#include "surge/prepared_patch.h"
#include "surge/voice.h"

namespace synthrl::surge {

// `start` once per render and `play` once at most, then per block `process`. Only construction
// allocates, but for programs of LFOs.
class SceneEngine {
 public:
  // `plan` and `formulas` must outlive the scene. Without `formulas` LFOs with programs are silent.
  SceneEngine(const Plan& plan, const FormulaFactory* formulas);

  // Clears all state. `patch` must outlive the render.
  void start(const PreparedPatch& patch, int scene, std::uint64_t seed) noexcept;

  // Key down, before the first block.
  void play(int key, float velocity) noexcept;

  // Key up. A scene that latches goes on.
  void release() noexcept;

  // Parameters and LFOs of the next block, also of a scene that is silent.
  void advance() noexcept;

  // After `advance`: overwrites one block at the host's rate; `right` may be empty. `scene_a` is
  // null but for scene B if both play.
  void process(std::span<float> left, std::span<float> right, const SceneEngine* scene_a) noexcept;

  // Whether a voice sounded in the last block.
  bool had_voice() const { return had_voice_; }
  // Whether every further block is silent.
  bool silent() const { return !playing_ && tail_is_over_; }

  // Values of the scene's sources, and its parameters as of the last block.
  const SourceValues& sources() const { return sources_; }
  float value(SceneParam param) const { return values_[index_of(param)]; }

 private:
  void start_formulas();

  const Plan* plan_;
  const PreparedPatch* patch_ = nullptr;
  const PreparedScene* scene_ = nullptr;
  std::uint64_t seed_ = 0;
  int key_ = 60;
  bool playing_ = false;
  bool had_voice_ = false;
  bool attacked_ = false;
  bool advanced_ = false;  // since the start
  bool tail_is_over_ = true;

  SceneValues values_{};
  SourceValues sources_{};
  std::array<Lfo, kNumSceneLfos> lfos_;
  const FormulaFactory* formula_factory_;
  std::array<std::unique_ptr<Formula>, kNumLfos> formulas_;
  FormulaSurroundings scene_surroundings_;
  FormulaSurroundings voice_surroundings_;
  Voice voice_;
  HalfBandDecimator decimator_;
  SceneHighpass highpass_;
  // Of all voices, at twice the host's rate.
  std::array<float, kVoiceBlockSamples> left_{};
  std::array<float, kVoiceBlockSamples> right_{};
};

}  // namespace synthrl::surge
