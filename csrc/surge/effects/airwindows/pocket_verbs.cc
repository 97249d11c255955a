// PocketVerbs: reverbs of 52 all-passes.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/trig.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kType, kSize, kGate, kMix };
enum Type : int { kChamberType, kSpring, kTiled, kRoom, kStretch, kZarathustra, kNumTypes };

// Stages have the letters of the alphabet, first without, then with an accent.
constexpr std::size_t kNumLetters = 26;
constexpr std::size_t kNumStages = 2 * kNumLetters;
constexpr std::size_t kLast = kNumStages - 1;
constexpr std::size_t kNone = kNumStages;  // a stage that is silent

constexpr std::size_t plain(char letter) { return static_cast<std::size_t>(letter - 'A'); }
constexpr std::size_t accented(char letter) { return kNumLetters + plain(letter); }

constexpr std::array<int, kNumLetters> kLongest{
    7573, 7307, 7177, 6907, 6779, 6521, 5981, 5563, 5297, 4903, 4759, 4489, 4391,
    4229, 4153, 3989, 3659, 3407, 3251, 2999, 2917, 2749, 2503, 2423, 2146, 2088};
constexpr int kFirstDelay = 4;

// After each stage comes a sum of the last outputs of its all-pass, where the present one may be
// replaced by that of another stage.
struct Network {
  std::array<std::size_t, kNumStages> source{};
  std::array<double, kNumStages> scale{};
  bool three = true;  // terms, else two
};

Network make_network(int type) {
  Network network;
  network.three = type != kTiled && type != kStretch;
  for (std::size_t s = 0; s < kNumStages; ++s) network.source[s] = s;
  network.scale.fill(network.three ? 1.0 / 3.0 : 0.5);
  if (type != kStretch) network.scale[kLast] = 1.0;
  if (type == kChamberType || type == kTiled) {
    for (const char letter : {'C', 'E', 'G', 'K', 'M', 'Q', 'S', 'W'}) {
      network.source[plain(letter)] = plain('A');
    }
    for (const char letter : {'C', 'E', 'K', 'O', 'Q', 'U'}) {
      network.source[accented(letter)] = plain('A');
    }
  } else if (type == kSpring) {
    for (char letter = 'A'; letter <= 'W'; ++letter) {
      network.source[accented(letter)] = plain(static_cast<char>('Y' - (letter - 'A')));
    }
    network.source[accented('X')] = plain('A');
    network.source[accented('Y')] = plain('B');
    network.source[accented('Z')] = kNone;
  } else if (type == kZarathustra) {
    network.source[accented('A')] = plain('C');
  }
  return network;
}

// Of a size, without small factors.
int delay_of(int longest, double size) {
  int delay = static_cast<int>(longest * size);
  for (int factor = 2; factor <= 70; ++factor) {
    if (delay % factor == 0 && delay != factor) {
      ++delay;
      factor = 2;  // which is not tried again
    }
  }
  return std::clamp(delay, kFirstDelay, longest);
}

class PocketVerbs final : public Plugin {
 public:
  explicit PocketVerbs(double /*sample_rate*/) {
    for (int type = 0; type < kNumTypes; ++type) {
      networks_[static_cast<std::size_t>(type)] = make_network(type);
    }
    for (std::size_t i = 0; i < kNumLetters; ++i) {
      letters_[i].cells.resize(2 * static_cast<std::size_t>(kLongest[i] + 1));
    }
  }

  void start(std::uint64_t /*seed*/) noexcept override {
    state_ = State{};
    for (Letter& letter : letters_) letter.clear();
  }

  void set(const PluginValues& values) noexcept override {
    type_ = std::clamp(static_cast<int>(values[kType]), 0, kNumTypes - 1);
    size_ = 1.9 * values[kSize] * values[kSize] + 0.1;
    gate_fall_ = 0.00008 * std::pow(values[kGate], 3.0);
    mix_ = values[kMix];
    gain_ = 0.5 + 0.5 * mix_;
  }

  void process(Frames frames) noexcept override {
    resize();
    State& s = state_;
    if (gate_fall_ <= 0.0) s.gate = Stereo{1.0, 1.0};
    const Network& network = networks_[static_cast<std::size_t>(type_)];
    for (Stereo& frame : frames) {
      s.gate = minimum(maximum(s.gate - gate_fall_, 2.0 * magnitude(frame)), both(1.0));
      const Stereo in = sine(gain_ * frame);
      Stereo wet = type_ == kRoom  ? room(in, frame)
                   : network.three ? series<true>(in)
                                   : series<false>(in);
      wet = with_sign(magnitude(wet) - one_less_cosine(wet), wet);
      const Stereo wetness = mix_ * s.gate;
      frame = wetness * (wet / gain_) + (1.0 - wetness) * frame;
      for (Letter& letter : letters_) letter.advance();
    }
  }

