#include "surge/portamento.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {
namespace {

// Slower than this does not exist.
constexpr float kLongestTime = 4.0f;
// How far the curved kinds bend.
constexpr float kBend = 10.0f;

float bent(float phase) { return std::log2(1.0f + kBend * phase) / std::log2(1.0f + kBend); }

}  // namespace

void Portamento::start(const PortamentoOptions& options, bool synced, float tempo_bpm, int from_key,
                       int to_key, bool glides) {
  options_ = options;
  from_ = static_cast<float>(from_key);
  to_ = static_cast<float>(to_key);
  gliding_ = glides && from_key != to_key;
  phase_ = gliding_ ? 0.0f : 1.0f;
  pitch_ = gliding_ ? from_ : to_;
  speed_ = synced ? tempo_bpm / 120.0f : 1.0f;
  if (options.constant_rate) speed_ /= std::fabs(to_ - from_) / 12.0f + 1e-5f;
}

bool Portamento::tick(const ModulatorTables& tables, float time) {
  if (!gliding_) return false;
  phase_ += tables.rate(std::min(time, kLongestTime)) * speed_;
  if (phase_ >= 1.0f) {
    gliding_ = false;
    phase_ = 1.0f;
  }
  float part = phase_;
  if (gliding_ && options_.curve < 0) part = bent(phase_);
  if (gliding_ && options_.curve > 0) part = 1.0f - bent(1.0f - phase_);
  const float before = std::round(pitch_);
  pitch_ = gliding_ ? (1.0f - part) * from_ + part * to_ : to_;
  const bool next_key = std::round(pitch_) != before;
  if (options_.glissando) pitch_ = std::round(pitch_);
  return options_.retrigger && next_key;
}

}  // namespace synthrl::surge
