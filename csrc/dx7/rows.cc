#include "dx7/rows.h"

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>

#include "dx7/output.h"

namespace synthrl::dx7 {

namespace {

[[noreturn]] void reject(std::size_t row, std::size_t parameter, const std::string& reason) {
  throw std::invalid_argument("row " + std::to_string(row) + ", '" +
                              std::string(kParameters[parameter].name) + "': " + reason);
}

// As few digits as tell it from its neighbours.
std::string shortest(float value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

template <std::size_t kColumns, typename T>
std::span<const T, kColumns> row_of(std::span<const T> rows, std::size_t index) {
  return rows.subspan(index * kColumns).template first<kColumns>();
}

}  // namespace

void check_values(std::span<const float, kNumParameters> values, std::size_t row) {
  for (std::size_t i = 0; i < kNumParameters; ++i) {
    if (!(values[i] >= 0.0f && values[i] <= 1.0f)) {
      reject(row, i, shortest(values[i]) + " is outside [0, 1]");
    }
  }
}

std::vector<Patch> patches_from_values(std::span<const float> rows, const Plan& plan) {
  std::vector<Patch> patches(rows.size() / kNumParameters);
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const auto values = row_of<kNumParameters>(rows, i);
    check_values(values, i);
    patches[i] = patch_from_values(values);
    if (plan.stage() == Stage::kPlugin && !filter_is_stable(patches[i], plan.sample_rate())) {
      reject(i, kCutoff,
             "the filter needs a cutoff below half the sample rate, or exactly 1 (off)");
    }
  }
  return patches;
}

std::vector<Patch> patches_from_packed(std::span<const std::uint8_t> rows) {
  std::vector<Patch> patches(rows.size() / kPackedBytes);
  for (std::size_t i = 0; i < patches.size(); ++i) {
    patches[i].voice = unpack(row_of<kPackedBytes>(rows, i));
  }
  return patches;
}

}  // namespace synthrl::dx7
