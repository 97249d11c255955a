#include "dx7/tables.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace synthrl::dx7 {

// Velocity / 2 → level.
const std::array<std::uint8_t, 64> kVelocityLevel = {
    0,   70,  86,  97,  106, 114, 121, 126, 132, 138, 142, 148, 152, 156, 160, 163,
    166, 170, 173, 174, 178, 181, 184, 186, 189, 190, 194, 196, 198, 200, 202, 205,
    206, 209, 211, 214, 216, 218, 220, 222, 224, 225, 227, 229, 230, 232, 233, 235,
    237, 238, 240, 241, 242, 243, 244, 246, 246, 248, 249, 250, 251, 252, 253, 254};

// Exponential keyboard scaling by group of three semitones.
const std::array<std::uint8_t, 33> kExponentialScaling = {
    0,  1,  2,  3,  4,  5,  6,   7,   8,   9,   11,  14,  16,  19,  23,  27, 33,
    39, 47, 56, 66, 80, 94, 110, 126, 142, 158, 174, 190, 206, 222, 238, 250};

// Coarse frequency → log2 ratio, Q24.
const std::array<std::int32_t, 32> kCoarseRatio = {
    -16777216, 0,        16777216, 26591258, 33554432, 38955489, 43368474, 47099600,
    50331648,  53182516, 55732705, 58039632, 60145690, 62083076, 63876816, 65546747,
    67108864,  68576247, 69959732, 71268397, 72509921, 73690858, 74816848, 75892776,
    76922906,  77910978, 78860292, 79773775, 80654032, 81503396, 82323963, 83117622};

// Length of an EG stage that has nowhere to go, in samples at 44 100 Hz.
const std::array<std::int32_t, 77> kStaticSamples = {
    1764000, 1764000, 1411200, 1411200, 1190700, 1014300, 992250, 882000, 705600, 705600, 584325,
    507150,  502740,  441000,  418950,  352800,  308700,  286650, 253575, 220500, 220500, 176400,
    145530,  145530,  125685,  110250,  110250,  88200,   88200,  74970,  61740,  61740,  55125,
    48510,   44100,   37485,   31311,   30870,   27562,   27562,  22050,  18522,  17640,  15435,
    14112,   13230,   11025,   9261,    9261,    7717,    6615,   6615,   5512,   5512,   4410,
    3969,    3969,    3439,    2866,    2690,    2249,    1984,   1896,   1808,   1411,   1367,
    1234,    1146,    926,     837,     837,     705,     573,    573,    529,    441,    441};

// Pitch EG rate → increment units.
const std::array<std::uint8_t, 100> kPitchRate = {
    1,   2,   3,   3,   4,   4,   5,   5,   6,   6,   7,   7,   8,   8,   9,   9,   10,
    10,  11,  11,  12,  12,  13,  13,  14,  14,  15,  16,  16,  17,  18,  18,  19,  20,
    21,  22,  23,  24,  25,  26,  27,  28,  30,  31,  33,  34,  36,  37,  38,  39,  41,
    42,  44,  46,  47,  49,  51,  53,  54,  56,  58,  60,  62,  64,  66,  68,  70,  72,
    74,  76,  79,  82,  85,  88,  91,  94,  98,  102, 106, 110, 115, 120, 125, 130, 135,
    141, 147, 153, 159, 165, 171, 178, 185, 193, 202, 211, 232, 243, 254, 255};

// Pitch EG level → 1/32 octaves.
const std::array<std::int8_t, 100> kPitchLevel = {
    -128, -116, -104, -95, -85, -76, -68, -61, -56, -52, -49, -46, -43, -41, -39, -37, -35,
    -33,  -32,  -31,  -30, -29, -28, -27, -26, -25, -24, -23, -22, -21, -20, -19, -18, -17,
    -16,  -15,  -14,  -13, -12, -11, -10, -9,  -8,  -7,  -6,  -5,  -4,  -3,  -2,  -1,  0,
    1,    2,    3,    4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  15,  16,  17,
    18,   19,   20,   21,  22,  23,  24,  25,  26,  27,  28,  29,  30,  31,  32,  33,  34,
    35,   38,   40,   43,  46,  49,  53,  58,  65,  73,  82,  92,  103, 115, 127};

