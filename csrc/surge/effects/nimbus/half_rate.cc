#include "surge/effects/nimbus/half_rate.h"

namespace synthrl::surge::nimbus {
namespace {

// The first half and the centre of the taps, which are symmetric.
constexpr std::size_t kCentre = 22;
constexpr std::array<float, kCentre + 1> kTaps{
    -6.928606892e-4f, -5.894682972e-3f, 4.393903915e-4f, 5.352009980e-3f,  1.833575577e-3f,
    -7.103853054e-3f, -5.275577768e-3f, 7.999060050e-3f, 1.029879712e-2f,  -7.191125897e-3f,
    -1.675763381e-2f, 3.628265970e-3f,  2.423749384e-2f, 4.020326715e-3f,  -3.208822586e-2f,
    -1.775516900e-2f, 3.947412082e-2f,  4.200610725e-2f, -4.553678524e-2f, -9.270618476e-2f,
    4.952442102e-2f,  3.157869177e-1f,  4.528032253e-1f};

}  // namespace

Frame HalfRateFilter::output() const noexcept {
  Frame sum = kTaps[kCentre] * history_[(head_ - kCentre) % kHistory];
  for (std::size_t i = 0; i < kCentre; ++i) {
    sum += kTaps[i] *
           (history_[(head_ - i) % kHistory] + history_[(head_ - 2 * kCentre + i) % kHistory]);
  }
  return sum;
}

HalfGroup Decimator::process(const Group& in) noexcept {
  HalfGroup out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    filter_.push(in[2 * i]);
    filter_.push(in[2 * i + 1]);
    out[i] = filter_.output();
  }
  return out;
}

Group Interpolator::process(const HalfGroup& in) noexcept {
  Group out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    filter_.push(in[i]);
    out[2 * i] = 2.0f * filter_.output();
    filter_.push({});
    out[2 * i + 1] = 2.0f * filter_.output();
  }
  return out;
}

}  // namespace synthrl::surge::nimbus
