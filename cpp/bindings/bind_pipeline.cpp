// colorlab._core: preprocess, recolor, upsample_ab, resize_area.
#include <pybind11/numpy.h>

#include <cstdint>
#include <string>
#include <vector>

#include "array_args.hpp"
#include "bindings.hpp"
#include "colorlab/error.hpp"
#include "colorlab/luma_chroma.hpp"
#include "colorlab/pipeline.hpp"
#include "colorlab/resample.hpp"
#include "interrupt.hpp"
#include "pipeline_args.hpp"

namespace colorlab::bindings {
namespace {

// An output that output_array has checked, as pixels: its rows may be apart, its samples not.
template <class T>
ImageView<T> writable_view(py::array& array) {
  const auto size = static_cast<py::ssize_t>(sizeof(T));
  if (!well_aligned(array) || array.strides(2) != size ||
      array.strides(1) != array.shape(2) * size) {
    throw Error(ErrorCode::shape, "the samples of each row of out must be contiguous");
  }
  const auto side = [&array](int d) { return static_cast<std::size_t>(array.shape(d)); };
  return {static_cast<T*>(array.mutable_data()), side(0), side(1), side(2),
          array.strides(0) / size};
}

py::array_t<float> preprocess_array(const py::object& image, py::ssize_t height, py::ssize_t width,
                                    int threads) {
  py::array given = array_argument(image, "image");
  const SampleType type = sample_type(given, "image");
  py::array_t<float> tensor({py::ssize_t{1}, py::ssize_t{1},
                             static_cast<py::ssize_t>(side_of(height, "height")),
                             static_cast<py::ssize_t>(side_of(width, "width"))});
  const ImageView<float> target(tensor.mutable_data(), static_cast<std::size_t>(height),
                                static_cast<std::size_t>(width), 1);
  with_sample_type(type, [&]<class T>() {
    const auto pixels = image_view<T>(given, {1, 3}, "image");
    interruptible([&](CancelToken& cancel) { preprocess<T>(pixels, target, threads, &cancel); });
  });
  return tensor;
}

py::tuple recolor_array(const py::object& image, const py::object& ab, const std::string& preserve,
                        const std::string& upsample, const py::object& out, int threads,
                        bool certify) {
  const Preserve promise = preserve_of(preserve);
  const Upsample method = upsample_of(upsample);
  py::array given = array_argument(image, "image");
  const SampleType type = sample_type(given, "image");
  py::array chroma = array_argument(ab, "ab");
  const auto ab_low = float_view(chroma, {2}, "ab");
  py::array rgb;
  Certificate certificate;
  with_sample_type(type, [&]<class T>() {
    const auto pixels = image_view<T>(given, {1, 3}, "image");
    rgb = output_array(
        out, dtype_of(type),
        {static_cast<py::ssize_t>(pixels.height), static_cast<py::ssize_t>(pixels.width), 3},
        given);
    const auto target = writable_view<T>(rgb);
    certificate = interruptible([&](CancelToken& cancel) {
      if (certify) return recolor<T>(pixels, ab_low, target, promise, method, threads, &cancel);
      recolor_uncertified<T>(pixels, ab_low, target, promise, method, threads, &cancel);
      return Certificate{};
    });
  });
  return py::make_tuple(rgb, certify ? py::object(as_dict(certificate)) : py::none());
}

py::tuple chroma_array(const py::object& grey, const py::object& ab, const std::string& upsample,
                       int threads) {
  const Upsample method = upsample_of(upsample);
  py::array given = array_argument(grey, "grey");
  if (sample_type(given, "grey") != SampleType::u8) {
    throw Error(ErrorCode::dtype, "a JPEG's luma is uint8");
  }
  py::array chroma = array_argument(ab, "ab");
  const auto ab_low = float_view(chroma, {2}, "ab");
  const auto pixels = image_view<std::uint8_t>(given, {1}, "grey");
  py::array_t<std::uint8_t> cbcr({(pixels.height + 1) / 2, (pixels.width + 1) / 2, std::size_t{2}});
  const auto target = writable_view<std::uint8_t>(cbcr);
  const Certificate certificate = interruptible([&](CancelToken& cancel) {
    return chroma_for_luma(pixels, ab_low, target, method, threads, &cancel);
  });
  return py::make_tuple(cbcr, as_dict(certificate));
}

py::array_t<float> upsample_array(const py::object& ab_low, const py::object& lightness,
                                  const std::string& upsample, int threads) {
  const Upsample method = upsample_of(upsample);
  py::array chroma = array_argument(ab_low, "ab_low");
  py::array guide = array_argument(lightness, "lightness");
  const auto low = float_view(chroma, {2}, "ab_low");
  const auto l = float_view(guide, {1}, "lightness");
  py::array_t<float> ab({l.height, l.width, std::size_t{2}});
  const ImageView<float> target(ab.mutable_data(), l.height, l.width, 2);
  const py::gil_scoped_release free;
  upsample_ab(low, l, target, method, threads);
  return ab;
}

py::array_t<float> resize_array(const py::object& image, py::ssize_t height, py::ssize_t width,
                                int threads) {
  py::array pixels = array_argument(image, "image");
  const py::ssize_t channels = pixels.ndim() == 3 ? pixels.shape(2) : 1;
  const auto source = float_view(pixels, {channels}, "image");
  std::vector<std::size_t> shape{side_of(height, "height"), side_of(width, "width")};
  if (pixels.ndim() == 3) shape.push_back(source.channels);
  py::array_t<float> resized(shape);
  const ImageView<float> target(resized.mutable_data(), shape[0], shape[1], source.channels);
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
             py::arg("out") = py::none(), py::arg("threads") = 0, py::arg("certify") = true,
             "(rgb, certificate): the photo coloured by low-resolution a*b* of shape (h, w, 2); "
             "certificate is None if certify is False.");
  module.def("chroma_for_luma", chroma_array, py::arg("grey"), py::arg("ab"),
             py::arg("upsample") = "guided", py::arg("threads") = 0,
             "(cbcr, certificate): JFIF's Cb and Cr, uint8 (ceil(H/2), ceil(W/2), 2), that give a "
             "grey uint8 photo low-resolution a*b* and leave its luma alone.");
  module.def("upsample_ab", upsample_array, py::arg("ab_low"), py::arg("lightness"),
             py::arg("upsample") = "guided", py::arg("threads") = 0,
             "float32 (H, W, 2): low-resolution a*b* at the size of the lightness (L*, 0..100).");
  module.def("resize_area", resize_array, py::arg("image"), py::arg("height"), py::arg("width"),
             py::arg("threads") = 0,
             "float32 pixels at another size: area averages when shrinking, linear when growing.");
}

}  // namespace colorlab::bindings
