// The highpass at the end of a scene.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace synthrl::surge {

// Equal second-order sections in series, whose coefficients follow the cutoff through a one-pole
// lowpass per sample.
class SceneHighpass {
 public:
  static constexpr int kMaxSections = 4;

  explicit SceneHighpass(double sample_rate_hz) : sample_rate_hz_(sample_rate_hz) {}

  void restart();

  // Once per block. The first call takes effect at once. `cutoff_semitones` is relative to A440,
  // `num_sections` 1 to 4.
  void set_controls(float cutoff_semitones, int num_sections);

  // In place. `right` may be empty.
  void process(std::span<float> left, std::span<float> right) noexcept;

 private:
  // Normalised: b0, b1, b2, a1, a2.
  using Coefficients = std::array<double, 5>;

  // Both channels are lanes of one vector.
  using Lanes2 = double __attribute__((vector_size(16)));
  struct Section {
    Lanes2 z1{};
    Lanes2 z2{};
  };

  void run(std::span<float> left, std::span<float> right) noexcept;
  template <std::size_t kCount, bool kStereo>
  void run_sections(std::span<float> left, std::span<float> right) noexcept;

  double sample_rate_hz_;
  float cutoff_semitones_ = 0.0f;
  std::size_t num_sections_ = 1;
  bool started_ = false;
  bool moving_ = false;
  Coefficients target_{};
  Coefficients value_{};
  std::array<Section, kMaxSections> sections_{};
};

}  // namespace synthrl::surge
