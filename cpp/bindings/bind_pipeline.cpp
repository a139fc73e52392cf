// colorlab._core: preprocess, recolor, upsample_ab, resize_area.
#include <pybind11/numpy.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "colorlab/error.hpp"
#include "colorlab/pipeline.hpp"
#include "colorlab/resample.hpp"

namespace colorlab::bindings {
namespace {

namespace py = pybind11;

Upsample upsample_of(const std::string& name) {
  if (name == "guided") return Upsample::guided;
  if (name == "bilinear") return Upsample::bilinear;
  throw Error(ErrorCode::invalid_argument,
              "upsample must be \"guided\" or \"bilinear\", not \"" + name + "\"");
}

Preserve preserve_of(const std::string& name) {
  if (name == "lightness") return Preserve::lightness;
  if (name == "luma") return Preserve::luma;
  throw Error(ErrorCode::invalid_argument,
              "preserve must be \"lightness\" or \"luma\", not \"" + name + "\"");
}

std::size_t side_of(py::ssize_t value, const char* name) {
  if (value < 1 || value > py::ssize_t{1} << 30) {
    throw Error(ErrorCode::shape,
                std::string(name) + " must be at least 1, not " + std::to_string(value));
  }
  return static_cast<std::size_t>(value);
}

template <class T>
bool holds(const py::array& array) {
  return py::dtype::of<T>().equal(array.dtype());
}

// (H, W) or (H, W, C) pixels of this type; copied only if they are not C-contiguous.
template <class T>
class Pixels {
 public:
  Pixels(const py::array& array, const char* name) {
    if (!holds<T>(array)) {
      throw Error(ErrorCode::dtype, std::string(name) + " must be " +
                                        py::str(py::dtype::of<T>()).cast<std::string>() + ", not " +
                                        py::str(array.dtype()).cast<std::string>());
    }
    if (array.ndim() != 2 && array.ndim() != 3) {
      throw Error(ErrorCode::shape, std::string(name) +
                                        " must be of shape (H, W) or (H, W, C), not of " +
                                        std::to_string(array.ndim()) + " dimensions");
    }
    array_ = py::array_t<T, py::array::c_style>::ensure(array);
    if (!array_) throw py::error_already_set();
  }
  [[nodiscard]] ImageView<const T> view() const {
    const auto side = [this](int axis) { return static_cast<std::size_t>(array_.shape(axis)); };
    return {array_.data(), side(0), side(1), array_.ndim() == 3 ? side(2) : 1};
  }
  [[nodiscard]] bool flat() const { return array_.ndim() == 2; }

