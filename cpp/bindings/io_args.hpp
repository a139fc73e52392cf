// What files and their pixels are as arguments and results: choices, limits, metadata, arrays.
#pragma once

#include <pybind11/numpy.h>

#include <algorithm>
#include <string>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"

namespace colorlab::bindings {

namespace py = pybind11;
using Bytes = std::span<const std::uint8_t>;

// A bytes-like object's memory, held while this lives; it may be used without the GIL.
class Buffer {
 public:
  explicit Buffer(const py::object& object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
  }
  ~Buffer() { PyBuffer_Release(&view_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  [[nodiscard]] Bytes bytes() const {
    return {static_cast<const std::uint8_t*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
};

[[nodiscard]] ReadMode read_mode(const std::string& name);
[[nodiscard]] OnTruncated on_truncated_of(const std::string& name);
[[nodiscard]] Colors colors_of(const std::string& name);
// `limits` with those replaced that the mapping names; None replaces none.
[[nodiscard]] Limits limits_of(const py::object& given, Limits limits = {});

// The image's own memory as an array that frees it: no copy.
[[nodiscard]] py::array to_array(Image image);
[[nodiscard]] py::bytes to_bytes(const std::vector<std::uint8_t>& bytes);

// Metadata as a dictionary of bytes, dots per inch and orientation; and back, where None is empty.
[[nodiscard]] py::dict to_dict(const Metadata& metadata);
[[nodiscard]] Metadata metadata_of(const py::object& given);

// HxW or HxWxC pixels of exactly this type, contiguous.
template <class T>
ImageView<const T> view_of(const py::array& image) {
  if (!py::dtype::of<T>().equal(image.dtype())) {
    throw Error(ErrorCode::dtype, "expected " + py::str(py::dtype::of<T>()).cast<std::string>() +
                                      " pixels, not " + py::str(image.dtype()).cast<std::string>());
  }
  if (image.ndim() != 2 && image.ndim() != 3) {
    throw Error(ErrorCode::shape, "expected pixels of shape (H, W) or (H, W, C), not of " +
                                      std::to_string(image.ndim()) + " dimensions");
  }
  if ((image.flags() & py::array::c_style) == 0) {
    throw Error(ErrorCode::shape, "expected C-contiguous pixels");
  }
  const auto side = [&image](int axis) { return static_cast<std::size_t>(image.shape(axis)); };
  return {static_cast<const T*>(image.data()), side(0), side(1), image.ndim() == 3 ? side(2) : 1};
}

// The pixels of such a view.
template <class T>
Image copy_of(ImageView<const T> view) {
  Image image(view.height, view.width, view.channels, sizeof(T) == 2 ? Depth::u16 : Depth::u8);
  std::copy_n(view.data, view.pixels() * view.channels, image.view<T>().data);
  return image;
}

}  // namespace colorlab::bindings
