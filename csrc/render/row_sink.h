// Where the sounds of a batch go.
#pragma once

#include <cstddef>
#include <span>

namespace synthrl {

// Called by the threads that render, for different rows at the same time.
class RowSink {
 public:
  virtual ~RowSink() = default;

  // Room for a row, the `lane`-th of those that `worker` renders side by side. It is the worker's
  // until it has finished all of them.
  virtual float* room(std::size_t row, std::size_t lane, std::size_t worker) noexcept = 0;

  // A row is complete; `audio` lies in that room and may be changed.
  virtual void finish(std::size_t row, std::size_t worker, std::span<float> audio) noexcept = 0;
};

// Keeps the sounds: [rows, num_samples].
class MatrixSink final : public RowSink {
 public:
  MatrixSink(float* out, std::size_t num_samples) : out_(out), num_samples_(num_samples) {}

  float* room(std::size_t row, std::size_t, std::size_t) noexcept override {
    return out_ + row * num_samples_;
  }
  void finish(std::size_t, std::size_t, std::span<float>) noexcept override {}

 private:
  float* out_;
  std::size_t num_samples_;
};

}  // namespace synthrl
