// Compiling a loop for several instruction sets, the best of which is chosen when it is loaded.
#pragma once

// The function before which this stands also exists for AVX2. Results are the same: the loops it
// is meant for are of integers, and no multiply-add is fused. Sanitizers cannot work before the
// choice is made.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SYNTHRL_MULTIVERSION __attribute__((target_clones("avx2", "default")))
#else
#define SYNTHRL_MULTIVERSION
#endif

// The iterations of the loop that follows do not depend on each other, whatever its pointers say.
#if defined(__clang__)
#define SYNTHRL_INDEPENDENT_ITERATIONS _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define SYNTHRL_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#else
#define SYNTHRL_INDEPENDENT_ITERATIONS
#endif
