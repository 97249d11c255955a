// Several frames of a sound side by side, one in each lane of a vector. Lanes do not mix, so that
// their number, like the instruction set, does not change results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace synthrl::score {

// As many as the widest vectors that the loops are compiled for, see core/multiversion.h.
#if defined(__x86_64__)
inline constexpr std::size_t kLanes = 8;
#else
inline constexpr std::size_t kLanes = 4;
#endif
inline constexpr std::size_t kLaneBytes = kLanes * sizeof(float);

// Alignment is spelt out, as compilers do not agree with themselves about it when a loop is
// compiled for several instruction sets.
using Lanes = float __attribute__((vector_size(kLaneBytes), aligned(kLaneBytes)));
using LaneBits = std::int32_t __attribute__((vector_size(kLaneBytes), aligned(kLaneBytes)));

// What works on lanes must end up within the loop that calls it, compiled for the instruction set
// of that loop.
#define SYNTHRL_LANES [[gnu::always_inline]] inline

SYNTHRL_LANES Lanes broadcast(float value) { return Lanes{} + value; }
SYNTHRL_LANES Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }
SYNTHRL_LANES Lanes smaller(Lanes a, Lanes b) { return a < b ? a : b; }
SYNTHRL_LANES Lanes magnitude(Lanes x) {
  return reinterpret_cast<Lanes>(reinterpret_cast<LaneBits>(x) & 0x7fffffff);
}

SYNTHRL_LANES Lanes square_root(Lanes x) {
  Lanes root;
  for (std::size_t lane = 0; lane < kLanes; ++lane) root[lane] = __builtin_sqrtf(x[lane]);
  return root;
}

// Base 2, of positive normal numbers; 0 for 1, and elsewhere within 1e-7 of the logarithm of the
// mantissa.
SYNTHRL_LANES Lanes log2(Lanes x) {
  // x = mantissa · 2^exponent, the mantissa between √½ and √2.
  constexpr std::int32_t kRootHalf = 0x3f3504f3;
  const LaneBits above = reinterpret_cast<LaneBits>(x) - kRootHalf;
  const LaneBits exponent = above >> 23;
  const Lanes u = reinterpret_cast<Lanes>((above & 0x007fffff) + kRootHalf) - 1.0f;
  // log2(1 + u) / u, interpolated at Chebyshev nodes to 3e-8.
  Lanes ratio = broadcast(0.12310968339443207f);
  ratio = ratio * u - 0.2058618813753128f;
  ratio = ratio * u + 0.21607822179794312f;
  ratio = ratio * u - 0.2391698807477951f;
  ratio = ratio * u + 0.2879032492637634f;
  ratio = ratio * u - 0.3606932759284973f;
  ratio = ratio * u + 0.4809107482433319f;
  ratio = ratio * u - 0.721347451210022f;
  ratio = ratio * u + 1.4426950216293335f;
  return __builtin_convertvector(exponent, Lanes) + ratio * u;
}

// A product of many positive normal numbers, whose exponents are kept apart lest it overflow. The
// logarithm of it is the sum of theirs, for the price of one.
class Product {
 public:
  SYNTHRL_LANES void multiply(Lanes x) {
    const auto bits = reinterpret_cast<LaneBits>(x);
    exponent_ += bits >> 23;
    mantissa_ *= reinterpret_cast<Lanes>((bits & 0x007fffff) | 0x3f800000);
  }

  // log2(*this / other), both products of equally many numbers, at most 100.
  SYNTHRL_LANES Lanes log2_ratio(const Product& other) const {
    return __builtin_convertvector(exponent_ - other.exponent_, Lanes) +
           log2(mantissa_ / other.mantissa_);
  }

 private:
  Lanes mantissa_ = broadcast(1.0f);
  LaneBits exponent_{};
};

// An array of lanes, uninitialised. (The standard containers lose the alignment of their type.)
class LaneBuffer {
 public:
  LaneBuffer() = default;
  explicit LaneBuffer(std::size_t size)
      : values_(static_cast<float*>(::operator new(size * sizeof(Lanes), kAlignment))) {}

  Lanes* data() { return reinterpret_cast<Lanes*>(values_.get()); }
  const Lanes* data() const { return reinterpret_cast<const Lanes*>(values_.get()); }
  Lanes& operator[](std::size_t i) { return data()[i]; }
  const Lanes& operator[](std::size_t i) const { return data()[i]; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Deleter {
    void operator()(float* values) const { ::operator delete(values, kAlignment); }
  };

  std::unique_ptr<float, Deleter> values_;
};

}  // namespace synthrl::score
