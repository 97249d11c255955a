// Wavetables: frames of single-cycle waves with octave-spaced band-limited copies (mip levels).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace synthrl::surge {

// Frames are available as float (full scale 1) and as 16-bit integers (full scale 16384, which
// only the Window oscillator reads, and which can be left out). Read-only after construction; share
// freely.
class Wavetable {
 public:
  static constexpr int kMaxFrames = 512;
  static constexpr int kMaxFrameSamples = 4096;
  static constexpr int kMinFrameSamples = 2;
  static constexpr int kGuardSamples = 4;

  enum class Copies : std::uint8_t { kBoth, kFloatOnly };

  enum class SampleFormat : std::uint8_t { kFloat, kInt16, kFullRangeInt16 };

  // Takes `num_frames` frames of `frame_samples` samples, one after another. Throws
  // std::invalid_argument if the numbers are out of range, `frame_samples` is no power of two, or
  // `samples` has another size than their product.
  Wavetable(int frame_samples, int num_frames, bool one_shot, std::vector<float> samples,
            Copies copies = Copies::kBoth);
  Wavetable(int frame_samples, int num_frames, bool one_shot, SampleFormat format,
            std::vector<std::int16_t> samples, Copies copies = Copies::kBoth);

  // Reads the content of a `.wt` file or the equal form embedded in patches. Data that is cut
  // short continues with zeros; data after the samples is ignored. Samples that are not finite
  // become 0, others are limited to +-1000. Throws std::invalid_argument with the reason if the
  // header is no such thing.
  static Wavetable parse_wt(std::span<const std::byte> content, Copies copies = Copies::kBoth);

  // Reads the content of a `.wav` file: 16-bit PCM or 32-bit float, the first channel. Throws
  // std::invalid_argument with the reason.
  static Wavetable parse_wav(std::span<const std::byte> content);

  int frame_samples() const { return frame_samples_; }  // a power of two
  int num_frames() const { return num_frames_; }
  bool one_shot() const { return one_shot_; }      // a sample cut into frames
  bool full_range() const { return full_range_; }  // 16-bit full scale is 32768
  int num_levels() const { return num_levels_; }   // level l has frame_samples >> l samples

  // The `frame_samples() >> level` samples of a frame. `level` and `frame` must exist. Before and
  // after a 16-bit frame kGuardSamples more can be read, with which the wave repeats. `frame16` is
  // only for tables with both copies.
  std::span<const float> frame(int level, int frame) const;
  std::span<const std::int16_t> frame16(int level, int frame) const;

 private:
  void check_shape(std::size_t num_samples) const;
  void build_levels();
  void build_levels16(std::span<const std::int16_t> samples);
  std::size_t offset(int level, int frame) const;
  std::size_t offset16(int level, int frame) const;

  int frame_samples_;
  int num_frames_;
  int num_levels_ = 1;
  bool one_shot_;
  bool full_range_ = false;
  std::vector<float> samples_;  // all levels, one after another
  std::vector<std::int16_t> samples16_;
};

}  // namespace synthrl::surge
