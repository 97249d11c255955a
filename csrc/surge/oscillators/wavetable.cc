#include "surge/oscillators/wavetable.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace synthrl::surge {
namespace {

constexpr float kSampleLimit = 1000.0f;

float sanitised(float sample) {
  return std::isfinite(sample) ? std::clamp(sample, -kSampleLimit, kSampleLimit) : 0.0f;
}

// ---- Little-endian reading
// -----------------------------------------------------------------------

// Unsigned integer of `size` bytes at `offset`, which must exist.
std::uint32_t read_unsigned(std::span<const std::byte> bytes, std::size_t offset,
                            std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::to_integer<std::uint32_t>(bytes[offset + i]) << (8 * i);
  }
  return value;
}

std::int16_t read_int16(std::span<const std::byte> bytes, std::size_t offset) {
  return static_cast<std::int16_t>(read_unsigned(bytes, offset, 2));
}

float read_float(std::span<const std::byte> bytes, std::size_t offset) {
  return std::bit_cast<float>(read_unsigned(bytes, offset, 4));
}

bool has_text(std::span<const std::byte> bytes, std::size_t offset, std::string_view text) {
  return bytes.size() >= offset + text.size() &&
         std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0;
}

// ---- Mip levels
// ----------------------------------------------------------------------------------

constexpr int kFilterReach = 31;

// Half-band low-pass of 63 taps with a four-term Blackman-Harris window.
const std::array<float, 2 * kFilterReach + 1>& half_band_taps() {
  static const auto taps = [] {
    constexpr double kCutoff = 0.45;
    std::array<float, 2 * kFilterReach + 1> result{};
    for (int n = -kFilterReach; n <= kFilterReach; ++n) {
      const double x = std::numbers::pi * n / kFilterReach;
      const double window = 0.35875 + 0.48829 * std::cos(x) + 0.14128 * std::cos(2.0 * x) +
                            0.01168 * std::cos(3.0 * x);
      const double angle = std::numbers::pi * kCutoff * n;
      const double sinc = n == 0 ? 1.0 : std::sin(angle) / angle;
      result[static_cast<std::size_t>(n + kFilterReach)] =
          static_cast<float>(kCutoff * sinc * window);
    }
    return result;
  }();
  return taps;
}

// First half of the symmetric integer filter of 64 taps; their sum is about 65536.
constexpr std::array<std::int32_t, 32> kHalfBandTaps16 = {
    1,    33,   -8,  -48,   31,  72,   -74,   -92,   143,  95,   -240,
    -66,  364,  -14, -505,  168, 642,  -416,  -748,  779,  782,  -1279,
    -687, 1951, 375, -2874, 331, 4293, -1957, -7315, 7773, 31275};

// Splits `size` + 2 * kFilterReach samples around a frame, or around all frames of a one-shot
// sample, into those with even and odd index. A wave repeats; a one-shot sample has silence around.
template <typename Sample>
class Deinterleaved {
 public:
  void assign(const Sample* samples, std::size_t size, bool repeats) {
    const std::size_t count = size / 2 + kPad;
    even_.assign(count, Sample{});
    odd_.assign(count, Sample{});
    const auto signed_size = static_cast<std::ptrdiff_t>(size);
    for (std::size_t i = 0; i < 2 * count; ++i) {
      auto index = static_cast<std::ptrdiff_t>(i) - kFirst;
      if (repeats) {
        index = (index % signed_size + signed_size) % signed_size;
      } else if (index < 0 || index >= signed_size) {
        continue;
      }
      (i % 2 == 0 ? even_ : odd_)[i / 2] = samples[index];
    }
  }

  // Every second sample from `reach` before the first.
  const Sample* from(int reach) const {
    const int index = kFirst + reach;
    return (index % 2 == 0 ? even_ : odd_).data() + index / 2;
  }

 private:
  static constexpr int kFirst = 32;  // samples before the frame
  static constexpr std::size_t kPad = 34;

  std::vector<Sample> even_;
  std::vector<Sample> odd_;
};

