#include "dx7/voice_group.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/denormals.h"
#include "dx7/hash.h"

namespace synthrl::dx7 {

VoiceGroup::VoiceGroup(const Plan& plan) : parts_(std::make_unique<Parts>(plan)) {}

void VoiceGroup::render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                        std::size_t num_samples, std::span<float* const> rows) noexcept {
  const ScopedFlushDenormals flush;
  VoiceBank& bank = parts_->bank;
  OutputStage& output = parts_->output;
  const std::size_t num_voices = patches.size();
  for (std::size_t lane = 0; lane < num_voices; ++lane) {
    bank.start(lane, patches[lane], notes[lane]);
    output.start(lane, patches[lane], rows[lane]);
  }
  const auto at_rest = [&](std::size_t lane) {
    return bank.finished(lane) && output.at_rest(lane);
  };
  std::array<bool, kLanes / kTile> tile_at_rest{};
  const std::size_t num_tiles = (num_voices + kTile - 1) / kTile;
  std::size_t num_sounding = num_tiles;
  for (std::size_t start = 0; start < num_samples && num_sounding > 0; start += kBlock) {
    bank.begin_block(num_voices);
    for (std::size_t tile = 0; tile < num_tiles; ++tile) {
      if (tile_at_rest[tile]) continue;
      output.prefetch_tile(tile, num_voices);
      bank.mix_tile(tile);
      const std::size_t length = std::min<std::size_t>(kBlock, num_samples - start);
      output.process_tile(tile, bank, num_voices, length);

      const std::size_t first = tile * kTile;
      const std::size_t last = std::min(first + kTile, num_voices);
      bool sounding = false;
      for (std::size_t lane = first; lane < last && !sounding; ++lane) sounding = !at_rest(lane);
      if (sounding) continue;
      tile_at_rest[tile] = true;
      --num_sounding;
      for (std::size_t lane = first; lane < last; ++lane) {
        output.fill(lane, num_samples - start - length);
      }
    }
  }
}

void VoiceGroup::render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                        std::size_t num_samples, float* out) noexcept {
  std::array<float*, kLanes> rows;
  for (std::size_t i = 0; i < patches.size(); ++i) rows[i] = out + i * num_samples;
  render(patches, notes, num_samples, std::span<float* const>(rows).first(patches.size()));
}

void VoiceGroup::fingerprint(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                             std::size_t num_samples, std::span<std::uint64_t> hashes) noexcept {
  VoiceBank& bank = parts_->bank;
  for (std::size_t lane = 0; lane < patches.size(); ++lane) {
    bank.start(lane, patches[lane], notes[lane]);
    hashes[lane] = 0;
    for (const float setting :
         {patches[lane].cutoff, patches[lane].resonance, patches[lane].output}) {
      hashes[lane] = hashed(hashes[lane], std::bit_cast<std::uint32_t>(setting));
    }
  }
  for (std::size_t start = 0; start < num_samples; start += kBlock) {
    bank.advance(patches.size());
    for (std::size_t lane = 0; lane < patches.size(); ++lane) {
      hashes[lane] = bank.fingerprint(lane, hashes[lane]);
    }
  }
}

}  // namespace synthrl::dx7
