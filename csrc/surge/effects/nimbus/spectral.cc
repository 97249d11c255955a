#include "surge/effects/nimbus/spectral.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge::nimbus {
namespace {

constexpr std::size_t kStereoTextures = 2;
constexpr std::size_t kMonoTextures = 6;

// Cubic polynomials by which bins are read, from the cube down; the size glides through them.
constexpr std::size_t kWarps = 6;
constexpr std::array<std::array<float, 4>, kWarps> kWarpCurves{{
    {10.5882f, -14.8824f, 5.29412f, 0.0f},
    {-7.3333f, 9.0f, -1.79167f, 0.125f},
    {0.0f, 0.0f, 1.0f, 0.0f},
    {0.0f, 0.5f, 0.5f, 0.0f},
    {-7.3333f, 9.5f, -2.416667f, 0.25f},
    {-7.3333f, 9.5f, -2.416667f, 0.25f},
}};

// Textures between these leave magnitudes as they are.
constexpr float kSteppedBelow = 0.48f;
constexpr float kBentAbove = 0.52f;

float square(float x) { return x * x; }

float between(std::span<const float> values, float place) {
  const float last = static_cast<float>(values.size() - 1);
  const float limited = std::clamp(place, 0.0f, last);
  const auto index = std::min(static_cast<std::size_t>(limited), values.size() - 2);
  const float fraction = limited - static_cast<float>(index);
  return values[index] + fraction * (values[index + 1] - values[index]);
}

}  // namespace

SpectralMode::SpectralMode() {
  const auto bell = [](std::size_t i) {
    const double x = 2.0 * static_cast<double>(i % kTransform) / kTransform - 1.0;
    return std::pow(1.0 - x * x, 1.25);
  };
  for (std::size_t i = 0; i < kTransform; ++i) {
    window_[i] = static_cast<float>(bell(i) / std::hypot(bell(i), bell(i + kTransform / 2)));
  }
}

void SpectralMode::start(const Quality& quality, std::uint64_t seed) noexcept {
  quality_ = &quality;
  rng_ = Rng(seed);
  num_channels_ = quality.mono ? 1 : 2;
  num_textures_ = quality.mono ? kMonoTextures : kStereoTextures;
  for (std::size_t c = 0; c < num_channels_; ++c) {
    Channel& channel = channels_[c];
    channel.input.fill(0);
    channel.overlap.fill(0.0f);
    channel.ready.fill(0.0f);
    channel.output.fill(0.0f);
    for (std::size_t t = 0; t < num_textures_; ++t) channel.textures[t].fill(0.0f);
    for (Phases* phases : {&channel.last, &channel.before_last}) {
      phases->real.fill(1.0f);
      phases->imaginary.fill(0.0f);
    }
  }
  texture_ = 0;
  second_weight_ = 0.0f;
  place_ = 0;
}

void SpectralMode::store(const Settings& settings, Channel& channel, const Magnitudes& magnitudes) {
  Magnitudes& first = channel.textures[texture_];
  Magnitudes& second = channel.textures[texture_ + 1];
  const float second_weight = second_weight_;
  const float first_weight = 1.0f - second_weight;
  const float refresh = 0.01f + 0.99f * settings.density;
  if (refresh < 0.5f) {
    const float probability = square(2.0f * refresh);
    for (std::size_t i = 1; i < kBins; ++i) {
      if (rng_.unipolar() >= probability) continue;
      first[i] += first_weight * (magnitudes[i] - first[i]);
      second[i] += second_weight * (magnitudes[i] - second[i]);
    }
    return;
  }
  const float slowness = 2.0f * (refresh - 0.5f);
  // Above the middle, what is stored decays and grows at different rates.
  float kept = slowness;
  float gain = 1.0f - slowness;
  if (slowness >= 0.5f) {
    kept = 0.7f * (slowness - 0.5f) + 0.5f;
    gain = 2.0f * square(kept - 0.5f) + 0.5f;
  }
  const auto mix = [&](Magnitudes& texture, float weight) {
    const float old_gain = 1.0f - weight * (1.0f - kept);
    const float new_gain = weight * gain;
    for (std::size_t i = 1; i < kBins; ++i) {
      texture[i] = texture[i] * old_gain + magnitudes[i] * new_gain;
    }
  };
  mix(first, first_weight);
  mix(second, second_weight);
}

void SpectralMode::replay(const Settings& settings, const Channel& channel) {
  const Magnitudes& first = channel.textures[texture_];
  const Magnitudes& second = channel.textures[texture_ + 1];
  for (std::size_t i = 0; i < kBins; ++i) {
    magnitudes_[i] = first[i] + second_weight_ * (second[i] - first[i]);
  }
  warp(settings.size);
  shift(pitch_ratio(settings.pitch));
  roughen(settings.texture);
}

