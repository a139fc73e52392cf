// The only translator: the core's Error becomes the Python exception that colorlab.errors builds.
#include <exception>

#include "bindings.hpp"
#include "colorlab/error.hpp"

namespace colorlab::bindings {
namespace {

namespace py = pybind11;

void raise(const Error& error) {
  try {
    // Paths are bytes on this side: undecodable ones come out as Python's own file names do.
    const auto path = py::reinterpret_steal<py::object>(PyUnicode_DecodeFSDefaultAndSize(
        error.path().data(), static_cast<Py_ssize_t>(error.path().size())));
    if (!path) throw py::error_already_set();
    const auto from_core = py::module_::import("colorlab.errors").attr("from_core");
    const py::object raised = from_core(code_name(error.code()), error.what(), path, error.hint());
    PyErr_SetObject(py::type::of(raised).ptr(), raised.ptr());
  } catch (py::error_already_set& failure) {
    failure.restore();
  }
}

}  // namespace

void register_errors(py::module_&) {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11's signature
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Error& error) {
      raise(error);
    }
  });
}

}  // namespace colorlab::bindings
