// Scores as rows of an array.
#pragma once

#include <pybind11/numpy.h>

#include <array>
#include <cstddef>
#include <functional>

#include "core/thread_pool.h"
#include "render/row_sink.h"
#include "score/batch_scorer.h"

namespace synthrl::python {

// Compares `rows` renders with targets, see `score::BatchScorer::run`. `weights` are those of
// spectrogram MAE, spectral convergence and MFCC13 MAE. Returns [rows, 5]: these three, MFCC40 MAE
// after them, and the reward.
pybind11::array_t<float> score_rows(
    score::BatchScorer& scorer, const score::Targets& targets, const std::array<float, 3>& weights,
    std::size_t rows, const std::function<bool(RowSink&, const ThreadPool::KeepGoing&)>& render);

}  // namespace synthrl::python
