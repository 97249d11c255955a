// Several voices rendered side by side on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dx7/output.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice_bank.h"
#include "render/note.h"

namespace synthrl::dx7 {

class VoiceGroup {
 public:
  explicit VoiceGroup(const Plan& plan);

  // Plays patch i with note i into rows[i], of `num_samples` each; up to kLanes of them. A row
  // depends on its own patch and note alone.
  void render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
              std::size_t num_samples, std::span<float* const> rows) noexcept;

  // The same with rows that follow each other: out[i · num_samples …].
  void render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
              std::size_t num_samples, float* out) noexcept;

  // Hashes of what `render` would play, at a fraction of its time: where two are equal, so are all
  // samples. The reverse need not hold.
  void fingerprint(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                   std::size_t num_samples, std::span<std::uint64_t> hashes) noexcept;

 private:
  // Where a group is too large to move.
  struct Parts {
    explicit Parts(const Plan& plan) : bank(plan), output(plan) {}

    VoiceBank bank;
    OutputStage output;
  };

  std::unique_ptr<Parts> parts_;
};

}  // namespace synthrl::dx7
