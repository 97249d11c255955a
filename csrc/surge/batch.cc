#include "surge/batch.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "core/denormals.h"
#include "render/fade_out.h"
#include "surge/modulators/lua_formula.h"
#include "surge/prepared_patch.h"

namespace synthrl::surge {
BatchRenderer::BatchRenderer(RenderFormat format, std::size_t num_threads, bool formulas)
    : plan_(std::make_unique<const Plan>(format)),
      formulas_(formulas ? lua_formulas() : nullptr),
      pool_(num_threads) {
  if (formulas && formulas_ == nullptr) {
    throw std::invalid_argument("formulas need an engine that was built with SYNTHRL_LUAJIT");
  }
  instruments_.reserve(pool_.size());
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    instruments_.push_back(std::make_unique<Instrument>(*plan_, formulas_.get()));
    chains_.push_back(std::make_unique<EffectChain>(*plan_));
  }
}

BatchRenderer::Result BatchRenderer::render(std::span<const std::shared_ptr<const Patch>> patches,
                                            std::span<const NoteEvent> notes, std::uint64_t seed,
                                            const Format& format, float* out,
                                            const ThreadPool::KeepGoing& keep_going) {
  Result result;
  std::mutex error_mutex;
  const std::size_t row_samples = format.num_samples * (format.stereo ? 2 : 1);
  const auto render_row = [&](std::size_t row, std::size_t worker) {
    const ScopedFlushDenormals flush;
    const std::span<float> audio(out + row * row_samples, row_samples);
    const std::span<float> left = audio.first(format.num_samples);
    const std::span<float> right = audio.subspan(format.num_samples);
    try {
      const PreparedPatch patch(*patches[row]);
      EffectChain* effects = format.effects ? chains_[worker].get() : nullptr;
      if (effects != nullptr) effects->start(patch, scenes_that_play(patch, notes[row]), seed);
      instruments_[worker]->render(patch, notes[row], seed, effects, left, right);
      fade_out(left, format.fade_samples);
      fade_out(right, format.fade_samples);
    } catch (const std::exception& error) {
      const std::lock_guard lock(error_mutex);
      if (!result.error || row < result.error->row) {
        result.error = RowError{.row = row, .message = error.what()};
      }
    }
  };
  result.complete = pool_.run(patches.size(), render_row, keep_going);
  return result;
}

}  // namespace synthrl::surge
