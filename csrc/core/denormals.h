// Numbers too small for normal floating point, which some processors handle very slowly.
#pragma once

#include <cstdint>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace synthrl {

// While it lives, this thread treats denormal results as 0.
class ScopedFlushDenormals {
 public:
  ScopedFlushDenormals() : saved_(control()) { set_control(saved_ | kFlush); }
  ~ScopedFlushDenormals() { set_control(saved_); }
  ScopedFlushDenormals(const ScopedFlushDenormals&) = delete;
  ScopedFlushDenormals& operator=(const ScopedFlushDenormals&) = delete;

 private:
#if defined(__SSE__)
  static constexpr std::uint32_t kFlush = 0x8000;
  static std::uint32_t control() { return _mm_getcsr(); }
  static void set_control(std::uint32_t value) { _mm_setcsr(value); }
  std::uint32_t saved_;
#elif defined(__aarch64__)
  static constexpr std::uint64_t kFlush = 1u << 24;
  static std::uint64_t control() {
    std::uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void set_control(std::uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
  std::uint64_t saved_;
#else
  static constexpr int kFlush = 0;
  static int control() { return 0; }
  static void set_control(int) {}
  int saved_;
#endif
};

}  // namespace synthrl
