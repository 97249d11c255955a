// Hosts plugins ported from the Airwindows collection.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "surge/effects/airwindows/plugin.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kAirwindowsType;

class AirwindowsEffect : public EffectUnit {
 public:
  AirwindowsEffect(const airwindows::PluginType& type, double sample_rate);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  void update_plugin(bool always) noexcept;

  const airwindows::PluginType* type_;
  std::unique_ptr<airwindows::Plugin> plugin_;
  std::uint64_t seed_ = 0;
  double item_ = 0.0;  // of the choice
  std::array<Lag, airwindows::kMaxParams> lags_;
  airwindows::PluginValues values_{};
};

}  // namespace synthrl::surge
