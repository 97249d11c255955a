// A sound as overlapping frames.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "score/fft.h"
#include "score/lanes.h"

namespace synthrl::score {

inline constexpr std::size_t kHop = 256;

// A sound can be mirrored at its ends if it is longer than half a frame.
inline constexpr std::size_t kMinSamples = kFftSize / 2 + 1;

// Which frames a sound has, and where they are. It is cut into kLanes stretches of `num_groups`
// frames each, so that group g holds frame g of every stretch; the last stretch has some to spare.
struct FrameGrid {
  explicit FrameGrid(std::size_t samples)
      : num_samples(samples),
        num_frames(samples / kHop + 1),
        num_groups((num_frames + kLanes - 1) / kLanes) {}

  bool has_frame(std::size_t group, std::size_t lane) const {
    return lane * num_groups + group < num_frames;
  }

  std::size_t num_samples;
  std::size_t num_frames;
  std::size_t num_groups;
};

// Room for one sound, used again for the next.
class Frames {
 public:
  explicit Frames(FrameGrid grid);

  const FrameGrid& grid() const { return grid_; }

  // Takes a sound [num_samples] divided by `divisor`, mirrored at its ends so that frame i is
  // centred on sample i · kHop.
  void load(std::span<const float> audio, float divisor) noexcept;

  // Writes the samples [kFftSize] of the frames of a group, times `window`.
  void copy_windowed(std::size_t group, const float* window, Lanes* out) const noexcept;

 private:
  FrameGrid grid_;
  std::vector<float> padded_;  // mirrored at both ends, then zeros
  LaneBuffer stretches_;       // side by side; each overlaps the next by the rest of a frame
};

// The largest |x + 1e-5|, which SynthRL divides renders by; infinite or no number if a sample is.
float render_peak(std::span<const float> audio) noexcept;

}  // namespace synthrl::score