// Half as many samples, band-limited.
void halve(const Deinterleaved<float>& source, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  const auto& taps = half_band_taps();
  for (int n = -kFilterReach; n <= kFilterReach; ++n) {
    const float tap = taps[static_cast<std::size_t>(n + kFilterReach)];
    const float* in = source.from(n);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += tap * in[i];
  }
}

void halve(const Deinterleaved<std::int32_t>& source, std::span<std::int16_t> out) {
  std::vector<std::int64_t> sum(out.size(), 0);
  for (int a = 0; a < 64; ++a) {
    const std::int64_t tap = kHalfBandTaps16[static_cast<std::size_t>(a < 32 ? a : 63 - a)];
    const std::int32_t* in = source.from(a - 31);
    for (std::size_t i = 0; i < out.size(); ++i) sum[i] += tap * in[i];
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::int16_t>(std::clamp<std::int64_t>(sum[i] >> 16, -32768, 32767));
  }
}

std::vector<float> scaled(std::span<const std::int16_t> samples, float scale) {
  std::vector<float> result(samples.size());
  std::transform(samples.begin(), samples.end(), result.begin(),
                 [scale](std::int16_t sample) { return scale * static_cast<float>(sample); });
  return result;
}

// ---- Container files
// -----------------------------------------------------------------------------

constexpr std::uint32_t kOneShotFlag = 0x1;
constexpr std::uint32_t kInt16Flag = 0x4;
constexpr std::uint32_t kFullRangeFlag = 0x8;

constexpr int kDefaultFrameSamples = 2048;

// What the chunks of a WAVE file say about the frames in it.
struct WaveChunks {
  bool is_float = false;
  std::size_t num_channels = 0;
  std::span<const std::byte> data;
  bool has_data = false;
  bool is_wavetable = false;
  // Frame lengths by the chunk that tells them; the first that is known counts.
  std::optional<std::uint32_t> fixed;  // clm, uhWT
  std::optional<std::uint32_t> cue;
  std::optional<std::uint32_t> srge;
  std::optional<std::uint32_t> smpl;
  std::optional<std::uint32_t> one_shot;  // srgo
};

void read_format(std::span<const std::byte> chunk, WaveChunks& chunks) {
  if (chunk.size() < 16) throw std::invalid_argument("the WAVE format chunk is cut short");
  std::uint32_t format = read_unsigned(chunk, 0, 2);
  if (format == 0xfffe && chunk.size() >= 26) format = read_unsigned(chunk, 24, 2);
  const std::uint32_t bits = read_unsigned(chunk, 14, 2);
  chunks.num_channels = read_unsigned(chunk, 2, 2);
  chunks.is_float = format == 3;
  if (!(format == 1 && bits == 16) && !(format == 3 && bits == 32)) {
    throw std::invalid_argument("WAVE files must be 16-bit PCM or 32-bit float, not format " +
                                std::to_string(format) + " of " + std::to_string(bits) + " bits");
  }
  if (chunks.num_channels == 0) throw std::invalid_argument("the WAVE file has no channels");
}

// Distance of the cue points if it is the same everywhere.
std::optional<std::uint32_t> cue_spacing(std::span<const std::byte> chunk) {
  if (chunk.size() < 4) return std::nullopt;
  constexpr std::size_t kPointBytes = 24;
  const std::size_t count =
      std::min<std::size_t>(read_unsigned(chunk, 0, 4), (chunk.size() - 4) / kPointBytes);
  const auto position = [&](std::size_t i) {
    return read_unsigned(chunk, 4 + kPointBytes * i + 20, 4);
  };
  if (count < 2) return std::nullopt;
  const std::uint32_t spacing = position(1) - position(0);
  for (std::size_t i = 2; i < count; ++i) {
    if (position(i) - position(i - 1) != spacing) return std::nullopt;
  }
  return spacing;
}

std::uint32_t loop_length(std::span<const std::byte> chunk) {
  if (chunk.size() < 36 + 16 || read_unsigned(chunk, 28, 4) == 0) return kDefaultFrameSamples;
  const std::uint32_t length = read_unsigned(chunk, 48, 4) - read_unsigned(chunk, 44, 4) + 1;
  return length == 0 ? kDefaultFrameSamples : length;
}

