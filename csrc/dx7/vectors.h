// Vectors of 32-bit numbers, as wide as the instruction set that this is compiled for has them.
//
// Included by the kernels of one instruction set only. Everything is in an unnamed namespace, as
// the linker would else keep one copy for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace synthrl::dx7 {
namespace {

#if defined(__AVX512BW__)
constexpr std::size_t kWidth = 16;
#elif defined(__AVX2__)
constexpr std::size_t kWidth = 8;
#else
constexpr std::size_t kWidth = 4;
#endif

// Arithmetic on these is the compiler's: element by element, comparisons give 0 or −1.
using Int = std::int32_t __attribute__((vector_size(kWidth * 4)));
using Uint = std::uint32_t __attribute__((vector_size(kWidth * 4)));
using Float = float __attribute__((vector_size(kWidth * 4)));

#define SYNTHRL_INLINE inline __attribute__((always_inline))

template <typename Vector, typename Number>
SYNTHRL_INLINE Vector load(const Number* from) {
  Vector v;
  static_assert(sizeof(*from) == sizeof(v[0]));
  std::memcpy(&v, from, sizeof(v));
  return v;
}

template <typename Vector, typename Number>
SYNTHRL_INLINE void store(Number* to, Vector v) {
  static_assert(sizeof(*to) == sizeof(v[0]));
  std::memcpy(to, &v, sizeof(v));
}

SYNTHRL_INLINE Int splat(std::int32_t value) { return Int{} + value; }
SYNTHRL_INLINE Uint splat(std::uint32_t value) { return Uint{} + value; }

// 0, 1, 2, …
SYNTHRL_INLINE Int iota() {
  Int v;
  for (std::size_t k = 0; k < kWidth; ++k) v[k] = static_cast<std::int32_t>(k);
  return v;
}

SYNTHRL_INLINE Int select(Int mask, Int yes, Int no) { return (mask & yes) | (~mask & no); }
SYNTHRL_INLINE Int max(Int a, Int b) { return select(a > b, a, b); }
SYNTHRL_INLINE Int min(Int a, Int b) { return select(a < b, a, b); }

SYNTHRL_INLINE bool any(Int mask) {
#if defined(__AVX512BW__)
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_testz_si256((__m256i)mask, (__m256i)mask) == 0;
#else
  std::int32_t bits = 0;
  for (std::size_t k = 0; k < kWidth; ++k) bits |= mask[k];
  return bits != 0;
#endif
}

// Table entries, kScale bytes apart. The instruction keeps elements that are masked out. Without a
// zero to keep it waits for what its register held before; compilers leave that out if they see
// that the mask is full.
#if defined(__AVX512BW__)
template <int kScale>
SYNTHRL_INLINE Int gather_scaled(const void* table, Int index) {
  __mmask16 all = 0xffff;
  asm("" : "+Yk"(all));
  return (Int)_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), all, (__m512i)index, table,
                                          kScale);
}
#elif defined(__AVX2__)
template <int kScale>
SYNTHRL_INLINE Int gather_scaled(const void* table, Int index) {
  __m256i all = _mm256_set1_epi32(-1);
  asm("" : "+x"(all));
  return (Int)_mm256_mask_i32gather_epi32(_mm256_setzero_si256(), static_cast<const int*>(table),
                                          (__m256i)index, all, kScale);
}
#endif

SYNTHRL_INLINE Int gather(const std::int32_t* table, Int index) {
#if defined(__AVX2__)
  return gather_scaled<4>(table, index);
#else
  Int v;
  for (std::size_t k = 0; k < kWidth; ++k) v[k] = table[index[k]];
  return v;
#endif
}

// Of 16-bit entries, in the lower halves; the upper ones hold anything. Reads one entry further.
SYNTHRL_INLINE Int gather16(const std::uint16_t* table, Int index) {
#if defined(__AVX2__)
  return gather_scaled<2>(table, index);
#else
  Int v;
  for (std::size_t k = 0; k < kWidth; ++k) v[k] = table[index[k]];
  return v;
#endif
}

// The lower 32 bits of (a · b) / 2^24, rounded down.
SYNTHRL_INLINE Int multiply_q24(Int a, Int b) {
#if defined(__AVX512BW__)
  const __m512i even = _mm512_mul_epi32((__m512i)a, (__m512i)b);
  const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64((__m512i)a, 32),  //
                                       _mm512_srli_epi64((__m512i)b, 32));
  return (Int)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 24),
                                      _mm512_slli_epi64(odd, 8));
#elif defined(__AVX2__)
  const __m256i even = _mm256_mul_epi32((__m256i)a, (__m256i)b);
  const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64((__m256i)a, 32),  //
                                       _mm256_srli_epi64((__m256i)b, 32));
  return (Int)_mm256_blend_epi32(_mm256_srli_epi64(even, 24), _mm256_slli_epi64(odd, 8), 0xaa);
#else
  Int v;
  for (std::size_t k = 0; k < kWidth; ++k) {
    v[k] = static_cast<std::int32_t>((std::int64_t{a[k]} * b[k]) >> 24);
  }
  return v;
#endif
}

// Reads the columns of a matrix of kWidth rows, or writes its columns as rows.
template <typename Number>
SYNTHRL_INLINE void transpose(Number (&rows)[kWidth][kWidth]) {
#if defined(__AVX512BW__)
  __m512i r[16];
  __m512i t[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm512_load_si512(&rows[i]);
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512i low = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    const __m512i high = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    const __m512i low2 = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    const __m512i high2 = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    _mm512_store_si512(&rows[i], _mm512_shuffle_i32x4(low, low2, 0x88));
    _mm512_store_si512(&rows[i + 4], _mm512_shuffle_i32x4(high, high2, 0x88));
    _mm512_store_si512(&rows[i + 8], _mm512_shuffle_i32x4(low, low2, 0xdd));
    _mm512_store_si512(&rows[i + 12], _mm512_shuffle_i32x4(high, high2, 0xdd));
  }
#elif defined(__AVX2__)
  __m256i r[8];
  __m256i t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(&rows[i]));
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    auto* low = reinterpret_cast<__m256i*>(&rows[i]);
    auto* high = reinterpret_cast<__m256i*>(&rows[i + 4]);
    _mm256_store_si256(low, _mm256_permute2x128_si256(r[i], r[i + 4], 0x20));
    _mm256_store_si256(high, _mm256_permute2x128_si256(r[i], r[i + 4], 0x31));
  }
#else
  for (std::size_t i = 0; i < kWidth; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const Number upper = rows[i][k];
      rows[i][k] = rows[k][i];
      rows[k][i] = upper;
    }
  }
#endif
}

}  // namespace
}  // namespace synthrl::dx7
