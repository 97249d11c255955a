// Runs a fuzz target without libFuzzer: mutates a pool of inputs at random, without guidance.
//
//   surge_patch_fuzz EXECUTIONS [SEED [FILE...]]
//
// The same arguments give the same inputs. Before an input runs it is in `fuzz-input`, in the
// current folder, if the environment has FUZZ_KEEP_INPUT: a crash leaves it there.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed);

namespace {

using Random = std::mt19937_64;
Random& byte_random() {
  static Random random(0);
  return random;
}

}  // namespace

// Changes, inserts and removes bytes.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t max_size) {
  Random& random = byte_random();
  for (std::size_t rounds = 1 + random() % 4; rounds > 0; --rounds) {
    const std::size_t at = size == 0 ? 0 : random() % size;
    switch (random() % 4) {
      case 0:
        if (size > 0) data[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
        break;
      case 1:
        if (size > 0) data[at] = static_cast<std::uint8_t>(random());
        break;
      case 2: {
        const std::size_t count = std::min<std::size_t>(size - at, 1 + random() % 16);
        std::copy(data + at + count, data + size, data + at);
        size -= count;
        break;
      }
      default: {
        const std::size_t count = std::min<std::size_t>(max_size - size, 1 + random() % 16);
        std::copy_backward(data + at, data + size, data + size + count);
        std::generate(data + at, data + at + count,
                      [&random] { return static_cast<std::uint8_t>(random()); });
        size += count;
      }
    }
  }
  return size;
}

int main(int argc, char** argv) {
  constexpr std::size_t kMaxBytes = 1 << 16;
  constexpr std::size_t kPoolSize = 64;
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s EXECUTIONS [SEED [FILE...]]\n", argv[0]);
    return EXIT_FAILURE;
  }
  const auto executions = std::strtoull(argv[1], nullptr, 10);
  const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const bool keep_input = std::getenv("FUZZ_KEEP_INPUT") != nullptr;
  Random random(seed);
  byte_random().seed(seed + 1);

  std::vector<std::vector<std::uint8_t>> seeds{{}};
  for (int i = 3; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file || seeds.back().size() > kMaxBytes) {
      std::fprintf(stderr, "%s: cannot be read, or longer than %zu bytes\n", argv[i], kMaxBytes);
      return EXIT_FAILURE;
    }
    LLVMFuzzerTestOneInput(seeds.back().data(), seeds.back().size());
  }
  std::vector<std::vector<std::uint8_t>> pool(kPoolSize);
  std::vector<std::uint8_t> buffer(kMaxBytes);
  for (unsigned long long i = 0; i < executions; ++i) {
    auto& parent = pool[random() % kPoolSize];
    // Chains of mutations wander off into noise: they begin again now and then.
    if (random() % 4 == 0) parent = seeds[random() % seeds.size()];
    std::copy(parent.begin(), parent.end(), buffer.begin());
    const std::size_t size = LLVMFuzzerCustomMutator(buffer.data(), parent.size(), kMaxBytes,
                                                     static_cast<unsigned int>(random()));
    // An exact copy, so that reading past its end is seen.
    std::vector<std::uint8_t> input(buffer.begin(), buffer.begin() + static_cast<long>(size));
    if (keep_input) {
      std::ofstream("fuzz-input", std::ios::binary)
          .write(reinterpret_cast<const char*>(input.data()), static_cast<long>(size));
    }
    LLVMFuzzerTestOneInput(input.data(), input.size());
    parent = std::move(input);
  }
  std::printf("%llu executions with seed %llu\n", executions,
              static_cast<unsigned long long>(seed));
  return EXIT_SUCCESS;
}