WaveChunks read_chunks(std::span<const std::byte> content) {
  if (!has_text(content, 0, "RIFF") || !has_text(content, 8, "WAVE")) {
    throw std::invalid_argument("the file is no RIFF/WAVE file");
  }
  WaveChunks chunks;
  std::size_t offset = 12;
  while (offset + 8 <= content.size()) {
    const std::size_t size = read_unsigned(content, offset + 4, 4);
    const auto chunk = content.subspan(offset + 8, std::min(size, content.size() - offset - 8));
    if (has_text(content, offset, "fmt ")) {
      read_format(chunk, chunks);
    } else if (has_text(content, offset, "data")) {
      chunks.data = chunk;
      chunks.has_data = true;
    } else if (has_text(content, offset, "clm ")) {
      if (has_text(chunk, 3, "2048")) {
        chunks.fixed = kDefaultFrameSamples;
        chunks.is_wavetable = true;
      }
    } else if (has_text(content, offset, "uhWT")) {
      chunks.fixed = kDefaultFrameSamples;
      chunks.is_wavetable = true;
    } else if (has_text(content, offset, "cue ")) {
      chunks.cue = cue_spacing(chunk);
    } else if (has_text(content, offset, "srge")) {
      if (chunk.size() >= 8) {
        chunks.srge = read_unsigned(chunk, 4, 4);
        chunks.is_wavetable = true;
      }
    } else if (has_text(content, offset, "srgo")) {
      if (chunk.size() >= 8) chunks.one_shot = read_unsigned(chunk, 4, 4);
    } else if (has_text(content, offset, "smpl")) {
      chunks.smpl = loop_length(chunk);
      chunks.is_wavetable = true;
    }
    offset += 8 + size + size % 2;
  }
  if (chunks.num_channels == 0) throw std::invalid_argument("the WAVE file has no format chunk");
  if (!chunks.has_data) throw std::invalid_argument("the WAVE file has no data chunk");
  return chunks;
}

bool is_frame_length(std::uint32_t samples) {
  return samples >= Wavetable::kMinFrameSamples && samples <= Wavetable::kMaxFrameSamples &&
         std::has_single_bit(samples);
}

}  // namespace

Wavetable::Wavetable(int frame_samples, int num_frames, bool one_shot, std::vector<float> samples,
                     Copies copies)
    : frame_samples_(frame_samples),
      num_frames_(num_frames),
      one_shot_(one_shot),
      samples_(std::move(samples)) {
  check_shape(samples_.size());
  std::transform(samples_.begin(), samples_.end(), samples_.begin(), sanitised);
  const std::size_t count = samples_.size();
  build_levels();
  if (copies == Copies::kFloatOnly) return;
  std::vector<std::int16_t> samples16(count);
  std::transform(
      samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(count), samples16.begin(),
      [](float sample) {
        return static_cast<std::int16_t>(std::clamp(16384.0f * sample, -16384.0f, 16384.0f));
      });
  build_levels16(samples16);
}

Wavetable::Wavetable(int frame_samples, int num_frames, bool one_shot, SampleFormat format,
                     std::vector<std::int16_t> samples, Copies copies)
    : frame_samples_(frame_samples),
      num_frames_(num_frames),
      one_shot_(one_shot),
      full_range_(format == SampleFormat::kFullRangeInt16) {
  if (format == SampleFormat::kFloat) {
    throw std::invalid_argument("16-bit samples are not of the float format");
  }
  check_shape(samples.size());
  samples_ = scaled(samples, full_range_ ? 1.0f / 32768.0f : 1.0f / 16384.0f);
  build_levels();
  if (copies == Copies::kBoth) build_levels16(samples);
}

