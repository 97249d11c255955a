// Granular, stretching, delaying and spectral processing at 32 kHz and 16 bits.
#pragma once

#include <array>
#include <cstdint>

#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/nimbus/engine.h"
#include "surge/effects/nimbus/lanczos_resampler.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kNimbusType;

class NimbusEffect : public EffectUnit {
 public:
  NimbusEffect(double sample_rate, int mode);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  static constexpr std::size_t kQueue = 2048;

  void run_group() noexcept;

  nimbus::Engine engine_;
  nimbus::LanczosResampler to_engine_;
  nimbus::LanczosResampler from_engine_;
  nimbus::Group group_{};
  std::size_t num_in_group_ = 0;

  // Output that is not played yet. Playback waits until there is enough.
  std::array<nimbus::Frame, kQueue> queue_;
  std::size_t written_ = 0;
  std::size_t read_ = 0;
  std::size_t needed_;
  bool plays_ = false;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
