// Tables against the check sums and entries of the engine's description.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "check.h"
#include "crc32.h"
#include "dx7/plan.h"
#include "dx7/tables.h"

using namespace synthrl;
using namespace synthrl::dx7;

namespace {

std::uint32_t crc_of_first(std::size_t count, const auto& table) {
  return test::crc32(std::vector<std::int32_t>(table.begin(), table.begin() + count));
}

}  // namespace

TEST(sine) {
  const auto& sine = wave_tables().sine;
  CHECK_EQ(crc_of_first(1024, sine), 0x9d27a8b9u);
  CHECK_EQ(sine[1], 102943);
  CHECK_EQ(sine[256], 1 << 24);
  CHECK_EQ(sine[1024], 0);
}

TEST(sine_look_up_interpolates) {
  CHECK_EQ(sine_q24(1 << 14), 102943);
  CHECK_EQ(sine_q24(1 << 13), 102943 / 2);
  CHECK_EQ(sine_q24(1 << 22), 1 << 24);
  CHECK_EQ(sine_q24(-(1 << 22)), -(1 << 24));
}

TEST(exponential) {
  CHECK_EQ(crc_of_first(1024, wave_tables().exponential), 0x025e7433u);
  CHECK_EQ(exp2_q24(0), 1 << 24);
  CHECK_EQ(exp2_q24(-(1 << 24)), 1 << 23);
  CHECK_EQ(exp2_q24(1 << 24), 1 << 25);
}

TEST(mark1_log_sine) {
  const auto& table = wave_tables().log_sine;
  CHECK_EQ(crc_of_first(1024, table), 0xf85055d8u);
  for (std::size_t i = 0; i < 1024; ++i) {
    CHECK_EQ(table[2047 - i], table[i]);
    CHECK_EQ(table[2048 + i], table[i] | 0x8000);
    CHECK_EQ(table[4095 - i], table[i] | 0x8000);
  }
}

TEST(mark1_log_to_linear) {
  std::vector<std::int32_t> exponential;
  for (std::size_t i = 0; i < 1024; ++i) {
    exponential.push_back(wave_tables().log_to_linear[1023 - i] - 4096);
  }
  CHECK_EQ(test::crc32(exponential), 0x4c3b6b63u);
}

// What the kernels that do not look it up make of two factors.
TEST(mark1_mantissa) {
  const WaveTables& tables = wave_tables();
  for (std::size_t i = 0; i < 1024; ++i) {
    const float rounded =
        std::fma(tables.mantissa_coarse[i / 32], tables.mantissa_fine[i % 32], 0x1p23f);
    CHECK_EQ(static_cast<std::int32_t>(rounded) - (1 << 23), tables.log_to_linear[i]);
  }
}

TEST(opl) {
  const auto& log_sine = wave_tables().opl_log_sine;
  constexpr std::array<int, 16> kStart = {2137, 1731, 1543, 1419, 1326, 1252, 1190, 1137,
                                          1091, 1050, 1013, 979,  949,  920,  894,  869};
  for (std::size_t i = 0; i < kStart.size(); ++i) CHECK_EQ(log_sine[i], kStart[i]);
  CHECK_EQ(log_sine[255], 0);
  CHECK_EQ(log_sine[256], 0);
  CHECK_EQ(log_sine[512], 2137 | 0x8000);
  CHECK_EQ(wave_tables().opl_log_to_linear[255], 1024);
  CHECK_EQ(wave_tables().opl_log_to_linear[0], 1024 + 1018);
}

TEST(levels) {
  CHECK_EQ(scaled_level(0), 0);
  CHECK_EQ(scaled_level(19), 46);
  CHECK_EQ(scaled_level(20), 48);
  CHECK_EQ(scaled_level(99), 127);
}

// In the 20th octave a step is the table's entry itself; the 1025th only serves to interpolate.
TEST(frequency_table) {
  struct Expected {
    double rate;
    std::int32_t last;
    std::uint32_t crc;
  };
  for (const Expected& expected :
       {Expected{44100, 797831567, 0x5588b202u}, Expected{22050, 1595663133, 0xf3ae1542u},
        Expected{48000, 733007752, 0x0a70020fu}}) {
    const Plan plan({.sample_rate = expected.rate}, Engine::kMark1, Stage::kEngine);
    std::vector<std::int32_t> table;
    for (std::int32_t i = 0; i < 1024; ++i) {
      table.push_back(plan.phase_step((20 << 24) + (i << 14)));
    }
    const std::int32_t halfway = plan.phase_step((20 << 24) + (1023 << 14) + (1 << 13));
    CHECK_EQ(halfway, table.back() + ((expected.last - table.back()) >> 1));
    table.push_back(expected.last);
    CHECK_EQ(test::crc32(table), expected.crc);
  }
}

TEST(rate_dependent_constants) {
  const Plan cd({.sample_rate = 44100}, Engine::kMark1, Stage::kPlugin);
  CHECK_EQ(cd.envelope_multiplier, 16777216);
  CHECK_EQ(cd.lfo_delay_unit, 36558);
  CHECK_EQ(cd.lfo_ratio, 6439909);
  CHECK_EQ(cd.pitch_envelope_unit, 1143);
  const Plan half({.sample_rate = 22050}, Engine::kMark1, Stage::kPlugin);
  CHECK_EQ(half.envelope_multiplier, 33554432);
  CHECK_EQ(half.lfo_delay_unit, 73115);
  CHECK_EQ(half.lfo_ratio, 12879818);
  CHECK_EQ(half.pitch_envelope_unit, 2286);
  const Plan dat({.sample_rate = 48000}, Engine::kMark1, Stage::kPlugin);
  CHECK_EQ(dat.envelope_multiplier, 15414067);
  CHECK_EQ(dat.lfo_delay_unit, 33587);
  CHECK_EQ(dat.lfo_ratio, 5916666);
  CHECK_EQ(dat.pitch_envelope_unit, 1050);
}

TEST(stages_are_tuned_apart) {
  CHECK_EQ(Plan({}, Engine::kMark1, Stage::kPlugin).log_hz_of_key_zero, 50857777);
  CHECK_EQ(Plan({}, Engine::kMark1, Stage::kEngine).log_hz_of_key_zero, 50857776);
}

TEST(sample_rates_out_of_range_are_refused) {
  for (const double rate : {0.0, -44100.0, 7999.0, 400000.0}) {
    CHECK(test::throws<std::invalid_argument>(
        [rate] { Plan({.sample_rate = rate}, Engine::kMark1, Stage::kEngine); }));
  }
}
