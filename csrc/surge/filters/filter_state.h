// Memory for the state of whichever algorithm a filter runs.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

#include "surge/dsp/lanes.h"

namespace synthrl::surge {

// One object at a time, of a type that only `emplace` and `get` know.
template <Lanes S>
class FilterState {
 public:
  template <class State>
  State& emplace() {
    static_assert(sizeof(State) <= sizeof(bytes_) && alignof(State) <= alignof(FilterState));
    static_assert(std::is_trivially_copyable_v<State> && std::is_trivially_destructible_v<State>);
    return *::new (static_cast<void*>(bytes_)) State();
  }

  // The object last made, which must be a `State`.
  template <class State>
  State& get() {
    return *std::launder(reinterpret_cast<State*>(bytes_));
  }

 private:
  // The largest state: that of the Huovilainen ladder.
  static constexpr std::size_t kMaxSignals = 9;

  alignas(16) std::byte bytes_[kMaxSignals * sizeof(S)];
};

}  // namespace synthrl::surge
