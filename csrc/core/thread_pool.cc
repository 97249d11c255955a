#include "core/thread_pool.h"

#include <algorithm>
#include <chrono>

namespace synthrl {

namespace {
constexpr auto kPollInterval = std::chrono::milliseconds(50);
}  // namespace

ThreadPool::ThreadPool(std::size_t num_threads) {
  if (num_threads == 0) {
    num_threads = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  }
  threads_.reserve(num_threads);
  for (std::size_t worker = 0; worker < num_threads; ++worker) {
    threads_.emplace_back([this, worker] { work(worker); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::run(std::size_t count, const Body& body, const KeepGoing& keep_going) {
  const std::lock_guard batch(one_batch_);
  std::unique_lock lock(mutex_);
  body_ = &body;
  next_ = 0;
  count_ = count;
  wake_.notify_all();
  bool complete = true;
  const auto finished = [this] { return next_ == count_ && num_busy_ == 0; };
  while (!idle_.wait_for(lock, kPollInterval, finished)) {
    lock.unlock();
    const bool go_on = keep_going();
    lock.lock();
    if (!go_on && next_ < count_) {
      count_ = next_;
      complete = false;
    }
  }
  body_ = nullptr;
  count_ = next_ = 0;
  return complete;
}

void ThreadPool::work(std::size_t worker) {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || next_ < count_; });
    if (stopping_) return;
    const std::size_t index = next_++;
    const Body& body = *body_;
    ++num_busy_;
    lock.unlock();
    body(index, worker);
    lock.lock();
    --num_busy_;
    if (next_ == count_ && num_busy_ == 0) idle_.notify_all();
  }
}

}  // namespace synthrl