 private:
  py::array_t<T, py::array::c_style> array_;
};

template <class T>
ImageView<T> view_of(py::array_t<T>& array) {
  const auto side = [&array](int axis) { return static_cast<std::size_t>(array.shape(axis)); };
  return {array.mutable_data(), side(0), side(1), array.ndim() == 3 ? side(2) : 1};
}

// `out` as given, if it is exactly what is asked for, else a new array of this shape.
template <class T>
py::array_t<T> output(const py::object& out, std::vector<py::ssize_t> shape) {
  if (out.is_none()) return py::array_t<T>(std::move(shape));
  if (!py::isinstance<py::array>(out) || !holds<T>(py::reinterpret_borrow<py::array>(out))) {
    throw Error(ErrorCode::dtype,
                "out must be an array of " + py::str(py::dtype::of<T>()).cast<std::string>());
  }
  const auto array = py::reinterpret_borrow<py::array>(out);
  const bool same = std::cmp_equal(array.ndim(), shape.size()) &&
                    std::equal(shape.begin(), shape.end(), array.shape());
  if (!same || (array.flags() & py::array::c_style) == 0 || !array.writeable()) {
    throw Error(ErrorCode::shape, "out must be C-contiguous, writeable and of the result's shape");
  }
  return py::reinterpret_borrow<py::array_t<T>>(array);
}

template <class T>
py::array_t<float> preprocess_as(const py::array& image, std::size_t height, std::size_t width,
                                 int threads) {
  const Pixels<T> pixels(image, "image");
  py::array_t<float> tensor(std::vector<std::size_t>{1, 1, height, width});
  const ImageView<float> view(tensor.mutable_data(), height, width, 1);
  const py::gil_scoped_release free;
  preprocess<T>(pixels.view(), view, threads);
  return tensor;
}

template <class T>
py::tuple recolor_as(const py::array& image, const py::array& ab, Preserve preserve,
                     Upsample upsample, const py::object& out, int threads) {
  const Pixels<T> pixels(image, "image");
  const Pixels<float> chroma(ab, "ab");
  const auto view = pixels.view();
  auto rgb = output<T>(
      out, {static_cast<py::ssize_t>(view.height), static_cast<py::ssize_t>(view.width), 3});
  const auto target = view_of(rgb);
  if (static_cast<const T*>(target.data) < view.data + view.pixels() * view.channels &&
      view.data < target.data + target.pixels() * 3) {
    throw Error(ErrorCode::invalid_argument, "out must not share memory with image");
  }
  Certificate certificate;
  {
    const py::gil_scoped_release free;
    certificate = recolor<T>(view, chroma.view(), target, preserve, upsample, threads);
  }
  py::dict promise;
  promise["max_delta_l"] = certificate.max_delta_l;
  promise["mean_delta_l"] = certificate.mean_delta_l;
  promise["max_delta_luma"] = certificate.max_delta_luma;
  promise["mean_delta_luma"] = certificate.mean_delta_luma;
  promise["reduced_chroma"] = certificate.reduced_chroma;
  return py::make_tuple(rgb, promise);
}

// Calls function.operator()<T>() with the pixel type that `image` holds.
template <class Function>
auto by_type(const py::array& image, const Function& function) {
  if (holds<std::uint8_t>(image)) return function.template operator()<std::uint8_t>();
  if (holds<std::uint16_t>(image)) return function.template operator()<std::uint16_t>();
  if (holds<float>(image)) return function.template operator()<float>();
  throw Error(ErrorCode::dtype, "pixels must be uint8, uint16 or float32, not " +
                                    py::str(image.dtype()).cast<std::string>());
}

py::array_t<float> preprocess_array(const py::array& image, py::ssize_t height, py::ssize_t width,
                                    int threads) {
  const std::size_t rows = side_of(height, "height");
  const std::size_t columns = side_of(width, "width");
  return by_type(image, [&]<class T>() { return preprocess_as<T>(image, rows, columns, threads); });
}

py::tuple recolor_array(const py::array& image, const py::array& ab, const std::string& preserve,
                        const std::string& upsample, const py::object& out, int threads) {
  const Preserve promise = preserve_of(preserve);
  const Upsample method = upsample_of(upsample);
  return by_type(
      image, [&]<class T>() { return recolor_as<T>(image, ab, promise, method, out, threads); });
}

py::array_t<float> upsample_array(const py::array& ab_low, const py::array& lightness,
                                  const std::string& upsample, int threads) {
  const Upsample method = upsample_of(upsample);
  const Pixels<float> chroma(ab_low, "ab_low");
  const Pixels<float> guide(lightness, "lightness");
  const auto l = guide.view();
  py::array_t<float> ab(std::vector<std::size_t>{l.height, l.width, 2});
  const auto target = view_of(ab);
  const py::gil_scoped_release free;
  upsample_ab(chroma.view(), l, target, method, threads);
  return ab;
}

py::array_t<float> resize_array(const py::array& image, py::ssize_t height, py::ssize_t width,
                                int threads) {
  const Pixels<float> pixels(image, "image");
  const auto source = pixels.view();
  std::vector<std::size_t> shape{side_of(height, "height"), side_of(width, "width")};
  if (!pixels.flat()) shape.push_back(source.channels);
  py::array_t<float> resized(std::move(shape));
  const auto target = view_of(resized);
  const py::gil_scoped_release free;
  resize_area(source, target, threads);
  return resized;
}

}  // namespace

void register_pipeline(py::module_& module) {
  module.def("preprocess", preprocess_array, py::arg("image"), py::arg("height"), py::arg("width"),
             py::arg("threads") = 0,
             "The generator's input of a photo: float32 (1, 1, height, width) = L*/50 - 1.");
  module.def("recolor", recolor_array, py::arg("image"), py::arg("ab"),
             py::arg("preserve") = "lightness", py::arg("upsample") = "guided",
             py::arg("out") = py::none(), py::arg("threads") = 0,
             "(rgb, certificate): the photo coloured by low-resolution a*b* of shape (h, w, 2).");
  module.def("upsample_ab", upsample_array, py::arg("ab_low"), py::arg("lightness"),
             py::arg("upsample") = "guided", py::arg("threads") = 0,
             "float32 (H, W, 2): low-resolution a*b* at the size of the lightness (L*, 0..100).");
  module.def("resize_area", resize_array, py::arg("image"), py::arg("height"), py::arg("width"),
             py::arg("threads") = 0,
             "float32 pixels at another size: area averages when shrinking, linear when growing.");
}

}  // namespace colorlab::bindings
