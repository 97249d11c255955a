// A minimal test framework: TEST(name) { CHECK(...); CHECK_EQ(got, expected); } and a main().
#pragma once

#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace synthrl::test {

struct Case {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& num_failures() {
  static int count = 0;
  return count;
}

struct Registration {
  Registration(std::string name, std::function<void()> body) {
    cases().push_back({std::move(name), std::move(body)});
  }
};

inline void fail(const char* file, int line, const std::string& message) {
  ++num_failures();
  std::cerr << file << ':' << line << ": " << message << '\n';
}

template <typename Got, typename Expected>
void check_equal(const Got& got, const Expected& expected, const char* expression, const char* file,
                 int line) {
  if (got == expected) return;
  std::cerr << expression << " is " << got << ", not " << expected << '\n';
  fail(file, line, "CHECK_EQ failed");
}

// Whether `body` throws an `Exception`.
template <typename Exception, typename Body>
bool throws(Body body) {
  try {
    body();
  } catch (const Exception&) {
    return true;
  }
  return false;
}

}  // namespace synthrl::test

#define TEST(name)                                                                     \
  static void test_##name();                                                           \
  static const ::synthrl::test::Registration registration_##name(#name, &test_##name); \
  static void test_##name()

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) ::synthrl::test::fail(__FILE__, __LINE__, "failed: " #condition); \
  } while (false)

#define CHECK_EQ(got, expected) \
  ::synthrl::test::check_equal((got), (expected), #got, __FILE__, __LINE__)

int main() {
  for (const auto& test : synthrl::test::cases()) {
    const int before = synthrl::test::num_failures();
    test.body();
    const bool passed = synthrl::test::num_failures() == before;
    std::cout << (passed ? "ok    " : "FAILED ") << test.name << '\n';
  }
  return synthrl::test::num_failures() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