void Wavetable::check_shape(std::size_t num_samples) const {
  if (frame_samples_ < 0 || !is_frame_length(static_cast<std::uint32_t>(frame_samples_))) {
    throw std::invalid_argument("a wavetable frame has " + std::to_string(frame_samples_) +
                                " samples, not a power of two from 2 to 4096");
  }
  if (num_frames_ < 1 || num_frames_ > kMaxFrames) {
    throw std::invalid_argument("a wavetable has " + std::to_string(num_frames_) +
                                " frames, not 1 to 512");
  }
  if (num_samples !=
      static_cast<std::size_t>(frame_samples_) * static_cast<std::size_t>(num_frames_)) {
    throw std::invalid_argument("a wavetable has another number of samples than its frames");
  }
}

Wavetable Wavetable::parse_wt(std::span<const std::byte> content, Copies copies) {
  constexpr std::size_t kHeaderBytes = 12;
  if (content.size() < kHeaderBytes) {
    throw std::invalid_argument("the wavetable is shorter than its header");
  }
  // The mark at the start is zero in patches.
  const std::uint32_t frame_samples = read_unsigned(content, 4, 4);
  const std::uint32_t num_frames = read_unsigned(content, 8, 2);
  const std::uint32_t flags = read_unsigned(content, 10, 2);
  if (!is_frame_length(frame_samples)) {
    throw std::invalid_argument("a wavetable frame has " + std::to_string(frame_samples) +
                                " samples, not a power of two from 2 to 4096");
  }
  if (num_frames < 1 || num_frames > kMaxFrames) {
    throw std::invalid_argument("a wavetable has " + std::to_string(num_frames) +
                                " frames, not 1 to 512");
  }
  const auto data = content.subspan(kHeaderBytes);
  const std::size_t count = std::size_t{frame_samples} * num_frames;
  const bool one_shot = (flags & kOneShotFlag) != 0;
  if ((flags & kInt16Flag) != 0) {
    std::vector<std::int16_t> samples(count, 0);
    const std::size_t present = std::min(count, data.size() / 2);
    for (std::size_t i = 0; i < present; ++i) samples[i] = read_int16(data, 2 * i);
    const auto format =
        (flags & kFullRangeFlag) != 0 ? SampleFormat::kFullRangeInt16 : SampleFormat::kInt16;
    return Wavetable(static_cast<int>(frame_samples), static_cast<int>(num_frames), one_shot,
                     format, std::move(samples), copies);
  }
  std::vector<float> samples(count, 0.0f);
  const std::size_t present = std::min(count, data.size() / 4);
  for (std::size_t i = 0; i < present; ++i) samples[i] = read_float(data, 4 * i);
  return Wavetable(static_cast<int>(frame_samples), static_cast<int>(num_frames), one_shot,
                   std::move(samples), copies);
}

Wavetable Wavetable::parse_wav(std::span<const std::byte> content) {
  const WaveChunks chunks = read_chunks(content);
  const std::size_t stride = chunks.num_channels * (chunks.is_float ? 4 : 2);
  const std::size_t total = chunks.data.size() / stride;

  std::uint32_t length = 0;
  std::size_t num_frames = 0;
  std::size_t appended = 0;  // silent frames
  if (chunks.is_wavetable) {
    length =
        chunks.fixed.value_or(chunks.cue.value_or(chunks.srge.value_or(chunks.smpl.value_or(0))));
    if (!is_frame_length(length)) {
      throw std::invalid_argument("the WAVE file has frames of " + std::to_string(length) +
                                  " samples, not a power of two from 2 to 4096");
    }
    num_frames = std::min<std::size_t>(total / length, kMaxFrames);
  } else {
    constexpr std::size_t kSilentFrames = 3;
    length = chunks.one_shot.value_or(1024);
    if (!is_frame_length(length)) {
      throw std::invalid_argument("the WAVE file has frames of " + std::to_string(length) +
                                  " samples, not a power of two from 2 to 4096");
    }
    while (std::size_t{4} * length > total && length > 8) length /= 2;
    num_frames = std::min<std::size_t>(total / length, kMaxFrames - kSilentFrames);
    appended = kSilentFrames;
  }
  if (num_frames == 0) throw std::invalid_argument("the WAVE file is shorter than one frame");

  const std::size_t present = num_frames * length;
  const std::size_t count = (num_frames + appended) * length;
  const auto frames = static_cast<int>(num_frames + appended);
  if (chunks.is_float) {
    std::vector<float> samples(count, 0.0f);
    for (std::size_t i = 0; i < present; ++i) samples[i] = read_float(chunks.data, stride * i);
    return Wavetable(static_cast<int>(length), frames, !chunks.is_wavetable, std::move(samples));
  }
  std::vector<std::int16_t> samples(count, 0);
  for (std::size_t i = 0; i < present; ++i) samples[i] = read_int16(chunks.data, stride * i);
  return Wavetable(static_cast<int>(length), frames, !chunks.is_wavetable, SampleFormat::kInt16,
                   std::move(samples));
}

