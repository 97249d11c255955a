// An ensemble chorus: delays moved by two LFOs, digital or of bucket-brigade devices.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kEnsembleType;

// A bucket-brigade device with its input and output filters.
class BucketBrigade {
 public:
  static constexpr std::size_t kMaxStages = 4096;

  BucketBrigade() : cells_(kMaxStages) {}

  // `stages` is at most kMaxStages.
  void restart(std::size_t stages);
  // Of the filters, in radians per second.
  void set_cutoff(float cutoff, float sample_rate_hz);
  float process(float in, float delay_s, float sample_s) noexcept;

 private:
  using Complex = std::complex<float>;
  // One of each conjugate pair of poles; the other only doubles the real part.
  static constexpr std::size_t kPoles = 2;
  struct FilterBank {
    std::array<Complex, kPoles> decay;  // per sample
    std::array<Complex, kPoles> gain;
    std::array<float, kPoles> turn;  // angle of the decay
    void rotate(float seconds);
  };

  FilterBank in_;
  FilterBank out_;
  std::array<Complex, kPoles> state_{};
  std::vector<float> cells_;
  std::size_t stages_ = 1;
  std::size_t cell_ = 0;
  bool writes_ = true;   // at the next tick; otherwise it reads
  float tick_s_ = 0.0f;  // when it is, from the start of the sample
  float last_read_ = 0.0f;
};

class EnsembleEffect : public EffectUnit {
 public:
  explicit EnsembleEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  static constexpr std::size_t kTaps = 3;
  // What each of both channels sums.
  static constexpr std::size_t kTapsPerChannel = 2;

  // A sine LFO at three phases.
  struct TripleLfo {
    float phase = 0.0f;
    std::array<LateLine, kTaps> outputs;
    LateLine depth;

    void update(const EffectTables& tables, float rate, float new_depth);
    void advance();
    float value(std::size_t tap) const { return outputs[tap].value() * depth.value(); }
  };

  // A delay line written sample by sample.
  class DigitalLine {
   public:
    DigitalLine() : samples_(kLength + EffectTables::kSincTaps) {}
    void restart();
    void write(float x);
    float read(const EffectTables& tables, float delay) const;

   private:
    static constexpr std::size_t kLength = 8192;
    std::size_t position_ = 0;
    std::vector<float> samples_;
  };

  // The output stage of the device, which smears and distorts.
  struct Saturation {
    float source = 0.0f;  // voltages
    float voltage = 0.0f;
    float source_current = 0.0f;
    float current = 0.0f;
    float process(float x, float capacity_in, float capacity_out);
  };

  bool is_digital() const { return stages_ == 0; }
  float cutoff(const EffectValues& values) const;
  void set_reconstruction(const EffectValues& values);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  std::size_t stages_ = 0;
  int blocks_ = 0;
  std::array<TripleLfo, 2> lfos_;
  BiquadCoefficients open_;
  EffectBiquad anti_alias_;
  std::array<EffectBiquad, 2> dc_blockers_;
  std::array<EffectBiquad, 2> reconstruction_;
  EffectBiquad::Lanes2 feedback_{};
  std::array<DigitalLine, 2> digital_;
  std::array<std::array<BucketBrigade, kTapsPerChannel>, 2> analog_;
  std::array<std::array<Saturation, kTapsPerChannel>, 2> saturation_;
  BlockRamp width_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
