// What recolouring takes and gives: choices, sizes, float pixels, certificates.
#pragma once

#include <pybind11/numpy.h>

#include <string>

#include "array_args.hpp"
#include "colorlab/error.hpp"
#include "colorlab/pipeline.hpp"

namespace colorlab::bindings {

[[nodiscard]] Upsample upsample_of(const std::string& name);
[[nodiscard]] Preserve preserve_of(const std::string& name);
[[nodiscard]] py::dict as_dict(const Certificate& certificate);

// A side of at least one pixel; throws Error(shape) naming it.
[[nodiscard]] std::size_t side_of(py::ssize_t value, const char* name);

// float32 pixels of one of these channel counts.
[[nodiscard]] ImageView<const float> float_view(py::array& array,
                                                std::initializer_list<py::ssize_t> channels,
                                                const char* name);

}  // namespace colorlab::bindings
