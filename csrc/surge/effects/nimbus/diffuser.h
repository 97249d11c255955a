// Four all-passes per side, which blur.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

class Diffuser {
 public:
  Diffuser();

  void start() noexcept;
  void process(float amount, std::span<Frame> frames) noexcept;

 private:
  static constexpr std::size_t kStages = 4;

  class Allpass {
   public:
    explicit Allpass(std::size_t delay) : ring_(delay) {}

    void start();
    float process(float in);

   private:
    std::vector<float> ring_;
    std::size_t place_ = 0;
  };

  std::array<Allpass, kStages> left_;
  std::array<Allpass, kStages> right_;
  bool used_ = false;
};

}  // namespace synthrl::surge::nimbus