// LFO speed → Hz.
const std::array<double, 100> kLfoHz = {
    0.062541,  0.125031,  0.312393,  0.437120,  0.624610,  0.750694,  0.936330,  1.125302,
    1.249609,  1.436782,  1.560915,  1.752081,  1.875117,  2.062494,  2.247191,  2.374451,
    2.560492,  2.686728,  2.873976,  2.998950,  3.188013,  3.369840,  3.500175,  3.682224,
    3.812065,  4.000800,  4.186202,  4.310716,  4.501260,  4.623209,  4.814636,  4.930480,
    5.121901,  5.315191,  5.434783,  5.617346,  5.750431,  5.946717,  6.062811,  6.248438,
    6.431695,  6.564264,  6.749460,  6.868132,  7.052186,  7.250580,  7.375719,  7.556294,
    7.687577,  7.877738,  7.993605,  8.181967,  8.372405,  8.504848,  8.685079,  8.810573,
    8.986341,  9.122423,  9.300595,  9.500285,  9.607994,  9.798158,  9.950249,  10.117361,
    11.251125, 11.384335, 12.562814, 13.676149, 13.904338, 15.092062, 16.366612, 16.638935,
    17.869907, 19.193858, 19.425019, 20.833333, 21.034918, 22.502250, 24.003841, 24.260068,
    25.746653, 27.173913, 27.578599, 29.052876, 30.693677, 31.191516, 32.658393, 34.317090,
    34.674064, 36.416606, 38.197097, 38.550501, 40.387722, 40.749796, 42.625746, 44.326241,
    44.883303, 46.772685, 48.590865, 49.261084};

