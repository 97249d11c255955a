// Memories that the plugins share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {

// Long memories are in single precision.
using StoredStereo = float __attribute__((vector_size(8)));

inline StoredStereo stored(Stereo value) { return __builtin_convertvector(value, StoredStereo); }
inline Stereo restored(StoredStereo value) { return __builtin_convertvector(value, Stereo); }

// A delay whose length may change at any time. It then goes on within its new length, where what
// older lengths left behind is heard once more.
class RingDelay {
 public:
  explicit RingDelay(int max_delay) : cells_(static_cast<std::size_t>(max_delay) + 1) {}

  void clear() {
    std::ranges::fill(cells_, StoredStereo{});
    index_ = 1;
  }

  // What went in `delay` samples ago.
  Stereo process(Stereo in, int delay) {
    write(in, delay);
    return cell(index_);
  }

  void write(Stereo in, int delay) {
    cells_[index_] = stored(in);
    index_ = next(delay);
  }
  // What `process` would return if `write` were next.
  Stereo ahead(int delay) const { return cell(next(delay)); }

  // After `write`: what went in `delay` - `later` samples ago, of one channel.
  double read(int channel, int later, int delay) const {
    auto index = static_cast<std::size_t>(static_cast<int>(index_) + later);
    if (index > static_cast<std::size_t>(delay)) index -= static_cast<std::size_t>(delay) + 1;
    return static_cast<double>(cells_[index][channel]);
  }

 private:
  std::size_t next(int delay) const {
    return index_ >= static_cast<std::size_t>(delay) ? 0 : index_ + 1;
  }
  Stereo cell(std::size_t index) const { return restored(cells_[index]); }

  std::vector<StoredStereo> cells_;
  std::size_t index_ = 1;
};

// The last samples.
class History {
 public:
  // Holds at least `length` samples.
  explicit History(int length) {
    std::size_t size = 1;
    while (size < static_cast<std::size_t>(length)) size *= 2;
    cells_.resize(size);
    mask_ = size - 1;
  }

  void clear() { std::ranges::fill(cells_, Stereo{}); }
  void push(Stereo value) { cells_[++newest_ & mask_] = value; }
  // 0 is the newest.
  Stereo operator[](int age) const {
    return cells_[(newest_ - static_cast<std::size_t>(age)) & mask_];
  }
  // Between samples, on a straight line.
  Stereo at(double age) const {
    const double whole = std::floor(age);
    const double part = age - whole;
    const auto base = static_cast<int>(whole);
    return (1.0 - part) * (*this)[base] + part * (*this)[base + 1];
  }

 private:
  std::vector<Stereo> cells_;
  std::size_t mask_ = 0;
  std::size_t newest_ = 0;
};

// The last samples, remembered the way some plugins do: reads past the end of the memory are one
// sample late.
template <class Value>
class LateWrapHistory {
 public:
  // The first sample goes to cell `first`, the others downwards from there.
  LateWrapHistory(std::size_t length, std::size_t first)
      : cells_(length), first_(first), newest_(first) {
    clear();
  }

  void clear() {
    std::ranges::fill(cells_, Value{});
    newest_ = first_ + 1;
  }
  void push(Value value) {
    newest_ = newest_ == 0 ? cells_.size() - 1 : newest_ - 1;
    cells_[newest_] = value;
  }
  // 0 is the newest; `age` is below the length less 1.
  Value operator[](int age) const {
    const std::size_t cell = newest_ + static_cast<std::size_t>(age);
    return cells_[cell < cells_.size() ? cell : cell - cells_.size() + 1];
  }

 private:
  std::vector<Value> cells_;
  std::size_t first_;
  std::size_t newest_;
};

}  // namespace synthrl::surge::airwindows
