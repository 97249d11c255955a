// Several voices rendered side by side on one thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "dx7/output.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice.h"
#include "render/note.h"

namespace synthrl::dx7 {

// Steps whose samples wait for each other (feedback, DC blocker) leave most of a processor idle
// for one voice, so kLanes voices share it. They do not hear each other.
class VoiceGroup {
 public:
  explicit VoiceGroup(const Plan& plan);

  // Plays patch i with note i into out[i · num_samples …], up to kLanes of them.
  void render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
              std::size_t num_samples, float* out) noexcept;

 private:
  void render_block(std::size_t num_voices) noexcept;

  const Plan* plan_;
  std::vector<Voice> voices_;
  OutputStage output_;
  LaneBlocks<std::int32_t> raw_;
  LaneBlocks<float> audio_;
};

}  // namespace synthrl::dx7
