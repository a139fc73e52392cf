// Ctrl-C during native work: Python's signal handlers are asked while the work runs without the
// GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>

#include "colorlab/cancel.hpp"
#include "colorlab/error.hpp"

namespace colorlab::bindings {

// Calls work(CancelToken&) without the GIL. Whatever a signal handler raises meanwhile (Ctrl-C:
// KeyboardInterrupt) stops the work and is raised here. So does `stop`, if it is given: signals
// reach Python's main thread only.
template <class Work>
auto interruptible(const Work& work, const std::atomic<bool>* stop = nullptr) {
  namespace py = pybind11;
  const py::gil_scoped_release free;
  CancelToken token([stop] {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return true;
    const py::gil_scoped_acquire held;
    return PyErr_CheckSignals() != 0;
  });
  try {
    return work(token);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) {
      const py::gil_scoped_acquire held;
      if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    }
    throw;
  }
}

}  // namespace colorlab::bindings
