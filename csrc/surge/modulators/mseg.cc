#include "surge/modulators/mseg.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace synthrl::surge {

namespace {

constexpr float kMaxCurvature = 23.0258509f;  // 2 ln 1e5
constexpr float kStraight = 1e-3f;            // curvature below which a line is drawn

// Brownian segments: the least part of the segment that one step takes.
constexpr float kMinWalkStep = 1e-4f;

float unit(float x) { return std::clamp(x, 0.0f, 1.0f); }

float full_scale(float x) { return std::clamp(x, -1.0f, 1.0f); }

float finite(float x) { return std::isfinite(x) ? x : 0.0f; }

float fraction_of(float x) { return x - std::floor(x); }

float mix(float from, float to, float amount) { return from + amount * (to - from); }

// Exponent of the curve that passes through 1/2 + value / 2 in the middle.
float curvature_of(float control_value) {
  const float middle = unit(0.5f * control_value + 0.5f);
  if (middle <= 0.0f) return kMaxCurvature;
  if (middle >= 1.0f) return -kMaxCurvature;
  return std::clamp(2.0f * std::log((1.0f - middle) / middle), -kMaxCurvature, kMaxCurvature);
}

// 0 to 1 as `position` goes from 0 to 1.
float exponential(float curvature, float position) {
  if (std::fabs(curvature) <= kStraight) return position;
  return (std::exp(curvature * position) - 1.0f) / (std::exp(curvature) - 1.0f);
}

// Bends -1 to 1 and keeps its ends.
float bend(float x, float deform) {
  const float amount = -0.5f * deform;
  x = x - amount * x * x + amount;
  return x - amount * x * x + amount;
}

float linear(float from, float to, float curvature, float position, float deform) {
  if (from == to) return from;
  const float bent = 0.5f * (bend(2.0f * exponential(curvature, position) - 1.0f, deform) + 1.0f);
  return mix(from, to, bent);
}

// Exponent by which `deform` warps a position 0 to 1.
float warp(float deform) { return deform < 0.0f ? 1.0f + 0.7f * deform : 1.0f + 3.0f * deform; }

float quad_bezier(float from, float to, float control_time, float control_value, float duration,
                  float time, float deform) {
  // The control point is where the curve is to pass near, the handle twice as far out.
  double centre = static_cast<double>(control_time) * duration;
  if (std::fabs(centre - 0.5 * duration) < 1e-5) centre += 1e-4;
  const double middle = 0.5 * (static_cast<double>(from) + to);
  const double handle_time = 0.5 * duration + 2.0 * (centre - 0.5 * duration);
  const double handle = middle + 2.0 * (control_value - middle);
  const double a = duration - 2.0 * handle_time;
  const double b = 2.0 * handle_time;
  const double discriminant = b * b + 4.0 * a * time;
  if (a == 0.0 || discriminant < 0.0) return mix(from, to, unit(time / duration));
  double s = (std::sqrt(discriminant) - b) / (2.0 * a);
  s = std::clamp(s, 0.0, 1.0);
  if (deform != 0.0f) s = std::pow(s, static_cast<double>(warp(deform)));
  const double rest = 1.0 - s;
  return static_cast<float>(rest * rest * from + 2.0 * rest * s * handle + s * s * to);
}

float s_curve(float from, float to, float curvature, float position, float deform) {
  if (std::fabs(deform) > 1e-4f) position = exponential(10.0f * deform, position);
  const bool mirrored = position > 0.5f;
  const float half =
      exponential(curvature, mirrored ? 1.0f - 2.0f * (position - 0.5f) : 2.0f * position);
  return mix(from, to, mirrored ? 1.0f - 0.5f * half : 0.5f * half);
}

// Number of repetitions that a control value of -1 to 1 asks for: 0 to 100.
float repetitions(float control_value) {
  return std::floor(100.0f * (std::exp(2.5f * (control_value + 1.0f)) - 1.0f) /
                    (std::exp(5.0f) - 1.0f));
}

// A wave that starts at 1.
float kernel(MsegSegmentType type, float count, float position, float deform) {
  switch (type) {
    case MsegSegmentType::kSine:
      return std::cos((1.0f + 2.0f * count) * std::numbers::pi_v<float> * position);
    case MsegSegmentType::kSawtooth:
      return 1.0f - 2.0f * fraction_of((count + 1.0f) * position);
    case MsegSegmentType::kTriangle: {
      const float p = fraction_of((count + 0.5f) * position);
      return p < 0.5f ? 1.0f - 4.0f * p : 4.0f * (p - 0.5f) - 1.0f;
    }
    default:
      return fraction_of((count + 1.0f) * position) < 0.5f * (deform + 1.0f) ? 1.0f : -1.0f;
  }
}

float stairs(float from, float to, float control_value, float position, float deform) {
  const float count = repetitions(control_value) + 2.0f;
  const float height = unit(std::floor(count * position) / (count - 1.0f));
  return mix(from, to, std::pow(height, warp(deform)));
}

float smooth_stairs(float from, float to, float control_value, float position, float deform) {
  const float count = repetitions(control_value) + 2.0f;
  const float place = std::pow(position, warp(deform));
  const float height = std::floor(place * count) / count;
  const float within = 2.0f * (place - height) * count - 1.0f;
  return mix(from, to, (within * within * within + 1.0f) / (2.0f * count) + height);
}

float bump(float from, float to, float control_value, float position, float deform) {
  const float width = 0.5f - 0.5f * deform;
  const float sharpness = 20.0f + 500.0f * width * width * width;
  const float distance = position - 0.5f;
  return mix(from, to, position) +
         (control_value - 0.5f * (from + to)) * std::exp(-sharpness * distance * distance);
}

}  // namespace

