// Reading wavetables from files, and their band-limited levels.

#include <bit>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "check.h"
#include "surge/oscillators/wavetable.h"

namespace {

using namespace synthrl::surge;
using synthrl::test::throws;

constexpr double kPi = std::numbers::pi;

class Bytes {
 public:
  Bytes& text(std::string_view characters) {
    for (const char c : characters) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  Bytes& u16(std::uint32_t value) { return number(value, 2); }
  Bytes& u32(std::uint32_t value) { return number(value, 4); }
  Bytes& f32(float value) { return u32(std::bit_cast<std::uint32_t>(value)); }
  Bytes& chunk(std::string_view name, const Bytes& content) {
    text(name).u32(static_cast<std::uint32_t>(content.bytes_.size()));
    bytes_.insert(bytes_.end(), content.bytes_.begin(), content.bytes_.end());
    if (content.bytes_.size() % 2 == 1) bytes_.push_back(std::byte{0});
    return *this;
  }
  const std::vector<std::byte>& get() const { return bytes_; }

 private:
  Bytes& number(std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
    return *this;
  }

  std::vector<std::byte> bytes_;
};

Bytes wt_header(std::uint32_t frame_samples, std::uint32_t frames, std::uint32_t flags) {
  return Bytes().text("vawt").u32(frame_samples).u16(frames).u16(flags);
}

// A file of 16-bit samples, one or two channels, with extra chunks before the data.
std::vector<std::byte> wave_file(std::size_t count, const Bytes& extra, int channels = 1) {
  Bytes format;
  const auto block = static_cast<std::uint32_t>(2 * channels);
  format.u16(1)
      .u16(static_cast<std::uint32_t>(channels))
      .u32(44100)
      .u32(44100 * block)
      .u16(block)
      .u16(16);
  Bytes data;
  for (std::size_t i = 0; i < count; ++i) {
    data.u16(static_cast<std::uint32_t>(i * 4));
    if (channels == 2) data.u16(0x7fff);
  }
  Bytes content;
  content.text("WAVE").chunk("fmt ", format);
  for (const std::byte b : extra.get()) content.text({reinterpret_cast<const char*>(&b), 1});
  content.chunk("data", data);
  return Bytes().chunk("RIFF", content).get();
}

double amplitude(std::span<const float> frame, int harmonic) {
  std::complex<double> sum = 0.0;
  const auto size = static_cast<double>(frame.size());
  for (std::size_t i = 0; i < frame.size(); ++i) {
    sum += static_cast<double>(frame[i]) *
           std::polar(1.0, -2.0 * kPi * harmonic * static_cast<double>(i) / size);
  }
  return 2.0 * std::abs(sum) / size;
}

}  // namespace

TEST(reads_integer_samples) {
  Bytes file = wt_header(4, 2, 4);
  for (const int sample : {0, 16384, -16384, 8192, 32767, -32768, 1, 2}) {
    file.u16(static_cast<std::uint16_t>(sample));
  }
  const Wavetable table = Wavetable::parse_wt(file.get());
  CHECK_EQ(table.frame_samples(), 4);
  CHECK_EQ(table.num_frames(), 2);
  CHECK(!table.one_shot());
  CHECK_EQ(table.frame(0, 0)[1], 1.0f);
  CHECK_EQ(table.frame(0, 0)[2], -1.0f);
  CHECK_EQ(table.frame(0, 1)[0], 32767.0f / 16384.0f);
  CHECK_EQ(table.frame16(0, 1)[1], -32768);
}

TEST(full_range_integers_have_full_scale_one) {
  Bytes file = wt_header(2, 1, 4 + 8);
  file.u16(0x8000).u16(0x4000);
  const Wavetable table = Wavetable::parse_wt(file.get());
  CHECK(table.full_range());
  CHECK_EQ(table.frame(0, 0)[0], -1.0f);
  CHECK_EQ(table.frame(0, 0)[1], 0.5f);
  CHECK_EQ(table.frame16(0, 0)[1], 0x4000);
}

TEST(reads_float_samples) {
  Bytes file = wt_header(4, 1, 0);
  file.f32(0.25f).f32(-2.0f).f32(std::numeric_limits<float>::quiet_NaN()).f32(1e30f);
  const Wavetable table = Wavetable::parse_wt(file.get());
  CHECK_EQ(table.frame(0, 0)[0], 0.25f);
  CHECK_EQ(table.frame(0, 0)[1], -2.0f);
  CHECK_EQ(table.frame(0, 0)[2], 0.0f);
  CHECK_EQ(table.frame(0, 0)[3], 1000.0f);
  CHECK_EQ(table.frame16(0, 0)[0], 4096);
  CHECK_EQ(table.frame16(0, 0)[1], -16384);
}

TEST(marks_and_metadata_do_not_matter) {
  Bytes file = Bytes().u32(0).u32(2).u16(1).u16(4 + 0x10);
  file.u16(100).u16(200).text("<xml/>");
  CHECK_EQ(Wavetable::parse_wt(file.get()).frame16(0, 0)[1], 200);
}

TEST(short_files_continue_with_zeros) {
  Bytes file = wt_header(4, 3, 5);
  file.u16(100).u16(200).text("x");
  const Wavetable table = Wavetable::parse_wt(file.get());
  CHECK(table.one_shot());
  CHECK_EQ(table.frame16(0, 0)[1], 200);
  CHECK_EQ(table.frame16(0, 0)[2], 0);
  CHECK_EQ(table.frame16(0, 2)[3], 0);
}

TEST(refuses_impossible_headers) {
  const auto refuses = [](const Bytes& file) {
    return throws<std::invalid_argument>([&] { Wavetable::parse_wt(file.get()); });
  };
  CHECK(refuses(Bytes().text("vawt")));
  CHECK(refuses(wt_header(0, 1, 4)));
  CHECK(refuses(wt_header(3, 1, 4)));
  CHECK(refuses(wt_header(8192, 1, 4)));
  CHECK(refuses(wt_header(0x80000000u, 1, 4)));
  CHECK(refuses(wt_header(64, 0, 4)));
  CHECK(refuses(wt_header(64, 513, 4)));
  CHECK(!refuses(wt_header(64, 512, 4)));
}

TEST(refuses_samples_that_do_not_fit) {
  CHECK(throws<std::invalid_argument>([] { Wavetable(4, 1, false, std::vector<float>(5)); }));
  CHECK(throws<std::invalid_argument>([] { Wavetable(5, 1, false, std::vector<float>(5)); }));
  CHECK(throws<std::invalid_argument>([] { Wavetable(-4, 1, false, std::vector<float>(4)); }));
}

TEST(levels_keep_what_fits) {
  // Partials 1, 5 and 12, which do not fit into 16 samples, and a constant.
  std::vector<float> samples;
  for (int i = 0; i < 64; ++i) {
    const double angle = 2.0 * kPi * i / 64.0;
    samples.push_back(static_cast<float>(0.1 + 0.4 * std::sin(angle) + 0.2 * std::sin(5.0 * angle) +
                                         0.1 * std::sin(12.0 * angle)));
  }
  const Wavetable table(64, 1, false, samples);
  CHECK_EQ(table.num_levels(), 6);
  for (int level = 0; level < 6; ++level) {
    CHECK_EQ(table.frame(level, 0).size(), std::size_t{64} >> level);
  }
  for (const int level : {0, 1, 2}) {
    const auto frame = table.frame(level, 0);
    double mean = 0.0;
    for (const float sample : frame)
      mean += static_cast<double>(sample) / static_cast<double>(frame.size());
    CHECK(std::fabs(mean - 0.1) < 1e-3);
    CHECK(std::fabs(amplitude(frame, 1) - 0.4) < 1e-3);
    CHECK(std::fabs(amplitude(frame, 5) - 0.2) < 2e-2);
    if (level < 2) CHECK(std::fabs(amplitude(frame, 12) - 0.1) < 2e-2);
    if (level == 2) CHECK(std::fabs(amplitude(frame, 4)) < 1e-2);  // no alias of the twelfth
  }
}

TEST(integer_levels_are_half_a_sample_late) {
  std::vector<std::int16_t> samples;
  for (int i = 0; i < 64; ++i) {
    samples.push_back(
        static_cast<std::int16_t>(std::lround(8000.0 * std::sin(2.0 * kPi * i / 64.0))));
  }
  const Wavetable table(64, 1, false, Wavetable::SampleFormat::kInt16, samples);
  const auto frame = table.frame16(1, 0);
  for (int i = 0; i < 32; ++i) {
    const double expected = 8000.0 * std::sin(2.0 * kPi * (2 * i + 0.5) / 64.0);
    CHECK(std::fabs(frame[static_cast<std::size_t>(i)] - expected) < 25.0);
  }
}

TEST(integer_frames_repeat_around_their_ends) {
  const Wavetable table(2, 2, false, Wavetable::SampleFormat::kInt16, {10, 20, 30, 40});
  const std::int16_t* frame = table.frame16(0, 1).data();
  for (int i = -Wavetable::kGuardSamples; i < 2 + Wavetable::kGuardSamples; ++i) {
    CHECK_EQ(frame[i], i % 2 == 0 ? 30 : 40);
  }
}

TEST(one_shot_levels_cross_frames) {
  // A slow wave over all frames stays smooth where frames meet.
  std::vector<float> samples;
  for (int i = 0; i < 256; ++i) {
    samples.push_back(static_cast<float>(std::sin(2.0 * kPi * i / 100.0)));
  }
  const Wavetable table(32, 8, true, samples);
  for (int frame = 2; frame < 6; ++frame) {
    for (int i = 0; i < 16; ++i) {
      const double expected = std::sin(2.0 * kPi * (32 * frame + 2 * i) / 100.0);
      CHECK(std::fabs(static_cast<double>(table.frame(1, frame)[static_cast<std::size_t>(i)]) -
                      expected) < 1e-3);
    }
  }
}

TEST(wave_files_tell_their_frame_length) {
  const auto length_of = [](const Bytes& extra) {
    const Wavetable table = Wavetable::parse_wav(wave_file(8192, extra));
    CHECK(!table.one_shot());
    CHECK_EQ(table.num_frames(), 8192 / table.frame_samples());
    CHECK_EQ(table.frame16(0, 0)[3], 12);
    return table.frame_samples();
  };
  CHECK_EQ(length_of(Bytes().chunk("clm ", Bytes().text("<!>2048 10000000"))), 2048);
  CHECK_EQ(length_of(Bytes().chunk("uhWT", Bytes().u32(0))), 2048);
  CHECK_EQ(length_of(Bytes().chunk("srge", Bytes().u32(1).u32(256))), 256);
  Bytes sampler;
  for (int i = 0; i < 7; ++i) sampler.u32(0);
  Bytes looped = sampler;
  looped.u32(1).u32(0).u32(0).u32(0).u32(100).u32(611).u32(0).u32(0);
  CHECK_EQ(length_of(Bytes().chunk("smpl", looped)), 512);
  Bytes plain = sampler;
  plain.u32(0).u32(0);
  CHECK_EQ(length_of(Bytes().chunk("smpl", plain)), 2048);
  // Cue points come before the others but for clm and uhWT.
  Bytes cue;
  cue.u32(3);
  for (std::uint32_t i = 0; i < 3; ++i) cue.u32(i).u32(0).text("data").u32(0).u32(0).u32(128 * i);
  CHECK_EQ(length_of(Bytes().chunk("cue ", cue).chunk("srge", Bytes().u32(1).u32(256))), 128);
  CHECK_EQ(length_of(Bytes().chunk("cue ", cue).chunk("uhWT", Bytes().u32(0))), 2048);
}

TEST(other_wave_files_are_one_shot) {
  const Wavetable table = Wavetable::parse_wav(wave_file(8192, Bytes()));
  CHECK(table.one_shot());
  CHECK_EQ(table.frame_samples(), 1024);
  CHECK_EQ(table.num_frames(), 8 + 3);
  CHECK_EQ(table.frame16(0, 7)[1023], 8191 * 4);
  CHECK_EQ(table.frame16(0, 8)[0], 0);
  // Short samples have short frames.
  CHECK_EQ(Wavetable::parse_wav(wave_file(1000, Bytes())).frame_samples(), 128);
  CHECK_EQ(Wavetable::parse_wav(wave_file(8192, Bytes().chunk("srgo", Bytes().u32(1).u32(64))))
               .frame_samples(),
           64);
}

TEST(only_the_first_channel_counts) {
  const Wavetable table =
      Wavetable::parse_wav(wave_file(4096, Bytes().chunk("uhWT", Bytes().u32(0)), 2));
  CHECK_EQ(table.num_frames(), 2);
  CHECK_EQ(table.frame16(0, 1)[1], 2049 * 4);
}

TEST(refuses_other_files) {
  const auto refuses = [](const std::vector<std::byte>& file) {
    return throws<std::invalid_argument>([&] { Wavetable::parse_wav(file); });
  };
  CHECK(refuses({}));
  CHECK(refuses(Bytes().text("RIFFxxxxAIFF").get()));
  CHECK(refuses(Bytes().chunk("RIFF", Bytes().text("WAVE")).get()));
  CHECK(refuses(wave_file(8192, Bytes().chunk("srge", Bytes().u32(1).u32(100)))));
  CHECK(refuses(wave_file(4, Bytes())));
  const auto whole = wave_file(8192, Bytes().chunk("srge", Bytes().u32(1).u32(256)));
  // Cut off anywhere, a file is refused or shorter.
  for (std::size_t size = 0; size < 200; ++size) {
    const std::vector<std::byte> part(whole.begin(),
                                      whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(refuses(part));
  }
}

TEST(any_bytes_are_read_or_refused) {
  std::uint32_t state = 1;
  const auto random = [&] { return state = state * 1664525u + 1013904223u; };
  const auto wave = wave_file(600, Bytes().chunk("srge", Bytes().u32(1).u32(64)));
  Bytes table = wt_header(64, 4, 4);
  for (int i = 0; i < 256; ++i) table.u16(random() >> 16);
  int read = 0;
  for (int i = 0; i < 3000; ++i) {
    auto bytes = i % 2 == 0 ? wave : table.get();
    for (int change = 0; change < 3; ++change) {
      // Mostly in the headers.
      bytes[(random() >> 8) % std::min<std::size_t>(bytes.size(), 64)] =
          static_cast<std::byte>(random() >> 24);
    }
    try {
      const Wavetable got = i % 2 == 0 ? Wavetable::parse_wav(bytes) : Wavetable::parse_wt(bytes);
      CHECK(std::isfinite(got.frame(got.num_levels() - 1, got.num_frames() - 1)[0]));
      ++read;
    } catch (const std::invalid_argument&) {
    }
  }
  CHECK(read > 100);
}