 private:
  // Two all-passes of one length.
  struct Letter {
    void clear() {
      std::ranges::fill(cells, StoredStereo{});
      delay = kFirstDelay;
      index = 1;
      oldest = 0;
    }
    void resize(int longest, double size) {
      delay = delay_of(longest, size);
      std::fill(cells.begin() + static_cast<std::ptrdiff_t>(2 * index), cells.end(),
                StoredStereo{});
      oldest = after(index);
    }
    void advance() {
      index = oldest;
      oldest = after(index);
    }
    // Downwards, from the delay to 0.
    std::size_t after(std::size_t place) const {
      const auto top = static_cast<std::size_t>(delay);
      return place == 0 || place > top + 1 ? top : place - 1;
    }
    Stereo process(Stereo in, std::size_t bank) {
      const Stereo before = restored(cells[2 * oldest + bank]);
      const Stereo now = in - kGolden * before;
      cells[2 * index + bank] = stored(now);
      return kGolden * now + before;
    }

    int delay = kFirstDelay;
    std::size_t index = 1;            // to write
    std::size_t oldest = 2;           // `delay` samples ago
    std::vector<StoredStereo> cells;  // of both stages
  };

  struct State {
    double last_size = 0.0;
    std::size_t to_resize = 0;  // letters
    Stereo gate{1.0, 1.0};
    // Outputs of the all-passes: the last ones and those before.
    std::array<Stereo, kNumStages + 1> last{};
    std::array<Stereo, kNumStages> before{};
    Stereo z_before{};  // three samples ago, once A is due
  };

  // One letter per call, from the end of the alphabet, once the size holds still.
  void resize() noexcept {
    State& s = state_;
    if (size_ != s.last_size) {
      s.last_size = size_;
      s.to_resize = kNumLetters;
    }
    if (s.to_resize == 0) return;
    --s.to_resize;
    letters_[s.to_resize].resize(kLongest[s.to_resize], size_);
  }

  Stereo all_pass(std::size_t stage, Stereo in) {
    const bool accent = stage >= kNumLetters;
    return letters_[accent ? stage - kNumLetters : stage].process(in, accent ? 1 : 0);
  }

  template <bool kThree>
  Stereo series(Stereo value) noexcept {
    State& s = state_;
    const Network& network = networks_[static_cast<std::size_t>(type_)];
    const Stereo z_before = s.before[plain('Z')];
    const bool from_z = type_ == kZarathustra;
    const auto run = [&](std::size_t stage, std::size_t letter, std::size_t bank) {
      Stereo older = s.last[stage];
      if constexpr (kThree) {
        older += from_z && stage == 0 ? s.z_before : s.before[stage];
        s.before[stage] = s.last[stage];
      }
      s.last[stage] = letters_[letter].process(value, bank);
      value = (s.last[network.source[stage]] + older) * network.scale[stage];
    };
    for (std::size_t i = 0; i < kNumLetters; ++i) run(i, i, 0);
    for (std::size_t i = 0; i < kNumLetters; ++i) run(kNumLetters + i, i, 1);
    s.z_before = z_before;
    return value;
  }

  // The all-passes without accent are side by side; each feeds one with an accent.
  Stereo room(Stereo in, Stereo dry) noexcept {
    State& s = state_;
    Stereo sum{};
    for (std::size_t letter = 0; letter < kNumLetters; ++letter) {
      const std::size_t stage = kNumLetters + letter;
      const std::size_t feeder = letter - 1;
      const Stereo fed = letter == 0 ? dry : 0.5 * (s.last[feeder] + s.before[feeder]);
      s.before[stage] = s.last[stage];
      s.last[stage] = all_pass(stage, fed);
      s.before[letter] = s.last[letter];
      s.last[letter] = all_pass(letter, letter == 0 ? in : dry);
      if (letter == 0) continue;
      const bool early = letter == plain('B') || letter == plain('C');
      const double weight = early ? 1.0 - mix_ : letter == plain('Z') ? mix_ : 1.0;
      sum += weight * (s.last[stage] + s.before[stage]);
    }
    return sum / (26.0 + 4.0 * mix_);
  }

  std::array<Network, kNumTypes> networks_;
  std::array<Letter, kNumLetters> letters_;
  State state_;

  int type_ = 0;
  double size_ = 0.1;
  double gate_fall_ = 0.0;
  double mix_ = 0.0;
  double gain_ = 0.5;
};

}  // namespace

const PluginType kPocketVerbs = {.id = 24,
                                 .name = "PocketVerbs",
                                 .make = make_plugin<PocketVerbs>,
                                 .choice = kType,
                                 .num_items = kNumTypes};

}  // namespace synthrl::surge::airwindows
