// All integers of the stored renders, of which single-precision audio shows only the upper bits.
#include <array>
#include <cstddef>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"
#include "crc32.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice_bank.h"
#include "render_raw.h"

using namespace synthrl;
using namespace synthrl::dx7;

namespace {

std::vector<int> integers(const std::string& text) {
  std::istringstream in(text);
  std::vector<int> values;
  for (int value = 0; in >> value;) values.push_back(value);
  return values;
}

// Rows of a CSV file without its head.
std::vector<std::vector<std::string>> read_csv(const std::string& name) {
  std::ifstream file(std::string(SYNTHRL_CONFORMANCE) + "/" + name);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream in(line);
    auto& row = rows.emplace_back();
    for (std::string field; std::getline(in, field, ',');) row.push_back(field);
  }
  return rows;
}

std::map<std::string, Patch> read_voices() {
  std::map<std::string, Patch> voices;
  for (const auto& row : read_csv("voices.csv")) {
    Patch& patch = voices[row.at(0)];
    const std::vector<int> bytes = integers(row.at(1));
    CHECK_EQ(bytes.size(), std::size_t{kName});
    std::copy(bytes.begin(), bytes.end(), patch.voice.begin());
    patch.voice[kSwitches] = 63;
  }
  return voices;
}

}  // namespace

TEST(stored_renders) {
  const std::map<std::string, Engine> engines = {
      {"mark1", Engine::kMark1}, {"modern", Engine::kModern}, {"opl", Engine::kOpl}};
  const std::map<std::string, Patch> voices = read_voices();
  const auto rows = read_csv("renders.csv");
  CHECK_EQ(rows.size(), 24u);
  for (const auto& row : rows) {
    const std::size_t rate = std::stoul(row.at(1));
    const std::size_t off = rate / 2;
    const Engine engine = engines.at(row.at(2));
    const Plan plan({.sample_rate = static_cast<double>(rate)}, engine, Stage::kEngine);
    VoiceBank voice(plan);
    std::vector<std::int32_t> raw = test::render_raw(
        plan, voice, voices.at(row.at(0)), {.gate_samples = static_cast<std::int64_t>(off)}, rate);
    if (engine == Engine::kMark1) {
      for (std::int32_t& sample : raw) sample >>= 13;
    }
    CHECK_EQ(test::crc32(raw), std::stoul(row.at(3), nullptr, 16));

    const std::vector<std::size_t> positions = {
        0, 1, 2, 3, 4, 5, 6, 7, 200, 201, 1000, 5000, 10000, off + 100, off + 3000, rate - 1};
    const std::vector<int> expected = integers(row.at(4));
    for (std::size_t i = 0; i < positions.size(); ++i) {
      CHECK_EQ(raw[positions[i]], expected.at(i));
    }
  }
}
