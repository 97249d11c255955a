// Renders that are compared instead of kept.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "render/row_sink.h"
#include "score/scorer.h"

namespace synthrl::score {

// The workplaces of the threads of one renderer: each compares what it has rendered, while that is
// still in its cache. Kept from batch to batch; one batch at a time, others wait.
class BatchScorer {
 public:
  // A worker renders at most `max_rows` at once.
  BatchScorer(std::size_t num_workers, std::size_t max_rows);

  // Renders a batch, its sounds as long as the targets, by `render`, which returns false if it
  // ended early. Row i is compared with target i, or with the only one, into scores[i]. Throws
  // std::invalid_argument if there are as many targets as neither.
  bool run(const Targets& targets, const RewardWeights& weights, std::span<Score> scores,
           const std::function<bool(RowSink&)>& render);

 private:
  struct Workplace {
    Scorer scorer;
    std::vector<float> audio;  // [max_rows, num_samples]
  };

  std::mutex one_batch_;
  std::size_t num_workers_, max_rows_;
  std::vector<Workplace> workplaces_;
};

}  // namespace synthrl::score
