// Curves of many segments: the envelopes and waves that patches draw.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "surge/dsp/rng.h"
#include "surge/modulators/step_sequence.h"

namespace synthrl::surge {

inline constexpr int kMaxMsegSegments = 128;

// Numbered as in patches. Other numbers in patches mean a line.
enum class MsegSegmentType : std::uint8_t {
  kLinear = 1,
  kQuadBezier = 2,
  kSCurve = 3,
  kSine = 4,
  kStairs = 5,
  kBrownian = 6,
  kSquare = 7,
  kTriangle = 8,
  kHold = 9,
  kSawtooth = 10,
  kBump = 12,
  kSmoothStairs = 13,
};

struct MsegSegment {
  float duration = 0.0f;  // cycles of the LFO
  float v0 = 0.0f;        // value at its start
  float nv1 = 0.0f;       // value at its end; only that of the last segment counts
  float cpduration = 0.5f;  // control point: 0 to 1 of the duration
  float cpv = 0.0f;         // control point: -1 to 1
  int type = 1;             // MsegSegmentType
  bool use_deform = true;
  bool invert_deform = false;
  bool retrigger_filter = false;
  bool retrigger_amplitude = false;
};

enum class MsegLoopMode : std::uint8_t { kOneShot = 1, kLoop = 2, kGatedLoop = 3 };

// As in patches: any numbers.
struct MsegModel {
  std::vector<MsegSegment> segments;  // the active ones; those past kMaxMsegSegments are ignored
  bool lock_endpoints = false;        // the curve ends where it starts
  bool lfo_mode = false;              // one cycle of the LFO is the whole curve
  MsegLoopMode loop_mode = MsegLoopMode::kLoop;
  int loop_start = -1;  // segment; -1: the first
  int loop_end = -1;    // segment; -1: the last
};

// A model made ready: read-only after construction; share freely. Any model is taken.
class Mseg {
 public:
  Mseg() = default;
  explicit Mseg(const MsegModel& model);

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
  float value(const Mseg& mseg, std::int64_t cycles, float phase, float deform, bool released,
              EnvelopeTriggers& triggers) noexcept;

 private:
  struct Place {
    int segment;
    float time;       // since the start of the segment
    bool holds;       // the curve is over: `value` it is
    float value;
    bool from_release;  // the segment starts at the value that the key left
  };

  Place place(const Mseg& mseg, double position, bool released) noexcept;
  float segment_value(const Mseg::Segment& segment, float time, float deform) noexcept;
  float brownian_value(const Mseg::Segment& segment, float fraction) noexcept;

  Rng rng_{};
  int segment_ = -1;  // of the last value
  float time_ = 0.0f;
  float value_ = 0.0f;
  bool released_ = false;
  double release_position_ = 0.0;
  float release_value_ = 0.0f;
  float walk_ = 0.0f;  // of a Brownian segment
  float walk_time_ = 0.0f;
};

}  // namespace synthrl::surge