void SpectralMode::warp(float size) {
  const float off_centre = size - 0.5f;
  if (off_centre == 0.0f) return;
  const float place = 4.0f * (4.0f * off_centre * off_centre * off_centre + 0.5f);
  const auto row = std::min(static_cast<std::size_t>(std::max(place, 0.0f)), kWarps - 2);
  const float fraction = place - static_cast<float>(row);
  std::array<float, 4> curve;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    curve[i] = kWarpCurves[row][i] + fraction * (kWarpCurves[row + 1][i] - kWarpCurves[row][i]);
  }
  for (std::size_t i = 1; i < kBins; ++i) {
    const float x = static_cast<float>(i) / static_cast<float>(kBins);
    const float y = ((curve[0] * x + curve[1]) * x + curve[2]) * x + curve[3];
    scratch_[i] = between(magnitudes_, y * static_cast<float>(kBins));
  }
  scratch_[0] = 0.0f;
  magnitudes_ = scratch_;
}

void SpectralMode::shift(float ratio) {
  if (ratio == 1.0f) return;
  scratch_.fill(0.0f);
  if (ratio > 1.0f) {
    const float step = 1.0f / ratio;
    for (std::size_t i = 1; i < kBins; ++i) {
      scratch_[i] = between(magnitudes_, 1.0f + static_cast<float>(i - 1) * step);
    }
  } else {
    for (std::size_t i = 1; i < kBins; ++i) {
      const float place = 1.0f + static_cast<float>(i - 1) * ratio;
      const auto index = static_cast<std::size_t>(place);
      const float fraction = place - static_cast<float>(index);
      scratch_[index] += (1.0f - fraction) * magnitudes_[i];
      if (index + 1 < kBins) scratch_[index + 1] += fraction * magnitudes_[i];
    }
  }
  magnitudes_ = scratch_;
}

void SpectralMode::roughen(float texture) {
  if (texture <= kSteppedBelow) {
    const float unit = 2.0f * kTransform / pitch_ratio(-108.0f * (1.0f - square(2.0f * texture)));
    for (float& magnitude : magnitudes_) magnitude = unit * std::floor(magnitude / unit);
  } else if (texture >= kBentAbove) {
    const float amount = 2.0f * (texture - kBentAbove);
    const float loudest = *std::ranges::max_element(magnitudes_);
    if (!(loudest > 0.0f)) return;
    for (float& magnitude : magnitudes_) {
      const float x = magnitude / loudest;
      const float bent = 4.0f * x * (1.0f - x) * square(1.0f - x);
      magnitude = loudest * (x + amount * (bent - x));
    }
  }
}

// While frozen, phases go on as they did between the last two frames, times the ratio.
void SpectralMode::advance_phases(Channel& channel, float ratio) const {
  for (std::size_t i = 1; i < kBins; ++i) {
    float& real = channel.last.real[i];
    float& imaginary = channel.last.imaginary[i];
    // The step itself is kept as a unit vector in `before_last`.
    const float angle =
        std::atan2(channel.before_last.imaginary[i], channel.before_last.real[i]) * ratio;
    const float c = std::cos(angle);
    const float s = std::sin(angle);
    const float turned = real * c - imaginary * s;
    imaginary = real * s + imaginary * c;
    real = turned;
    const float norm = 1.0f / std::max(1e-6f, std::sqrt(real * real + imaginary * imaginary));
    real *= norm;
    imaginary *= norm;
  }
}

