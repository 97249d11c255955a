#include "surge/dsp/half_band.h"

namespace synthrl::surge {
namespace {

constexpr std::array<float, HalfBandDecimator::kSections> kChainA = {
    0.036681502163648017f, 0.2746317593794541f, 0.56109896978791948f,
    0.769741833862266f,    0.8922608180038789f, 0.962094548378084f};
constexpr std::array<float, HalfBandDecimator::kSections> kChainB = {
    0.13654762463195771f, 0.42313861743656667f, 0.6775400499741616f,
    0.839889624849638f,   0.9315419599631839f,  0.9878163707328971f};

}  // namespace

void HalfBandDecimator::process(std::span<const float> left, std::span<const float> right,
                                std::span<float> out_left, std::span<float> out_right) noexcept {
  const bool stereo = !out_right.empty();
  std::array<Pair, kSections + 1> last = last_;
  for (std::size_t i = 0; i < out_left.size(); ++i) {
    Pair x = {left[2 * i + 1], stereo ? right[2 * i + 1] : 0.0f, left[2 * i],
              stereo ? right[2 * i] : 0.0f};
    for (std::size_t s = 0; s < kSections; ++s) {
      const Pair c = {kChainA[s], kChainA[s], kChainB[s], kChainB[s]};
      const Pair y = last[s] + c * (x - last[s + 1]);
      last[s] = x;
      x = y;
    }
    last[kSections] = x;
    out_left[i] = 0.5f * (x[0] + x[2]);
    if (stereo) out_right[i] = 0.5f * (x[1] + x[3]);
  }
  last_ = last;
}

}  // namespace synthrl::surge
