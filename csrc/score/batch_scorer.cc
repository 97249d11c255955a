#include "score/batch_scorer.h"

#include <stdexcept>
#include <string>

namespace synthrl::score {

BatchScorer::BatchScorer(std::size_t num_workers, std::size_t max_rows)
    : num_workers_(num_workers), max_rows_(max_rows) {}

bool BatchScorer::run(const Targets& targets, const RewardWeights& weights, std::span<Score> scores,
                      const std::function<bool(RowSink&)>& render) {
  if (targets.count() != scores.size() && targets.count() != 1) {
    throw std::invalid_argument(std::to_string(targets.count()) + " targets for " +
                                std::to_string(scores.size()) +
                                " presets; there must be one, or one for each");
  }
  const std::lock_guard batch(one_batch_);
  const FrameGrid grid = targets.grid();
  if (workplaces_.empty() || workplaces_.front().scorer.grid().num_samples != grid.num_samples) {
    workplaces_.clear();
    for (std::size_t i = 0; i < num_workers_; ++i) {
      workplaces_.push_back(
          {.scorer = Scorer(grid), .audio = std::vector<float>(max_rows_ * grid.num_samples)});
    }
  }

  struct Sink final : RowSink {
    Sink(std::vector<Workplace>& places, const Targets& all, const RewardWeights& w,
         std::span<Score> out)
        : workplaces(places), targets(all), weights(w), scores(out) {}

    float* room(std::size_t, std::size_t lane, std::size_t worker) noexcept override {
      return workplaces[worker].audio.data() + lane * targets.grid().num_samples;
    }
    void finish(std::size_t row, std::size_t worker, std::span<float> audio) noexcept override {
      const std::size_t target = targets.count() == 1 ? 0 : row;
      scores[row] = workplaces[worker].scorer.score(audio, targets, target, weights);
    }

    std::vector<Workplace>& workplaces;
    const Targets& targets;
    const RewardWeights& weights;
    std::span<Score> scores;
  };
  Sink sink(workplaces_, targets, weights, scores);
  return render(sink);
}

}  // namespace synthrl::score
