// Memory for audio that is handed to Python and comes back when its array is gone.
#pragma once

#include <pybind11/numpy.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace synthrl::python {

// Keeps the memory of the last array it got back for the next one: the system clears fresh memory
// page by page, which takes as long as rendering into it. Arrays may outlive this object.
class AudioMemory {
 public:
  // An uninitialised array.
  pybind11::array_t<float> make_array(std::size_t rows, std::size_t num_samples) {
    const std::size_t size = rows * num_samples;
    auto loan = std::make_unique<Loan>(Loan{shelf_, shelf_->take(size)});
    float* data = loan->block.data.get();
    const pybind11::capsule owner(loan.get(), [](void* held) {
      const std::unique_ptr<Loan> returned(static_cast<Loan*>(held));
      returned->shelf->put(std::move(returned->block));
    });
    loan.release();
    return pybind11::array_t<float>({rows, num_samples}, data, owner);
  }

 private:
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };

  struct Block {
    std::unique_ptr<float, Free> data;
    std::size_t size = 0;
  };

  class Shelf {
   public:
    Block take(std::size_t size) {
      {
        const std::lock_guard lock(mutex_);
        // Not so much more than is needed that the rest would be missed elsewhere.
        if (block_.size >= size && block_.size / 2 <= size) return std::exchange(block_, {});
      }
      return allocate(size);
    }

    void put(Block block) {
      const std::lock_guard lock(mutex_);
      std::swap(block_, block);
    }

   private:
    static Block allocate(std::size_t size) {
      // Large pages where the system has them: the rows of a batch are written side by side.
      constexpr std::size_t kPage = std::size_t{1} << 21;
      constexpr std::size_t kLine = 64;
      const std::size_t alignment = size * sizeof(float) >= 2 * kPage ? kPage : kLine;
      const std::size_t bytes = (size * sizeof(float) / alignment + 1) * alignment;
      auto* data = static_cast<float*>(std::aligned_alloc(alignment, bytes));
      if (data == nullptr) throw std::bad_alloc();
#if defined(__linux__)
      if (alignment == kPage) madvise(data, bytes, MADV_HUGEPAGE);
#endif
      return {std::unique_ptr<float, Free>(data), size};
    }

    std::mutex mutex_;
    Block block_;
  };

  struct Loan {
    std::shared_ptr<Shelf> shelf;
    Block block;
  };

  std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace synthrl::python
