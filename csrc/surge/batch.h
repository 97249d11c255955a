// Many notes at once, shared out over threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "render/note.h"
#include "surge/instrument.h"
#include "surge/patch.h"
#include "surge/plan.h"

namespace synthrl::surge {

class BatchRenderer {
 public:
  // `formulas`: whether to run the programs that some patches have for LFOs, which are silent
  // otherwise. Throws std::invalid_argument if the format is out of range or the engine was built
  // without an interpreter for formulas.
  BatchRenderer(RenderFormat format, std::size_t num_threads, bool formulas = false);

  const Plan& plan() const { return *plan_; }
  std::size_t num_threads() const { return pool_.size(); }

  struct Format {
    std::size_t num_samples = 0;
    std::size_t fade_samples = 0;  // at the end, faded out by a straight line from 1 to 0
    bool stereo = false;           // left, then right; otherwise only the left channel
    bool effects = true;           // false: dry
  };

  struct RowError {
    std::size_t row;
    std::string message;
  };

  struct Result {
    bool complete = true;  // false: `keep_going` ended the batch early
    std::optional<RowError> error;
  };

  // Renders patch i with note i into row i of `out`, [rows][channels][samples]. Every row depends
  // on its own patch and note and on `seed` alone. `error` is that of the first row whose patch
  // cannot be played; others are rendered all the same.
  Result render(std::span<const std::shared_ptr<const Patch>> patches,
                std::span<const NoteEvent> notes, std::uint64_t seed, const Format& format,
                float* out, const ThreadPool::KeepGoing& keep_going);

 private:
  std::unique_ptr<const Plan> plan_;  // stays where it is
  std::unique_ptr<const FormulaFactory> formulas_;
  // One per worker.
  std::vector<std::unique_ptr<Instrument>> instruments_;
  std::vector<std::unique_ptr<EffectChain>> chains_;
  ThreadPool pool_;
};

}  // namespace synthrl::surge
