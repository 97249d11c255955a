// Curves of many segments: the envelopes and waves that patches draw.
#pragma once

#include <cstdint>
#include <vector>

#include "surge/dsp/rng.h"
#include "surge/modulators/step_sequence.h"
#include "surge/patch.h"

namespace synthrl::surge {

// An MSEG of a patch made ready: read-only after construction; share freely. Takes any numbers.
class MsegCurve {
 public:
  MsegCurve() = default;
  explicit MsegCurve(const Mseg& mseg);

  bool empty() const { return segments_.empty(); }
  bool lfo_mode() const { return lfo_mode_; }
  float total_duration() const { return total_duration_; }  // cycles of the LFO

 private:
  friend class MsegPlayer;

  struct Segment {
    MsegSegmentType type;
    float duration;
    float start;  // cycles
    float end;
    float from;  // values
    float to;
    float control_time;   // 0 to 1
    float control_value;  // -1 to 1
    float curvature;      // exponent of the curve through the control value
    bool use_deform;
    bool invert_deform;
    EnvelopeTriggers triggers;
  };

  std::vector<Segment> segments_;
  float total_duration_ = 0.0f;
  bool lfo_mode_ = false;
  MsegLoopMode loop_mode_ = MsegLoopMode::kLoop;
  int loop_start_ = -1;  // within segments_, or -1
  int loop_end_ = -1;
};

// Where an LFO stands in a curve.
class MsegPlayer {
 public:
  // At the start of a note.
  void start(std::uint64_t seed) noexcept;

  // Value -1 to 1 at `cycles` + `phase` cycles of the LFO. `triggers` are set when a segment
  // begins that asks for them, else left alone.
  float value(const MsegCurve& curve, std::int64_t cycles, float phase, float deform, bool released,
              EnvelopeTriggers& triggers) noexcept;

 private:
  struct Place {
    int segment = 0;
    float time = 0.0f;          // since the start of the segment, cycles
    bool from_release = false;  // the segment starts at the value that the key left
    bool holds = false;         // the curve is over and stays at `value`
    float value = 0.0f;
  };

  Place place(const MsegCurve& curve, double position) const noexcept;
  Place find(const MsegCurve& curve, int first, double time) const noexcept;
  float segment_value(const MsegCurve::Segment& segment, float time, float deform) noexcept;
  float brownian_value(const MsegCurve::Segment& segment, float position) noexcept;

  Rng rng_{};
  int segment_ = -1;  // of the last value
  float time_ = 0.0f;
  float value_ = 0.0f;  // the last value
  bool released_ = false;
  double release_position_ = 0.0;
  float release_value_ = 0.0f;
  float walk_ = 0.0f;  // of a Brownian segment
  float walk_time_ = 0.0f;
};

}  // namespace synthrl::surge
