// Wave folders: piecewise linear curves with their antiderivatives.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/lanes.h"

namespace synthrl::surge {

// A value of a curve, and of its antiderivative ("area") at the same input.
template <Lanes S>
struct CurvePoint {
  S value;
  S area;
};

struct Vertex {
  double x;
  double y;
};

// Connects `kCount` vertices by lines. Value and area are 0 left of the first and from the last on.
template <std::size_t kCount>
class PiecewiseLinear {
 public:
  explicit constexpr PiecewiseLinear(const std::array<Vertex, kCount>& vertices) {
    double area = 0.0;
    for (std::size_t i = 0; i < kCount; ++i) {
      starts_[i] = static_cast<float>(vertices[i].x);
      if (i + 1 == kCount) break;
      const double width = vertices[i + 1].x - vertices[i].x;
      const double slope = (vertices[i + 1].y - vertices[i].y) / width;
      pieces_[i + 1] = {.start = starts_[i],
                        .value = static_cast<float>(vertices[i].y),
                        .slope = static_cast<float>(slope),
                        .area = static_cast<float>(area)};
      area += width * 0.5 * (vertices[i].y + vertices[i + 1].y);
    }
  }

  CurvePoint<float> operator()(float x) const {
    // Counting does not branch, which for signals all over the curve is faster than searching.
    std::size_t index = 0;
    for (const float start : starts_) index += x >= start ? 1 : 0;
    const Piece& piece = pieces_[index];
    const float offset = x - piece.start;
    const float rise = piece.slope * offset;
    return {.value = piece.value + rise, .area = piece.area + offset * (piece.value + 0.5f * rise)};
  }

  CurvePoint<Pair> operator()(Pair x) const {
    const auto [left_value, left_area] = (*this)(x[0]);
    const auto [right_value, right_area] = (*this)(x[1]);
    return {.value = make_pair(left_value, right_value), .area = make_pair(left_area, right_area)};
  }

 private:
  // From `start`, where curve and antiderivative are `value` and `area`.
  struct Piece {
    float start = 0.0f;
    float value = 0.0f;
    float slope = 0.0f;
    float area = 0.0f;
  };

  std::array<float, kCount> starts_{};
  std::array<Piece, kCount + 1> pieces_{};
};

// Mirrors the vertices right of 0 into an odd curve.
template <std::size_t kHalf>
constexpr std::array<Vertex, 2 * kHalf> odd(const std::array<Vertex, kHalf>& right) {
  std::array<Vertex, 2 * kHalf> vertices{};
  for (std::size_t i = 0; i < kHalf; ++i) {
    vertices[kHalf + i] = right[i];
    vertices[kHalf - 1 - i] = {-right[i].x, -right[i].y};
  }
  return vertices;
}

inline constexpr PiecewiseLinear kSingleFold(odd(std::array<Vertex, 2>{{{0.7, -1}, {10, 1}}}));

inline constexpr PiecewiseLinear kDoubleFold(odd(std::array<Vertex, 4>{
    {{0.3, 1}, {1, -1}, {3, 0.9}, {10, 1}}}));

inline constexpr PiecewiseLinear kWestCoastFold(odd(std::array<Vertex, 7>{
    {{0.11981198119811971, 0.5990599059905986},
     {0.3598359835983597, -0.5991799179917987},
     {0.5986598659865987, 0.6255506631744251},
     {0.815881588158816, -0.5309659972270635},
     {1.0919091909190919, 0.679765619488133},
     {2, -0.9},
     {10, -1}}}));

}  // namespace synthrl::surge
