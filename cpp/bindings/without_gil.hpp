// Native work while other Python threads run.
#pragma once

#include <pybind11/pybind11.h>

namespace colorlab::bindings {

// Calls work(), which may touch nothing of Python's, without the GIL.
template <class Work>
auto without_gil(const Work& work) {
  const pybind11::gil_scoped_release free;
  return work();
}

}  // namespace colorlab::bindings
