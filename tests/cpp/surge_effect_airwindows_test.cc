// The plugins of the Airwindows effect against samples of Surge XT, and their host.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <string>

#include "surge/dsp/rng.h"
#include "surge/effects/airwindows/airwindows.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge_effect_test.h"

namespace synthrl::surge::airwindows {
namespace {

constexpr std::size_t kNumPlaces = 7;
constexpr std::array<std::size_t, kNumPlaces> kPlaces{0, 1, 10, 100, 1000, 5000, 20000};

// What a plugin makes of `vector_input` at those places. It has its parameters from the start.
struct Vector {
  int id;
  PluginValues values;
  std::array<double, kNumPlaces> left;
  std::array<double, kNumPlaces> right;
};
constexpr Vector kVectors[] = {
    {49,
     {0.5, 0.5, 0, 0.2, 0.8},
     {0.00000, 0.00182, 0.00336, -0.00686, -0.00240, 0.03391, -0.17642},
     {0.00480, 0.00480, 0.00457, -0.00480, 0.00439, -0.01300, 0.30157}},
    {4,
     {0.8, 0.6, 0.5, 0.6, 1},
     {0.00000, 0.35769, 0.64544, -1.20051, -0.44847, -0.89546, 0.80107},
     {0.89436, 0.89504, 0.85740, -0.89355, 0.79267, -0.40570, -0.36863}},
    {46,
     {0.6, 0.2, 1},
     {0.00000, 0.01241, 0.07413, -0.15329, 0.21747, -0.20227, 0.40780},
     {0.07146, 0.05739, 0.23616, -0.03378, 0.09767, 0.22289, 0.22794}},
    {42,
     {0.6, 0.4, 0.5, 0.5, 0.5, 1},
     {0.00000, 0.00000, 0.00000, -0.80772, -0.96744, -0.96729, -0.16965},
     {0.00000, 0.00000, 0.00000, -0.86391, 0.59689, -0.95881, -0.97066}},
    {24,
     {0, 0.3, 0, 0.7},
     {0.00000, 0.06835, 0.14596, -0.30233, -0.08815, -0.18364, 0.53338},
     {0.18009, 0.18047, 0.26809, -0.21845, 0.19450, -0.42839, -0.42500}},
    {24,
     {1, 0.3, 0, 0.7},
     {0.00000, 0.06831, 0.18222, -0.43868, -0.00796, -0.07619, -0.08128},
     {0.18000, 0.19039, 0.40355, -0.35431, 0.35964, -0.02857, -0.12129}},
    {24,
     {2, 0.3, 0.5, 0.7},
     {0.00000, 0.06859, 0.15228, -0.29762, -0.08300, -0.17741, 0.50317},
     {0.18070, 0.18411, 0.32113, -0.21789, 0.19301, -0.40869, -0.38795}},
    {24,
     {3, 0.3, 0, 0.7},
     {0.00000, 0.09672, 0.35803, -0.52851, -0.25425, -0.33879, 0.17152},
     {0.25264, 0.37688, 0.61048, -0.42948, 0.39337, -0.22250, -0.21801}},
    {24,
     {4, 0.3, 0, 0.7},
     {0.00000, 0.06831, 0.12589, -0.25718, -0.08993, -0.20644, 0.18688},
     {0.18000, 0.17991, 0.17142, -0.17984, 0.16465, -0.08764, -0.07950}},
    {24,
     {5, 0.3, 0, 0.7},
     {0.00000, 0.06831, 0.12589, -0.25718, -0.08970, -0.20596, 0.18583},
     {0.18000, 0.17991, 0.17142, -0.17985, 0.16476, -0.09223, -0.07623}},
    {5,
     {0.6},
     {0.00000, 0.45628, 0.78011, -0.92585, -0.58861, -0.99565, 0.97297},
     {0.96498, 0.96481, 0.94592, -0.96467, 0.92793, -0.57539, -0.53302}},
    {30,
     {0.7, 0.3, 0.8, 0.9},
     {0.00000, 0.65243, 0.85410, -0.91460, -0.39715, -0.90139, 0.89136},
     {0.89281, 0.89280, 0.88976, -0.89251, 0.88890, -0.19991, -0.11725}},
    {21,
     {0.2, 0.5, 0.3, 0.5},
     {0.00000, 0.11385, 0.20982, -0.42863, -0.08192, -0.61337, 0.52541},
     {0.30000, 0.29986, 0.28570, -0.29974, 0.39419, -0.24463, -0.16181}},
    {35,
     {0.5, 0.8},
     {0.00000, 0.58426, 0.77664, -0.79909, -0.38816, -0.79885, 0.79871},
     {0.75565, 0.75589, 0.80052, -0.79922, 0.80082, -0.34835, -0.32233}},
    {15,
     {0.6, 0.5, 0.6, 0.9},
     {0.00000, 0.02277, 0.04196, -0.55931, -0.44605, -0.78265, 0.56453},
     {0.06000, 0.05997, 0.05714, -0.52188, 0.44952, -0.35847, -0.33089}},
    {41,
     {0.5, 0.56, 0.56, 0, 0, 0.5, 1},
     {0.00000, 0.34462, 0.71297, -1.00000, -0.06651, -0.99680, 1.00000},
     {0.77317, 0.77293, 0.97010, -0.92319, 0.98320, 0.05057, 0.11456}},
    {43,
     {0.7, 0.4, 0.6, 0.3, 0.9, 0.9},
     {0.00000, 0.23007, 0.40281, -0.78974, -0.25681, -0.64548, 0.58011},
     {0.60626, 0.50941, 0.51968, -0.54558, 0.49990, -0.26501, -0.24362}},
    {8,
     {0.7, 0.8, 0.6},
     {0.00000, 2.16958, 3.07380, -1.56905, -0.14873, -0.32834, 0.30431},
     {5.26466, 4.66173, 3.80683, -1.14575, 0.26894, -0.15271, -0.14047}},
    {45,
     {0.5, 0.8, 0.9},
     {0.00000, 0.60359, 0.75281, -0.75200, -0.19889, -0.49707, 0.37998},
     {0.81691, 0.79924, 0.62590, -0.66083, 0.43626, -0.39984, -0.24490}},
    {54,
     {0.35, 0.35, 0.35, 0.35, 0.35},
     {0.00000, 0.22770, 0.41963, -0.85727, -0.29976, -0.41475, 0.58631},
     {0.60000, 0.59971, 0.57140, -0.59948, 0.54885, -0.24414, -0.22964}},
    {13,
     {0.5, 0.3, 0.5, 0.8},
     {0.00000, 0.04554, 0.17884, -0.72640, -0.24716, -0.71561, 0.52264},
     {0.12000, 0.11994, 0.62955, -0.64341, 0.56410, -0.37591, -0.34985}},
    {7,
     {0.5, 0.7, 0.4},
     {0.00000, 0.37475, 0.67967, -1.15372, -0.30294, -0.70230, 0.60011},
     {0.98749, 0.98701, 0.91544, -0.80368, 0.53835, -0.30262, -0.27742}},
    {9,
     {0.6, 0.3, 0.8, 0.9},
     {-0.00000, 0.45107, 0.71484, -0.82812, -0.19271, -0.42541, 0.38535},
     {0.94720, 0.94333, 0.88404, -0.63061, 0.34764, -0.18552, -0.17219}},
    {29,
     {0.5, 0.1, 0.9, 0.9},
     {0.00000, 0.53042, 0.76249, -0.89545, -0.63805, -0.87168, 0.85561},
     {0.85080, 0.85072, 0.84104, -0.85078, 0.83472, -0.62016, -0.58503}},
    {23,
     {0.25, 0.75, 1, 0.8},
     {0.00000, 0.04554, 0.08393, -0.32343, -0.61181, -0.43864, 0.19964},
     {0.12000, 0.11994, 0.11428, -0.33847, 0.19099, -0.13170, 0.09254}},
    {68,
     {0.5, 0.6, 0.8, 0.6},
     {-0.00457, -0.01555, 0.32196, -0.30958, 0.58992, -0.46777, 0.66562},
     {0.00464, 0.05346, 0.32828, -0.19862, 0.15730, 0.38045, 0.48077}},
    {2,
     {0.7, 0.6, 0.8},
     {0.00000, 0.32776, 0.60404, -1.23400, -0.43125, -0.97998, 0.80573},
     {0.86368, 0.86326, 0.82251, -0.86293, 0.78966, -0.41676, -0.35563}},
    {18,
     {0.6, 0.4},
     {0.00000, 0.09477, 0.25458, -0.71165, -0.34804, -0.55402, 0.46643},
     {0.24973, 0.57257, 0.57150, -0.60105, 0.55023, -0.29319, -0.26965}},
    {0,
     {0.5, 0.5, 0.5, 0},
     {0.00000, 0.64174, 0.86663, -0.89095, -0.89995, -0.82686, 0.89995},
     {0.79284, 0.93618, 0.89011, -0.89101, 0.75783, 0.05663, 0.13625}},
    {25,
     {0.7, 0.6, 0.5},
     {0.00000, 0.11385, 0.20982, -0.42863, -0.14840, -0.32865, 0.18857},
     {0.30000, 0.29986, 0.28570, -0.29974, 0.27806, -0.05999, -0.04638}},
    {44,
     {0, 0.5, 0.6, 0.8},
     {0.00000, 0.26345, 0.53123, -1.01303, -0.43526, -0.82148, 0.77493},
     {0.64273, 0.89036, 0.78085, -0.77927, 0.73439, -0.38503, -0.35291}},
};

Stereo vector_input(std::size_t sample) {
  const auto n = static_cast<double>(sample);
  return each(
      [](double v) { return static_cast<double>(static_cast<float>(v)); },
      Stereo{0.7 * std::sin(0.05 * n) + 0.2 * std::sin(1.3 * n), 0.6 * std::cos(0.031 * n)});
}

double vector_error(Plugin& plugin, const Vector& vector) {
  plugin.start(1);
  plugin.set(vector.values);
  double worst = 0.0;
  std::size_t place = 0;
  for (std::size_t begin = 0; place < kNumPlaces; begin += kFrames) {
    std::array<Stereo, kFrames> frames;
    for (std::size_t i = 0; i < kFrames; ++i) frames[i] = vector_input(begin + i);
    plugin.process(frames);
    for (; place < kNumPlaces && kPlaces[place] < begin + kFrames; ++place) {
      const Stereo got = frames[kPlaces[place] - begin];
      worst = std::max(
          {worst, std::fabs(got[0] - vector.left[place]), std::fabs(got[1] - vector.right[place])});
    }
  }
  return worst;
}

TEST(plugins_match_surge_xt) {
  // Half of the last digit of the samples, and some for single precision.
  constexpr double kTolerance = 6e-6;
  std::set<int> tested;
  for (const Vector& vector : kVectors) {
    const PluginType* type = find_plugin_type(vector.id);
    if (type == nullptr) {
      test::fail(__FILE__, __LINE__, "no plugin " + std::to_string(vector.id));
      continue;
    }
    tested.insert(vector.id);
    const auto plugin = type->make(kReferenceRate);
    const double error = vector_error(*plugin, vector);
    std::cout << "  " << type->name << ": " << error << '\n';
    if (!(error < kTolerance)) test::fail(__FILE__, __LINE__, std::string(type->name) + " differs");
    // Once more with the same instance.
    CHECK_EQ(vector_error(*plugin, vector), error);
  }
  // The others depend on chance.
  CHECK_EQ(plugin_types().size(), tested.size() + 2);
}

constexpr double kFullScale = 32768.0;  // no plugin is expected to be louder than that

EffectModel model_of(const PluginType& type, std::initializer_list<float> values) {
  EffectModel model = test::effect_test_model(kAirwindowsType.id, {static_cast<float>(type.id)});
  std::ranges::copy(values, model.values.begin() + 1);
  return model;
}

EffectModel random_model(const PluginType& type, Rng& rng) {
  EffectModel model = model_of(type, {});
  for (std::size_t i = 0; i < kMaxParams; ++i) {
    // The ends are where things break.
    const float value = 1.5f * rng.unipolar() - 0.25f;
    model.values[i + 1] = std::clamp(value, 0.0f, 1.0f);
    if (i == type.choice) {
      model.values[i + 1] = static_cast<float>(rng.bits() % static_cast<unsigned>(type.num_items));
    }
  }
  return model;
}

double loudest(const test::StereoSignal& signal, std::size_t begin) {
  double peak = 0.0;
  for (std::size_t i = begin; i < signal.size(); ++i) {
    const double both = std::fabs(static_cast<double>(signal.left[i])) +
                        std::fabs(static_cast<double>(signal.right[i]));
    if (!(both <= peak)) peak = both;  // also what is no number
  }
  return peak;
}

// Bursts, from silent to far too loud.
test::StereoSignal rough_signal(std::size_t length, Rng& rng) {
  test::StereoSignal signal(length);
  float level = 1.0f;
  for (std::size_t i = 0; i < length; ++i) {
    if (i % 512 == 0) level = std::exp2(static_cast<float>(rng.bits() % 16) - 12.0f);
    if (i % 2048 >= 1536) level = 0.0f;
    signal.left[i] = level * rng.bipolar();
    signal.right[i] = level * (i % 100 < 50 ? 1.0f : -1.0f);
  }
  return signal;
}

TEST(any_parameters_give_bounded_sound_at_any_rate) {
  Rng rng(1);
  for (const PluginType* type : plugin_types()) {
    for (const double rate : {8000.0, 44100.0, 48000.0, 96000.0, 192000.0}) {
      AirwindowsEffect effect(*type, rate);
      for (int trial = 0; trial < 3; ++trial) {
        const EffectModel model = random_model(*type, rng);
        const auto move = [&](std::size_t block, EffectValues& values) {
          if (trial == 2 && block % 40 == 0) values = random_model(*type, rng).values;
        };
        const auto out = test::play_through(effect, model, rough_signal(6400, rng), {}, 1, move);
        const double peak = loudest(out, 0);
        if (!(peak < kFullScale)) {
          test::fail(__FILE__, __LINE__,
                     std::string(type->name) + " at " + std::to_string(rate) + ": " +
                         std::to_string(peak));
        }
      }
    }
  }
}

TEST(sound_does_not_depend_on_earlier_use) {
  Rng rng(2);
  for (const PluginType* type : plugin_types()) {
    const EffectModel model = random_model(*type, rng);
    const test::StereoSignal signal = rough_signal(6400, rng);
    AirwindowsEffect used(*type, kReferenceRate);
    for (int i = 0; i < 2; ++i) {
      test::play_through(used, random_model(*type, rng), rough_signal(6400, rng), {}, 7);
    }
    AirwindowsEffect fresh(*type, kReferenceRate);
    const auto expected = test::play_through(fresh, model, signal, {}, 3);
    const auto got = test::play_through(used, model, signal, {}, 3);
    if (got.left != expected.left || got.right != expected.right) {
      test::fail(__FILE__, __LINE__, std::string(type->name) + " remembers an earlier use");
    }
  }
}

TEST(silence_stays_silent) {
  for (const PluginType* type : plugin_types()) {
    EffectModel model = model_of(*type, {});
    for (std::size_t i = 0; i < kMaxParams; ++i) model.values[i + 1] = i == type->choice ? 0 : 0.5f;
    AirwindowsEffect effect(*type, kReferenceRate);
    const auto out = test::play_through(effect, model, test::StereoSignal(3200));
    if (loudest(out, 0) > 0.0) test::fail(__FILE__, __LINE__, type->name);
  }
}

TEST(sound_dies_away) {
  for (const PluginType* type : plugin_types()) {
    EffectModel model = model_of(*type, {});
    for (std::size_t i = 0; i < kMaxParams; ++i) model.values[i + 1] = i == type->choice ? 0 : 0.5f;
    AirwindowsEffect effect(*type, kReferenceRate);
    test::StereoSignal signal(32 * 6000);
    Rng rng(3);
    const test::StereoSignal burst = rough_signal(4096, rng);
    std::ranges::copy(burst.left, signal.left.begin());
    std::ranges::copy(burst.right, signal.right.begin());
    const auto out = test::play_through(effect, model, signal);
    const double peak = loudest(out, 0);
    const double tail = loudest(out, out.size() - 4096);
    // Reverbs take their time.
    if (!(peak > 0.0 && tail < 0.05 * peak)) {
      test::fail(__FILE__, __LINE__, std::string(type->name) + ": " + std::to_string(tail / peak));
    }
  }
}

// Parameters reach the plugin through lags that set out from 0, one step per four samples.
TEST(parameters_glide_up_from_zero) {
  const float value = 0.75f;
  AirwindowsEffect effect(kMojo, kReferenceRate);
  test::StereoSignal signal(3200);
  std::ranges::fill(signal.left, 0.25f);
  const auto out = test::play_through(effect, model_of(kMojo, {value}), signal);
  const auto mojo_of = [](double v) {
    const double root = std::pow(v, 0.25);
    return 0.987654321 * std::sin(v * root * std::numbers::pi / 2.0) / root;
  };
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const auto steps = static_cast<double>(i / kFrames);
    const double glided = static_cast<double>(value) * (1.0 - std::pow(1.0 - 0.016, steps));
    const double gain = std::pow(10.0, (24.0 * glided - 12.0) / 20.0);
    CHECK(std::fabs(static_cast<double>(out.left[i]) - mojo_of(0.25 * gain)) < 1e-5);
  }
}

TEST(choices_are_read_as_integers) {
  EffectModel model = model_of(kPocketVerbs, {});
  model.stored[1].present = true;
  model.stored[1].stored_as_integer = true;
  model.stored[1].bits = 3;
  kAirwindowsType.migrate(model, kCurrentRevision);
  CHECK_EQ(model.values[1], 3.0f);
  model.stored[1].bits = 0x3f800000;  // the bits of a float
  kAirwindowsType.migrate(model, kCurrentRevision);
  CHECK_EQ(model.values[1], 5.0f);
  model.stored[1].bits = 0xffffffff;
  kAirwindowsType.migrate(model, kCurrentRevision);
  CHECK_EQ(model.values[1], 0.0f);
}

TEST(plugins_that_are_not_rendered_are_known) {
  CHECK(kAirwindowsType.has_variant(kGalactic.id));
  CHECK(!kAirwindowsType.has_variant(52));
  CHECK(!kAirwindowsType.has_variant(-1));
  std::set<int> ids;
  for (const PluginType* type : plugin_types()) ids.insert(type->id);
  CHECK_EQ(ids.size(), plugin_types().size());
}

}  // namespace
}  // namespace synthrl::surge::airwindows
