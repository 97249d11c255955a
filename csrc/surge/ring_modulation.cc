#include "surge/ring_modulation.h"

#include <algorithm>

namespace synthrl::surge {
namespace {

template <typename Combine>
void combine(std::span<const float> a, std::span<const float> b, std::span<float> out,
             Combine function) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = function(a[i], b[i]);
}

// Like an exclusive or of logic levels: large where exactly one input is.
float exclusive(float a, float b) { return std::min(std::max(a, b), -std::min(a, b)); }

}  // namespace

void ring_modulate(std::int32_t mode, std::span<const float> a, std::span<const float> b,
                   std::span<float> out) noexcept {
  switch (mode) {
    case 1:
      return combine(a, b, out, exclusive);
    case 2:
      return combine(a, b, out, [](float x, float y) {
        const float either = std::max(x, y);
        return std::min(either, -std::min(exclusive(x, y), either));
      });
    case 3:
      return combine(a, b, out, [](float x, float y) {
        return std::min(x, -std::min(exclusive(x, y), std::max(x, y)));
      });
    case 4:
      return combine(a, b, out, [](float x, float y) {
        return std::min(-std::min(exclusive(x, y), y), std::max(x, -y));
      });
    case 5:
      return combine(a, b, out, [](float x, float y) {
        const float one = exclusive(x, y);
        return std::min(-std::min(one, y), std::max(x, -one));
      });
    case 6:
      return combine(a, b, out, [](float x, float y) {
        return std::min(-std::min(exclusive(x, y), -y), std::max(x, y));
      });
    case 7:
      return combine(a, b, out, [](float x, float y) {
        const float one = exclusive(x, y);
        return std::min(-std::min(one, y), std::max(x, one));
      });
    case 8:
      return combine(a, b, out, [](float x, float y) {
        const float sum = x + y;
        const float difference = x - y;
        return std::min(std::max(sum, difference), -std::min(sum, difference));
      });
    case 9:
      return combine(a, b, out, [](float x, float y) {
        return x - std::min(std::max(y, std::min(x, 0.0f)), std::max(x, 0.0f));
      });
    case 10:
      return combine(a, b, out, [](float x, float y) {
        return std::min(y, std::max(0.0f, std::min(y + x, y - x)));
      });
    case 11:
      return combine(a, b, out, [](float x, float y) {
        return std::min(std::max(y, y + x), std::max(0.0f, std::min(y + x, y - x)));
      });
    case 12:
      return combine(a, b, out, [](float x, float y) {
        return std::max(std::min(std::max(-x, y), y - x), std::min(y + x, -(y + x)));
      });
    default:
      return combine(a, b, out, [](float x, float y) { return x * y; });
  }
}

}  // namespace synthrl::surge