MsegCurve::MsegCurve(const Mseg& mseg)
    : lfo_mode_(mseg.edit_mode == MsegEditMode::kLfo), loop_mode_(mseg.loop_mode) {
  const std::size_t count =
      std::min(mseg.segments.size(), static_cast<std::size_t>(kMaxMsegSegments));
  segments_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const MsegSegment& stored = mseg.segments[i];
    const float duration = std::max(0.0f, finite(stored.duration));
    const bool last = i + 1 == count;
    const bool joined = !last || mseg.endpoint_mode == MsegEndpointMode::kLocked;
    const float to = joined ? mseg.segments[(i + 1) % count].v0 : stored.nv1;
    const float control_value = full_scale(finite(stored.cp_value));
    segments_.push_back({
        .type = stored.type,
        .duration = duration,
        .start = total_duration_,
        .end = total_duration_ + duration,
        .from = finite(stored.v0),
        .to = finite(to),
        .control_time = unit(finite(stored.cp_duration)),
        .control_value = control_value,
        .curvature = curvature_of(control_value),
        .use_deform = stored.use_deform,
        .invert_deform = stored.invert_deform,
        .triggers = {.amplitude = stored.retrigger_amp_envelope,
                     .filter = stored.retrigger_filter_envelope},
    });
    total_duration_ = segments_.back().end;
  }
  if (!std::isfinite(total_duration_)) segments_.clear();
  if (segments_.empty()) {
    total_duration_ = 0.0f;
    return;
  }
  if (lfo_mode_) {
    total_duration_ = 1.0f;
    segments_.back().end = 1.0f;
  }
  const int last = static_cast<int>(count) - 1;
  loop_start_ = mseg.loop_start >= 0 && mseg.loop_start <= last ? mseg.loop_start : -1;
  loop_end_ = mseg.loop_end >= 0 && mseg.loop_end <= last ? mseg.loop_end : -1;
}

void MsegPlayer::start(std::uint64_t seed) noexcept {
  *this = MsegPlayer{};
  rng_ = Rng(seed);
}

float MsegPlayer::value(const MsegCurve& curve, std::int64_t cycles, float phase, float deform,
                        bool released, EnvelopeTriggers& triggers) noexcept {
  if (curve.empty()) return finite(deform);
  const double position = std::max(0.0, static_cast<double>(cycles) + phase);
  if (released && !released_) {
    release_position_ = position;
    release_value_ = value_;
  }
  released_ = released;

  const Place place = this->place(curve, position);
  if (place.holds) {
    value_ = full_scale(place.value);
    return value_;
  }
  MsegCurve::Segment segment = curve.segments_[static_cast<std::size_t>(place.segment)];
  if (place.from_release) {
    const float span = segment.to - segment.from;
    const float ratio = span != 0.0f ? (segment.control_value - segment.from) / span : 0.5f;
    segment.from = release_value_;
    segment.control_value =
        full_scale(finite(release_value_ + ratio * (segment.to - release_value_)));
    segment.curvature = curvature_of(segment.control_value);
  }
  if (place.segment != segment_ || place.time < time_) {
    triggers.amplitude = triggers.amplitude || segment.triggers.amplitude;
    triggers.filter = triggers.filter || segment.triggers.filter;
    walk_ = segment.from;
    walk_time_ = 0.0f;
  }
  segment_ = place.segment;
  time_ = place.time;

  float amount = segment.use_deform ? full_scale(finite(deform)) : 0.0f;
  if (segment.invert_deform) amount = -amount;
  value_ = full_scale(finite(segment_value(segment, place.time, amount)));
  return value_;
}

