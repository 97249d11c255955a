#include "core/thread_pool.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "check.h"

using synthrl::ThreadPool;

namespace {
const ThreadPool::KeepGoing kAlways = [] { return true; };
}  // namespace

TEST(every_index_is_handled_once) {
  ThreadPool pool(4);
  for (const std::size_t count : {0u, 1u, 3u, 4u, 1000u}) {
    std::vector<std::atomic<int>> visits(count);
    CHECK(pool.run(count, [&](std::size_t index, std::size_t) { ++visits[index]; }, kAlways));
    for (const auto& visit : visits) CHECK_EQ(visit.load(), 1);
  }
}

TEST(a_worker_handles_one_item_at_a_time) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> busy(pool.size());
  std::atomic<bool> overlapped = false;
  pool.run(
      300,
      [&](std::size_t, std::size_t worker) {
        if (busy.at(worker)++ != 0) overlapped = true;
        std::this_thread::yield();
        --busy.at(worker);
      },
      kAlways);
  CHECK(!overlapped);
}

TEST(a_batch_can_be_ended_early) {
  ThreadPool pool(2);
  std::atomic<std::size_t> started = 0;
  std::atomic<bool> ended = false;
  // Items wait for the end to be asked for, so only those under way at that time are started.
  const bool complete = pool.run(
      1000,
      [&](std::size_t, std::size_t) {
        ++started;
        while (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      },
      [&] {
        ended = started > 0;
        return !ended;
      });
  CHECK(!complete);
  CHECK(started.load() >= 1);
  CHECK(started.load() < 1000);
}

TEST(a_pool_serves_again_after_an_early_end) {
  ThreadPool pool(2);
  std::atomic<bool> release = false;
  pool.run(
      50,
      [&](std::size_t, std::size_t) {
        while (!release) std::this_thread::yield();
      },
      [&] {
        release = true;
        return false;
      });
  std::atomic<int> handled = 0;
  CHECK(pool.run(20, [&](std::size_t, std::size_t) { ++handled; }, kAlways));
  CHECK_EQ(handled.load(), 20);
}

TEST(zero_threads_means_one_per_core) { CHECK(ThreadPool(0).size() >= 1); }
