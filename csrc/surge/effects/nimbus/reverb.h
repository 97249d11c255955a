// The reverb behind all modes: a loop of two long delays with all-passes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

class Reverb {
 public:
  Reverb();

  void start() noexcept;
  // `feedback` makes it brighter.
  void process(float amount, float feedback, std::span<Frame> frames) noexcept;

 private:
  // Samples with 12 fractional bits, up to 8.
  class Line {
   public:
    explicit Line(std::size_t longest);

    void start();
    void write(float sample);
    // Counted from the sample that is written next.
    float read(std::size_t delay) const;
    float read_between(float delay) const;
    void replace(std::size_t delay, float sample);

    // As an all-pass. Writes.
    float allpass(std::size_t delay, float gain, float in);

   private:
    std::vector<std::int16_t> cells_;
    std::size_t mask_;
    std::size_t next_ = 0;
  };

  // 0 to 1, moved every 32 samples.
  class Swing {
   public:
    explicit Swing(double cycles_per_step);

    void start();
    void advance();
    float value() const { return static_cast<float>(0.5 + 0.5 * now_); }

   private:
    double coefficient_;
    double now_ = 1.0;
    double before_ = 1.0;
  };

  std::array<Line, 4> input_;
  std::array<Line, 4> tank_;
  std::array<Line, 2> delays_;
  std::array<Swing, 2> swings_;
  std::array<float, 2> damped_{};
  std::size_t samples_ = 0;
  bool used_ = false;
};

}  // namespace synthrl::surge::nimbus