MsegPlayer::Place MsegPlayer::place(const MsegCurve& curve, double position) const noexcept {
  const auto& segments = curve.segments_;
  const int last = static_cast<int>(segments.size()) - 1;
  const double total = curve.total_duration_;
  const Place end{.holds = true, .value = segments.back().to};

  double time = position;
  if (curve.lfo_mode_ || curve.loop_mode_ == MsegLoopMode::kOneShot) {
    if (!curve.lfo_mode_ && time >= total) return end;
    time = std::fmod(time, total);
  } else if (curve.loop_mode_ == MsegLoopMode::kGatedLoop && released_) {
    if (curve.loop_end_ < 0) return {.holds = true, .value = release_value_};
    const int first = curve.loop_end_ + 1;
    if (first > last) return end;
    const double since = position - release_position_;
    const double start = segments[static_cast<std::size_t>(first)].start;
    if (start + since >= total) return end;
    Place place = find(curve, first, start + since);
    place.from_release = place.segment == first;
    return place;
  } else {
    const int loop_end = curve.loop_end_ >= 0 ? curve.loop_end_ : last;
    const int loop_start = std::max(curve.loop_start_, 0);
    const MsegCurve::Segment& final_segment = segments[static_cast<std::size_t>(loop_end)];
    const double until = final_segment.end;
    if (time >= until) {
      const double from = segments[static_cast<std::size_t>(loop_start)].start;
      if (loop_start > loop_end || until <= from) {
        return {.holds = true, .value = final_segment.to};
      }
      time = from + std::fmod(time - until, until - from);
    }
  }
  return find(curve, 0, time);
}

MsegPlayer::Place MsegPlayer::find(const MsegCurve& curve, int first, double time) const noexcept {
  const auto& segments = curve.segments_;
  const int count = static_cast<int>(segments.size());
  const auto holds_time = [&](int i) {
    const auto& segment = segments[static_cast<std::size_t>(i)];
    return time >= segment.start && time < segment.end;
  };
  int found = count - 1;
  if (segment_ >= first && holds_time(segment_)) {
    found = segment_;
  } else {
    for (int i = first; i < count; ++i) {
      if (holds_time(i)) {
        found = i;
        break;
      }
    }
  }
  const double start = segments[static_cast<std::size_t>(found)].start;
  return {.segment = found, .time = static_cast<float>(std::max(0.0, time - start))};
}

float MsegPlayer::segment_value(const MsegCurve::Segment& segment, float time,
                                float deform) noexcept {
  const float from = segment.from;
  const float to = segment.to;
  if (segment.duration <= 0.0f) return 0.5f * (from + to);
  const float position = unit(time / segment.duration);
  switch (segment.type) {
    case MsegSegmentType::kQuadBezier:
      return quad_bezier(from, to, segment.control_time, segment.control_value, segment.duration,
                         time, deform);
    case MsegSegmentType::kSCurve:
      return s_curve(from, to, segment.curvature, position, deform);
    case MsegSegmentType::kSine:
    case MsegSegmentType::kSquare:
    case MsegSegmentType::kTriangle:
    case MsegSegmentType::kSawtooth: {
      const float wave = kernel(segment.type, repetitions(segment.control_value), position, deform);
      return 0.5f * (from - to) * (bend(wave, deform) + 1.0f) + to;
    }
    case MsegSegmentType::kStairs:
      return stairs(from, to, segment.control_value, position, deform);
    case MsegSegmentType::kSmoothStairs:
      return smooth_stairs(from, to, segment.control_value, position, deform);
    case MsegSegmentType::kBrownian:
      return brownian_value(segment, position);
    case MsegSegmentType::kHold:
      return from;
    case MsegSegmentType::kBump:
      return bump(from, to, segment.control_value, position, deform);
    case MsegSegmentType::kLinear:
    case MsegSegmentType::kReserved:
      break;
  }
  return linear(from, to, segment.curvature, position, deform);
}

// A random walk that is drawn towards the end of the segment and arrives there.
float MsegPlayer::brownian_value(const MsegCurve::Segment& segment, float position) noexcept {
  const float calm = 1.0f - segment.control_time;
  const float step = std::max(0.2f * calm * calm, kMinWalkStep);
  const float reach = 0.1f * std::fabs(segment.control_value);
  while (walk_time_ < position) {
    const float left = 1.0f - walk_time_;
    const float duration = std::min(step, left);
    const float centre = full_scale(walk_ + duration * (segment.to - walk_) / left);
    const float draw = rng_.bipolar();
    const float room = draw < 0.0f ? centre + 1.0f : 1.0f - centre;
    walk_ = full_scale(centre + draw * std::min(reach, room));
    walk_time_ = duration < left ? walk_time_ + duration : 1.0f;
  }
  if (segment.control_value >= 0.0f) return walk_;
  const float levels = std::floor(-24.0f * segment.control_value) + 1.0f;
  return std::floor(walk_ * levels) / levels;
}

}  // namespace synthrl::surge
