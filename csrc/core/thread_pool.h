// Worker threads that share the items of a batch.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace synthrl {

// A fixed set of threads, joined on destruction. One batch runs at a time.
class ThreadPool {
 public:
  // Handles item `index` on worker `worker` (below `size()`); must not throw.
  using Body = std::function<void(std::size_t index, std::size_t worker)>;
  // Asked now and then by the thread that waits; false means: start no further item.
  using KeepGoing = std::function<bool()>;

  // `num_threads` 0 means one per hardware thread.
  explicit ThreadPool(std::size_t num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t size() const { return threads_.size(); }

  // Calls `body` for every index below `count`, each exactly once and in no particular order.
  // Returns false if `keep_going` ended it early.
  bool run(std::size_t count, const Body& body, const KeepGoing& keep_going);

 private:
  void work(std::size_t worker);

  std::mutex one_batch_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  const Body* body_ = nullptr;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t num_busy_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace synthrl