std::size_t Wavetable::offset(int level, int frame) const {
  // Levels before this one hold frame_samples * (1 + 1/2 + ...) samples per frame.
  const auto size = static_cast<std::size_t>(frame_samples_);
  const std::size_t before = 2 * size - 2 * (size >> level);
  return before * static_cast<std::size_t>(num_frames_) +
         (size >> level) * static_cast<std::size_t>(frame);
}

std::size_t Wavetable::offset16(int level, int frame) const {
  const auto frames_before = static_cast<std::size_t>(level * num_frames_ + frame);
  return offset(level, frame) + kGuardSamples * (2 * frames_before + 1);
}

std::span<const float> Wavetable::frame(int level, int frame) const {
  return {samples_.data() + offset(level, frame),
          static_cast<std::size_t>(frame_samples_ >> level)};
}

std::span<const std::int16_t> Wavetable::frame16(int level, int frame) const {
  return {samples16_.data() + offset16(level, frame),
          static_cast<std::size_t>(frame_samples_ >> level)};
}

void Wavetable::build_levels() {
  num_levels_ =
      std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(frame_samples_))) - 1);
  samples_.resize(offset(num_levels_, 0));
  Deinterleaved<float> source;
  for (int level = 1; level < num_levels_; ++level) {
    const std::size_t size = static_cast<std::size_t>(frame_samples_) >> level;
    const auto frames = static_cast<std::size_t>(num_frames_);
    // A one-shot sample is one long frame.
    const std::size_t length = one_shot_ ? size * frames : size;
    for (std::size_t start = 0; start < size * frames; start += length) {
      source.assign(samples_.data() + offset(level - 1, 0) + 2 * start, 2 * length, !one_shot_);
      halve(source, {samples_.data() + offset(level, 0) + start, length});
    }
  }
}

void Wavetable::build_levels16(std::span<const std::int16_t> samples) {
  samples16_.resize(offset(num_levels_, 0) +
                    static_cast<std::size_t>(2 * kGuardSamples * num_levels_ * num_frames_));
  std::vector<std::int32_t> level_samples(samples.begin(), samples.end());
  std::vector<std::int16_t> halved;
  Deinterleaved<std::int32_t> source;
  for (int level = 0; level < num_levels_; ++level) {
    const std::size_t size = static_cast<std::size_t>(frame_samples_) >> level;
    const auto frames = static_cast<std::size_t>(num_frames_);
    if (level > 0) {
      const std::size_t length = one_shot_ ? size * frames : size;
      halved.resize(size * frames);
      for (std::size_t start = 0; start < halved.size(); start += length) {
        source.assign(level_samples.data() + 2 * start, 2 * length, !one_shot_);
        halve(source, std::span(halved).subspan(start, length));
      }
      level_samples.assign(halved.begin(), halved.end());
    }
    for (int f = 0; f < num_frames_; ++f) {
      const std::int32_t* in = level_samples.data() + size * static_cast<std::size_t>(f);
      std::int16_t* out = samples16_.data() + offset16(level, f);
      const auto signed_size = static_cast<std::ptrdiff_t>(size);
      for (std::ptrdiff_t i = -kGuardSamples; i < signed_size + kGuardSamples; ++i) {
        out[i] = static_cast<std::int16_t>(in[(i + 2 * kGuardSamples * signed_size) % signed_size]);
      }
    }
  }
}

}  // namespace synthrl::surge
