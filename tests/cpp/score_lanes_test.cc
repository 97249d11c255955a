#include <cmath>
#include <cstring>
#include <random>

#include "check.h"
#include "score/lanes.h"

using namespace synthrl::score;

namespace {

// A different positive number of any size in each lane.
Lanes any_size(std::mt19937& random) {
  std::uniform_real_distribution<float> exponent(-37.0f, 37.0f);
  Lanes x;
  for (std::size_t lane = 0; lane < kLanes; ++lane) x[lane] = std::pow(10.0f, exponent(random));
  return x;
}

}  // namespace

TEST(log2_is_accurate_over_the_whole_range) {
  std::mt19937 random(1);
  double worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Lanes x = any_size(random);
    const Lanes got = log2(x);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double expected = std::log2(static_cast<double>(x[lane]));
      const double rounding = std::abs(expected) * 6e-8;
      worst = std::max(worst, std::abs(static_cast<double>(got[lane]) - expected) - rounding);
    }
  }
  CHECK(worst < 1.5e-7);
}

TEST(log2_near_one_is_accurate_relative_to_itself) {
  for (float x = 0.71f; x < 1.41f; x += 1e-5f) {
    const double expected = std::log2(static_cast<double>(x));
    const double got = static_cast<double>(log2(broadcast(x))[0]);
    CHECK(std::abs(got - expected) <= 4e-7 * std::abs(expected));
  }
  CHECK_EQ(log2(broadcast(1.0f))[kLanes - 1], 0.0f);
}

TEST(log2_of_powers_of_two_is_exact) {
  for (int exponent = -126; exponent <= 127; ++exponent) {
    CHECK_EQ(log2(broadcast(std::ldexp(1.0f, exponent)))[0], static_cast<float>(exponent));
  }
}

TEST(a_ratio_of_products_is_the_sum_of_logarithms) {
  std::mt19937 random(2);
  for (int repeat = 0; repeat < 200; ++repeat) {
    Product above, below;
    double expected[kLanes]{};
    for (int i = 0; i < 100; ++i) {
      const Lanes a = any_size(random), b = any_size(random);
      above.multiply(a);
      below.multiply(b);
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        expected[lane] += std::log2(static_cast<double>(a[lane]) / static_cast<double>(b[lane]));
      }
    }
    const Lanes got = above.log2_ratio(below);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double error = std::abs(static_cast<double>(got[lane]) - expected[lane]);
      CHECK(error < 2e-5 + 1e-7 * std::abs(expected[lane]));
    }
  }
}

TEST(equal_products_differ_by_nothing) {
  std::mt19937 random(3);
  Product a, b;
  for (int i = 0; i < 100; ++i) {
    const Lanes x = any_size(random);
    a.multiply(x);
    b.multiply(x);
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) CHECK_EQ(a.log2_ratio(b)[lane], 0.0f);
}

TEST(lanes_are_compared_one_by_one) {
  Lanes a = broadcast(1.0f), b = broadcast(-2.0f);
  a[1] = -3.0f;
  CHECK_EQ(larger(a, b)[0], 1.0f);
  CHECK_EQ(larger(a, b)[1], -2.0f);
  CHECK_EQ(smaller(a, b)[0], -2.0f);
  CHECK_EQ(smaller(a, b)[1], -3.0f);
  CHECK_EQ(magnitude(b)[0], 2.0f);
  CHECK_EQ(square_root(broadcast(9.0f))[kLanes - 1], 3.0f);
}
