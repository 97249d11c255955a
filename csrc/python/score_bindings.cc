#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "python/arrays.h"
#include "python/interruptible.h"
#include "python/scores.h"
#include "score/features.h"
#include "score/scorer.h"

namespace synthrl::python {

namespace py = pybind11;
using namespace synthrl::score;

py::array_t<float> score_rows(
    BatchScorer& scorer, const Targets& targets, const std::array<float, 3>& weights,
    std::size_t rows, const std::function<bool(RowSink&, const ThreadPool::KeepGoing&)>& render) {
  const RewardWeights reward{
      .spectrogram = weights[0], .convergence = weights[1], .mfcc13 = weights[2]};
  std::vector<Score> scores(rows);
  run_interruptibly([&](const ThreadPool::KeepGoing& keep_going) {
    scorer.run(targets, reward, scores, [&](RowSink& sink) { return render(sink, keep_going); });
  });
  py::array_t<float> table({rows, std::size_t{5}});
  float* out = table.mutable_data();
  for (const Score& s : scores) {
    for (const float column : {s.spectrogram, s.convergence, s.mfcc13, s.mfcc40, s.reward}) {
      *out++ = column;
    }
  }
  return table;
}

namespace {

std::unique_ptr<Targets> analysed(const Array<float>& audio, std::size_t threads) {
  if (audio.ndim() != 2) throw std::invalid_argument("targets must have shape [N, samples]");
  std::unique_ptr<Targets> targets;
  run_interruptibly([&](const ThreadPool::KeepGoing& keep_going) {
    targets =
        std::make_unique<Targets>(audio.data(), static_cast<std::size_t>(audio.shape(0)),
                                  static_cast<std::size_t>(audio.shape(1)), threads, keep_going);
  });
  return targets;
}

py::array_t<float> mel_filters() {
  py::array_t<float> filters({kNumBands, kNumBins});
  for (std::size_t band = 0; band < kNumBands; ++band) {
    for (std::size_t bin = 0; bin < kNumBins; ++bin) {
      *filters.mutable_data(band, bin) = feature_tables().mel.weight(band, bin);
    }
  }
  return filters;
}

}  // namespace

void bind_score(py::module_& module) {
  py::class_<Targets>(module, "Targets")
      .def(py::init(&analysed), py::arg("audio"), py::arg("threads"))
      .def("__len__", &Targets::count)
      .def_property_readonly("num_samples",
                             [](const Targets& self) { return self.grid().num_samples; });
  module.attr("SAMPLE_RATE") = kSampleRate;
  module.def("mel_filters", &mel_filters);
}

}  // namespace synthrl::python