// Operators 6 to 1 of each algorithm: input bus, output bus, adds, feeds back.
const std::array<std::array<Route, 6>, 32> kAlgorithms = {{
    {{{0, 1, false, true},
      {1, 1, false, false},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {1, 1, false, false},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 1, false, false},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {1, 1, false, false},
      {0, 1, true, true},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {1, 1, false, false},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {0, 1, true, false},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {0, 1, true, false},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {0, 1, true, false},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {0, 1, true, false},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 1, false, false},
      {0, 2, false, false},
      {2, 1, true, false},
      {0, 1, true, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {1, 1, false, false},
      {0, 2, false, false},
      {2, 1, true, false},
      {0, 1, true, true},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {1, 1, false, false},
      {1, 1, false, false},
      {0, 1, true, true},
      {0, 1, true, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 0, true, false},
      {1, 0, true, false}}},
    {{{0, 1, false, false},
      {1, 0, true, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 0, true, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {1, 0, true, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {1, 0, true, false},
      {1, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {1, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 1, false, true},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 1, false, false},
      {0, 1, true, false},
      {1, 0, true, false},
      {0, 1, false, true},
      {1, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 0, true, false},
      {0, 1, false, true},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {0, 1, false, false},
      {1, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 0, true, false},
      {0, 1, false, true},
      {1, 1, false, false},
      {1, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 1, false, true},
      {1, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false}}},
    {{{0, 0, true, true},
      {0, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false},
      {0, 0, true, false}}},
}};

namespace {

constexpr std::array<std::uint8_t, 20> kLowLevels = {0,  5,  9,  13, 17, 20, 23, 25, 27, 29,
                                                     31, 33, 35, 37, 39, 41, 42, 43, 45, 46};
constexpr std::int32_t kNegative = 0x8000;

// The sine is built by rotating an integer vector; a rounded true sine differs in 316 entries.
void fill_sine(std::array<std::int32_t, 1025>& sine) {
  constexpr double kStep = 2.0 * std::numbers::pi / 1024.0;
  constexpr double kOne = 1 << 30;
  const auto c = static_cast<std::int64_t>(std::floor(kOne * std::cos(kStep) + 0.5));
  const auto d = static_cast<std::int64_t>(std::floor(kOne * std::sin(kStep) + 0.5));
  constexpr std::int64_t kHalf = 1 << 29;
  std::int64_t u = 1 << 30;
  std::int64_t w = 0;
  for (std::size_t i = 0; i < 512; ++i) {
    sine[i] = static_cast<std::int32_t>((w + 32) >> 6);
    sine[i + 512] = -sine[i];
    const std::int64_t next_w = (u * d + w * c + kHalf) >> 30;
    u = (u * c - w * d + kHalf) >> 30;
    w = next_w;
  }
  sine[1024] = 0;
}

void fill_exponential(std::array<std::int32_t, 1025>& exponential) {
  for (std::size_t i = 0; i < 1024; ++i) {
    const double power = std::exp2(static_cast<double>(i) / 1024.0);
    exponential[i] = static_cast<std::int32_t>(std::floor(power * (1 << 30) + 0.5));
  }
  exponential[1024] = std::numeric_limits<std::int32_t>::min();
}

// A full cycle from a quarter: the second quarter mirrored, the second half negative.
template <std::size_t kQuarter, typename Cycle, typename QuarterFn>
void fill_cycle(Cycle& cycle, QuarterFn quarter) {
  for (std::size_t i = 0; i < 4 * kQuarter; ++i) {
    const std::size_t position = i % kQuarter;
    const bool mirrored = (i / kQuarter) % 2 == 1;
    const auto value =
        static_cast<std::int32_t>(quarter(mirrored ? kQuarter - 1 - position : position));
    cycle[i] =
        static_cast<typename Cycle::value_type>(i >= 2 * kQuarter ? value | kNegative : value);
  }
}

long mark1_log_sine(std::size_t i) {
  const double angle = (static_cast<double>(i) + 0.5) / 1024.0 * std::numbers::pi / 2.0;
  const auto sine = static_cast<float>(std::sin(angle));
  return std::lround(-1024.0 * std::log2(static_cast<double>(sine)));
}

long opl_log_sine(std::size_t i) {
  const double angle = (static_cast<double>(i) + 0.5) * std::numbers::pi / 512.0;
  return std::lround(-256.0 * std::log2(std::sin(angle)));
}

// Linear mantissa of a log attenuation: the table is read backwards, so that 0 is the loudest.
template <std::size_t kSize>
void fill_log_to_linear(std::array<std::int32_t, kSize>& table, long one) {
  for (std::size_t i = 0; i < kSize; ++i) {
    const double power =
        std::exp2(static_cast<double>(kSize - 1 - i) / static_cast<double>(kSize)) - 1.0;
    table[i] = static_cast<std::int32_t>(one + std::lround(power * static_cast<double>(one)));
  }
}

// The fine powers are centred on 1, so that both factors are as exact as single precision allows.
void fill_mantissa(std::array<float, 32>& coarse, std::array<float, 32>& fine) {
  for (std::size_t i = 0; i < 32; ++i) {
    const auto position = static_cast<double>(i);
    coarse[i] = static_cast<float>(4096.0 * std::exp2((1007.5 - 32.0 * position) / 1024.0));
    fine[i] = static_cast<float>(std::exp2((15.5 - position) / 1024.0));
  }
}

}  // namespace

int scaled_level(int level) {
  return level >= 20 ? 28 + level : kLowLevels[static_cast<std::size_t>(level)];
}

WaveTables::WaveTables() {
  fill_sine(sine);
  fill_exponential(exponential);
  fill_cycle<1024>(log_sine, mark1_log_sine);
  log_sine[4096] = 0;
  fill_log_to_linear(log_to_linear, 4096);
  fill_mantissa(mantissa_coarse, mantissa_fine);
  fill_cycle<256>(opl_log_sine, synthrl::dx7::opl_log_sine);
  fill_log_to_linear(opl_log_to_linear, 1024);
}

const WaveTables& wave_tables() {
  static const WaveTables tables;
  return tables;
}

std::int32_t sine_q24(std::int32_t phase) {
  const auto& sine = wave_tables().sine;
  const auto index = static_cast<std::size_t>((phase >> 14) & 1023);
  const std::int64_t slope = sine[index + 1] - sine[index];
  return sine[index] + static_cast<std::int32_t>((slope * (phase & 0x3fff)) >> 14);
}

std::int32_t exp2_q24(std::int32_t exponent) {
  const auto& exponential = wave_tables().exponential;
  const auto index = static_cast<std::size_t>((exponent >> 14) & 1023);
  const std::int64_t slope = static_cast<std::uint32_t>(exponential[index + 1]) -
                             static_cast<std::uint32_t>(exponential[index]);
  const auto y =
      exponential[index] + static_cast<std::int32_t>((slope * (exponent & 0x3fff)) >> 14);
  // Envelopes that wrap at low sample rates ask for impossible counts; x86-64 shifts modulo 32.
  return y >> ((6 - (exponent >> 24)) & 31);
}

}  // namespace synthrl::dx7