void SpectralMode::process_channel(const Settings& settings, Channel& channel) {
  if (settings.freeze) {
    advance_phases(channel, pitch_ratio(settings.pitch));
  } else {
    for (std::size_t i = 1; i < kBins; ++i) {
      const Bin bin = bins_[i];
      const float magnitude = std::sqrt(bin.real * bin.real + bin.imaginary * bin.imaginary);
      scratch_[i] = magnitude;
      const float norm = magnitude > 0.0f ? 1.0f / magnitude : 0.0f;
      const float real = magnitude > 0.0f ? bin.real * norm : 1.0f;
      const float imaginary = bin.imaginary * norm;
      const float old_real = channel.last.real[i];
      const float old_imaginary = channel.last.imaginary[i];
      channel.before_last.real[i] = real * old_real + imaginary * old_imaginary;
      channel.before_last.imaginary[i] = imaginary * old_real - real * old_imaginary;
      channel.last.real[i] = real;
      channel.last.imaginary[i] = imaginary;
    }
    scratch_[0] = 0.0f;
    store(settings, channel, scratch_);
  }
  replay(settings, channel);

  float spread = std::clamp(4.2f * square(settings.density - 0.5f) - 0.05f, 0.0f, 1.0f);
  spread = square(std::clamp(1.06f * (spread - 0.05f), 0.0f, 1.0f));
  const float steps = spread * static_cast<float>(kTransform);
  for (std::size_t i = 1; i < kBins; ++i) {
    float real = channel.last.real[i];
    float imaginary = channel.last.imaginary[i];
    if (spread > 0.0f) {
      const auto turn = static_cast<std::size_t>(static_cast<std::int32_t>(steps * rng_.bipolar()) +
                                                 static_cast<std::int32_t>(kTransform));
      const float c = transform_.cosine(turn);
      const float s = transform_.minus_sine(turn);
      const float turned = real * c - imaginary * s;
      imaginary = real * s + imaginary * c;
      real = turned;
    }
    bins_[i] = {magnitudes_[i] * real, magnitudes_[i] * imaginary};
  }
}

void SpectralMode::process_frame(const Settings& settings) {
  const float place = settings.position * static_cast<float>(num_textures_ - 1);
  texture_ = std::min(static_cast<std::size_t>(place), num_textures_ - 2);
  second_weight_ = place - static_cast<float>(texture_);

  // Both channels in one transform, as real and imaginary part.
  const bool stereo = num_channels_ == 2;
  for (std::size_t i = 0; i < kTransform; ++i) {
    real_[i] = window_[i] * static_cast<float>(channels_[0].input[i]);
    imaginary_[i] = stereo ? window_[i] * static_cast<float>(channels_[1].input[i]) : 0.0f;
  }
  transform_.run(real_, imaginary_);

  std::array<Bin, kBins> first;
  for (std::size_t i = 1; i < kBins; ++i) {
    const std::size_t mirrored = kTransform - i;
    first[i] = {0.5f * (real_[i] + real_[mirrored]), 0.5f * (imaginary_[i] - imaginary_[mirrored])};
    bins_[i] = {0.5f * (imaginary_[i] + imaginary_[mirrored]), 0.5f * (real_[mirrored] - real_[i])};
  }
  if (stereo) {
    process_channel(settings, channels_[1]);
  } else {
    bins_.fill({});
  }
  std::swap(first, bins_);
  process_channel(settings, channels_[0]);
  std::swap(first, bins_);

  real_.fill(0.0f);
  imaginary_.fill(0.0f);
  for (std::size_t i = 1; i < kBins; ++i) {
    const std::size_t mirrored = kTransform - i;
    real_[i] = first[i].real - bins_[i].imaginary;
    imaginary_[i] = first[i].imaginary + bins_[i].real;
    real_[mirrored] = first[i].real + bins_[i].imaginary;
    imaginary_[mirrored] = bins_[i].real - first[i].imaginary;
  }
  transform_.run(imaginary_, real_);

  for (std::size_t c = 0; c < num_channels_; ++c) {
    Channel& channel = channels_[c];
    const Component& signal = c == 0 ? real_ : imaginary_;
    channel.output = channel.ready;
    for (std::size_t i = 0; i < kTransform; ++i) {
      const auto sample = to_int16(signal[i] * window_[i] * (1.0f / kTransform));
      channel.overlap[i] += static_cast<float>(sample);
    }
    std::copy_n(channel.overlap.begin(), kHop, channel.ready.begin());
    std::copy(channel.overlap.begin() + kHop, channel.overlap.end(), channel.overlap.begin());
    std::fill(channel.overlap.end() - kHop, channel.overlap.end(), 0.0f);
    std::copy(channel.input.begin() + kHop, channel.input.end(), channel.input.begin());
  }
}

void SpectralMode::process(const Settings& settings, std::span<Frame> frames) noexcept {
  if (place_ == kHop) {
    process_frame(settings);
    place_ = 0;
  }
  constexpr std::size_t kNewest = kTransform - kHop;
  for (Frame& frame : frames) {
    Channel& left = channels_[0];
    Channel& right = channels_[num_channels_ - 1];
    left.input[kNewest + place_] = to_int16(32768.0f * frame.left);
    right.input[kNewest + place_] = to_int16(32768.0f * frame.right);
    frame = kFromInt16 * Frame{std::clamp(left.output[place_], -32768.0f, 32767.0f),
                               std::clamp(right.output[place_], -32768.0f, 32767.0f)};
    ++place_;
  }
}

}  // namespace synthrl::surge::nimbus
