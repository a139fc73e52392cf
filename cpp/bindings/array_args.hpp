// NumPy arrays as the core's views: the only place that touches py::array's shapes and strides.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/pixel_view.hpp"

namespace colorlab::bindings {

namespace py = pybind11;

enum class SampleType : std::uint8_t { u8, u16, f32 };

// The type of an array's samples; throws Error(dtype) for any other than uint8, uint16, float32 in
// this machine's byte order. `name` is the argument's.
[[nodiscard]] SampleType sample_type(const py::array& array, const char* name);

// "uint8", "uint16" or "float32", anything else throws Error(invalid_argument).
[[nodiscard]] SampleType sample_type_named(const std::string& name);
[[nodiscard]] py::dtype dtype_of(SampleType type);

// Calls function.template operator()<T>() with the type's T.
template <class Function>
decltype(auto) with_sample_type(SampleType type, const Function& function) {
  switch (type) {
    case SampleType::u8:
      return function.template operator()<std::uint8_t>();
    case SampleType::u16:
      return function.template operator()<std::uint16_t>();
    case SampleType::f32:
      break;
  }
  return function.template operator()<float>();
}

// The object as an array (no conversion of its samples); throws Error(dtype) for anything else.
[[nodiscard]] py::array array_argument(const py::object& object, const char* name);

[[nodiscard]] std::string shape_text(const std::vector<py::ssize_t>& shape);
[[nodiscard]] std::vector<py::ssize_t> shape_of(const py::array& array);

// Throws Error(dtype) unless the array holds float32.
void require_float32(const py::array& array, const char* name);

// Throws Error(shape) unless the array has at least one dimension and its last one is `channels`.
void require_channels(const py::array& array, py::ssize_t channels, const char* name);

// `out` if given, else a new array. A given one must have exactly this type and shape, be
// writeable, and share no memory with `input`: Error(dtype), Error(shape), Error(invalid_argument).
[[nodiscard]] py::array output_array(const py::object& out, const py::dtype& dtype,
                                     const std::vector<py::ssize_t>& shape, const py::array& input);

// Whether samples lie where T may be read or written: aligned, strides of whole samples.
[[nodiscard]] bool well_aligned(const py::array& array);

// The array itself where the core can read it in place, else an aligned copy.
[[nodiscard]] py::array readable(const py::array& array);

// An image of shape (H, W) or (H, W, C) with C one of `channels` (1 also means (H, W)), as an
// interleaved view: in place if its rows are, else from a contiguous copy that `holder` keeps.
template <class T>
[[nodiscard]] ImageView<const T> image_view(py::array& holder,
                                            std::initializer_list<py::ssize_t> channels,
                                            const char* name);

// Two arrays of pixels (..., channels) with equal leading dimensions, walked together as images.
// `channels` 0 means that the array has no dimension of channels.
class PixelPairs {
 public:
  PixelPairs(const py::array& input, py::ssize_t input_channels, const py::array& output,
             py::ssize_t output_channels);

  // Calls function(PixelView<const In>, PixelView<Out>) for each image. Needs no GIL.
  template <class In, class Out, class Function>
  void for_each(const Function& function) const {
    for (std::size_t i = 0; i < images_; ++i) {
      std::ptrdiff_t at_in = 0, at_out = 0;
      std::size_t rest = i;
      for (std::size_t d = dims_.size(); d-- > 2;) {
        const auto index = static_cast<std::ptrdiff_t>(rest % dims_[d].size);
        rest /= dims_[d].size;
        at_in += index * dims_[d].input;
        at_out += index * dims_[d].output;
      }
      function(PixelView<const In>(static_cast<const In*>(input_) + at_in, dims_[1].size,
                                   dims_[0].size, input_channels_, dims_[1].input, dims_[0].input,
                                   input_channel_stride_),
               PixelView<Out>(static_cast<Out*>(output_) + at_out, dims_[1].size, dims_[0].size,
                              output_channels_, dims_[1].output, dims_[0].output,
                              output_channel_stride_));
    }
  }

 private:
  struct Dim {
    std::size_t size = 1;
    std::ptrdiff_t input = 0, output = 0;  // strides in samples
  };
  const void* input_;
  void* output_;
  std::vector<Dim> dims_;  // innermost first: width, height, then the rest; at least two
  std::size_t images_ = 1;
  std::size_t input_channels_ = 1, output_channels_ = 1;
  std::ptrdiff_t input_channel_stride_ = 1, output_channel_stride_ = 1;
};

}  // namespace colorlab::bindings
