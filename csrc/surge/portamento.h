// The glide from one key to the next.
#pragma once

#include "surge/modulators/tables.h"
#include "surge/patch.h"

namespace synthrl::surge {

class Portamento {
 public:
  // Sets out from `from_key`, or stays at `to_key` if it does not glide.
  void start(const PortamentoOptions& options, bool synced, float tempo_bpm, int from_key,
             int to_key, bool glides);

  // Advances one block. `time` in log2 seconds. Returns whether the envelopes start again.
  bool tick(const ModulatorTables& tables, float time);

  // MIDI note number.
  float pitch() const { return pitch_; }

 private:
  PortamentoOptions options_;
  float speed_ = 1.0f;
  float phase_ = 1.0f;
  float from_ = 60.0f;
  float to_ = 60.0f;
  float pitch_ = 60.0f;
  bool gliding_ = false;
};

}  // namespace synthrl::surge
