// Resynthesis from stored magnitude spectra, warped, shifted and made rough.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/dsp/rng.h"
#include "surge/effects/nimbus/fourier.h"
#include "surge/effects/nimbus/playback_mode.h"

namespace synthrl::surge::nimbus {

class SpectralMode : public PlaybackMode {
 public:
  SpectralMode();

  void start(const Quality& quality, std::uint64_t seed) noexcept override;
  void process(const Settings& settings, std::span<Frame> frames) noexcept override;

 private:
  static constexpr std::size_t kHop = kTransform / 4;
  static constexpr std::size_t kBins = 2032;
  static constexpr std::size_t kMaxTextures = 6;
  using Magnitudes = std::array<float, kBins>;

  // Unit vectors.
  struct Phases {
    Magnitudes real;
    Magnitudes imaginary;
  };
  struct Channel {
    std::array<std::int16_t, kTransform> input;
    Component overlap;  // sums of synthesised frames, from the oldest that is not complete
    std::array<float, kHop> ready;
    std::array<float, kHop> output;
    std::array<Magnitudes, kMaxTextures> textures;
    Phases last;
    Phases before_last;
  };
  struct Bin {
    float real;
    float imaginary;
  };

  void process_frame(const Settings& settings);
  void process_channel(const Settings& settings, Channel& channel);
  void store(const Settings& settings, Channel& channel, const Magnitudes& magnitudes);
  void replay(const Settings& settings, const Channel& channel);
  void warp(float size);
  void shift(float ratio);
  void roughen(float texture);
  void advance_phases(Channel& channel, float ratio) const;

  const Quality* quality_ = nullptr;
  Rng rng_;
  FourierTransform transform_;
  Component window_;
  Component real_;
  Component imaginary_;
  std::array<Bin, kBins> bins_;  // of the channel in work
  Magnitudes magnitudes_;
  Magnitudes scratch_;
  std::array<Channel, 2> channels_;
  std::size_t num_channels_ = 2;
  std::size_t num_textures_ = 2;
  std::size_t texture_ = 0;  // the first of the two next to the position
  float second_weight_ = 0.0f;
  std::size_t place_ = 0;  // in the hop
};

}  // namespace synthrl::surge::nimbus
