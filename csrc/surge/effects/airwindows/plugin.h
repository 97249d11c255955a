// What the plugins of the Airwindows effect are to their host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {

// Plugins run so many samples with the same parameters.
inline constexpr std::size_t kFrames = 4;
inline constexpr std::size_t kMaxParams = 10;

using Frames = std::span<Stereo, kFrames>;

// Parameters from 0 to 1, in the order of the plugin; of a choice, the number of the item.
using PluginValues = std::array<double, kMaxParams>;

// Allocates in its constructor only.
class Plugin {
 public:
  virtual ~Plugin() = default;

  // Clears all state. `set` comes next.
  virtual void start(std::uint64_t seed) noexcept = 0;
  // Sets the parameters, which hold until the next change.
  virtual void set(const PluginValues& values) noexcept = 0;
  virtual void process(Frames frames) noexcept = 0;
};

struct PluginType {
  int id = 0;  // as in patches
  const char* name = "";
  std::unique_ptr<Plugin> (*make)(double sample_rate) = nullptr;
  // The parameter that is a choice among so many items; those of the other plugins are continuous.
  std::size_t choice = kMaxParams;
  int num_items = 0;
};

template <class Type>
std::unique_ptr<Plugin> make_plugin(double sample_rate) {
  return std::make_unique<Type>(sample_rate);
}

// The sample rate of which most constants are, relative to which plugins adapt to others.
inline constexpr double kReferenceRate = 44100.0;

}  // namespace synthrl::surge::airwindows
