// Long work outside the GIL that Ctrl-C can end.
#pragma once

#include <pybind11/pybind11.h>

#include "core/thread_pool.h"

namespace synthrl::python {

// Calls `work(keep_going)` without the GIL, which is taken now and then to see whether Ctrl-C was
// pressed; throws Python's exception if it was.
template <typename Work>
void run_interruptibly(Work work) {
  bool interrupted = false;
  {
    const pybind11::gil_scoped_release unlocked;
    const ThreadPool::KeepGoing keep_going = [&] {
      const pybind11::gil_scoped_acquire locked;
      interrupted = PyErr_CheckSignals() != 0;
      return !interrupted;
    };
    work(keep_going);
  }
  if (interrupted) throw pybind11::error_already_set();
}

}  // namespace synthrl::python
