// colorlab._core: rgb_to_lab, lab_to_rgb, lightness, cpu_targets, active_target, force_target,
// build_info, delta_e, colorfulness.
#include <pybind11/stl.h>

#include <string>
#include <string_view>

#include "array_args.hpp"
#include "bindings.hpp"
#include "colorlab/color.hpp"
#include "colorlab/cpu.hpp"
#include "colorlab/metrics.hpp"

namespace colorlab::bindings {
namespace {

py::array rgb_to_lab_array(const py::object& rgb, const py::object& out, int threads) {
  const py::array given = array_argument(rgb, "rgb");
  const SampleType type = sample_type(given, "rgb");
  require_channels(given, 3, "rgb");
  py::array lab = output_array(out, py::dtype::of<float>(), shape_of(given), given);
  const py::array input = readable(given);
  const PixelPairs images(input, 3, lab, 3);
  with_sample_type(type, [&]<class T>() {
    const py::gil_scoped_release free;
    images.for_each<T, float>(
        [threads](const PixelView<const T>& from, const PixelView<float>& to) {
          rgb_to_lab<T>(from, to, threads);
        });
  });
  return lab;
}

py::array lab_to_rgb_array(const py::object& lab, const std::string& dtype,
                           const std::string& gamut, const py::object& out, int threads) {
  const py::array given = array_argument(lab, "lab");
  require_float32(given, "lab");
  require_channels(given, 3, "lab");
  if (gamut != "chroma" && gamut != "clip") {
    throw Error(ErrorCode::invalid_argument,
                "gamut must be \"chroma\" or \"clip\", not \"" + gamut + "\"");
  }
  const Gamut mapping = gamut == "clip" ? Gamut::clip : Gamut::chroma;
  const SampleType type = sample_type_named(dtype);
  py::array rgb = output_array(out, dtype_of(type), shape_of(given), given);
  const py::array input = readable(given);
  const PixelPairs images(input, 3, rgb, 3);
  with_sample_type(type, [&]<class T>() {
    const py::gil_scoped_release free;
    images.for_each<float, T>([&](const PixelView<const float>& from, const PixelView<T>& to) {
      lab_to_rgb<T>(from, to, mapping, threads);
    });
  });
  return rgb;
}

// (..., 3) is RGB; anything else is displayed grey of any shape, except (..., 1) whose last
// dimension goes as a colour's would.
py::array lightness_array(const py::object& image, const py::object& out, int threads, float scale,
                          float offset) {
  const py::array given = array_argument(image, "image");
  const SampleType type = sample_type(given, "image");
  std::vector<py::ssize_t> shape = shape_of(given);
  py::ssize_t channels = 0;
  if (given.ndim() >= 3 && (shape.back() == 3 || shape.back() == 1)) {
    channels = shape.back();
    shape.pop_back();
  } else if (given.ndim() != 2) {
    throw Error(
        ErrorCode::shape,
        "image must have shape (H, W), (..., H, W, 1) or (..., H, W, 3), not " + shape_text(shape));
  }
  py::array l = output_array(out, py::dtype::of<float>(), shape, given);
  const py::array input = readable(given);
  const PixelPairs images(input, channels, l, 0);
  with_sample_type(type, [&]<class T>() {
    const py::gil_scoped_release free;
    images.for_each<T, float>([&](const PixelView<const T>& from, const PixelView<float>& to) {
      lightness<T>(from, to, threads, scale, offset);
    });
  });
  return l;
}

// Distances of two Lab arrays of one shape (..., 3) and any real type, in double precision.
py::array delta_e_array(const py::object& lab1, const py::object& lab2, const std::string& formula,
                        int threads) {
  using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
  const py::array first = array_argument(lab1, "lab1"), second = array_argument(lab2, "lab2");
  for (const py::array& lab : {first, second}) {
    if (std::string_view("fiu").find(lab.dtype().kind()) == std::string_view::npos) {
      throw Error(ErrorCode::dtype,
                  "Lab must hold real numbers, not " + py::str(lab.dtype()).cast<std::string>());
    }
  }
  std::vector<py::ssize_t> shape = shape_of(first);
  if (shape_of(second) != shape) {
    throw Error(ErrorCode::shape, "Lab arrays of different shapes: " + shape_text(shape) + " and " +
                                      shape_text(shape_of(second)));
  }
  require_channels(first, 3, "lab1");
  if (formula != "76" && formula != "2000") {
    throw Error(ErrorCode::invalid_argument,
                "formula must be \"2000\" or \"76\", not \"" + formula + "\"");
  }
  const DeltaE kind = formula == "76" ? DeltaE::cie76 : DeltaE::ciede2000;
  shape.pop_back();
  py::array_t<double> distance(shape);
  const Doubles a = Doubles::ensure(first), b = Doubles::ensure(second);
  if (!a || !b) throw py::error_already_set();
  // Rows for the threads: the last dimension of pixels, or one.
  const auto pixels = static_cast<std::size_t>(distance.size());
  const std::size_t width = shape.empty() ? 1 : static_cast<std::size_t>(shape.back());
  const std::size_t height = width == 0 ? 0 : pixels / width;
  const ImageView<const double> from_a(a.data(), height, width, 3),
      from_b(b.data(), height, width, 3);
  const ImageView<double> to(distance.mutable_data(), height, width, 1);
  {
    const py::gil_scoped_release free;
    delta_e(from_a, from_b, to, kind, threads);
  }
  return distance;
}

double colorfulness_array(const py::object& rgb, const std::string& variant, int threads) {
  const py::array given = array_argument(rgb, "rgb");
  const SampleType type = sample_type(given, "rgb");
  if (variant != "hasler" && variant != "absolute") {
    throw Error(ErrorCode::invalid_argument,
                "variant must be \"hasler\" or \"absolute\", not \"" + variant + "\"");
  }
  const Colorfulness kind = variant == "hasler" ? Colorfulness::hasler : Colorfulness::absolute;
  return with_sample_type(type, [&]<class T>() {
    py::array holder = given;
    const ImageView<const T> image = image_view<T>(holder, {3}, "rgb");
    const py::gil_scoped_release free;
    return colorfulness<T>(PixelView<const T>(image), kind, threads);
  });
}

py::dict build_info() {
  py::dict info;
  info["version"] = COLORLAB_VERSION;
  info["compiler"] =
#if defined(__clang__)
      "clang " __clang_version__;
#elif defined(__GNUC__)
      "gcc " __VERSION__;
#else
      "unknown";
#endif
  info["pybind11"] = std::to_string(PYBIND11_VERSION_MAJOR) + "." +
                     std::to_string(PYBIND11_VERSION_MINOR) + "." +
                     PYBIND11_TOSTRING(PYBIND11_VERSION_MICRO);
#ifdef NDEBUG
  info["asserts"] = false;
#else
  info["asserts"] = true;
#endif
  info["cpu_targets"] = cpu_targets();
  info["active_target"] = active_target();
  return info;
}

}  // namespace

void register_color(py::module_& module) {
  const auto release = py::call_guard<py::gil_scoped_release>();
  module.def("rgb_to_lab", rgb_to_lab_array, py::arg("rgb"), py::arg("out") = py::none(),
             py::arg("threads") = 0, "L*a*b* float32 of sRGB (..., 3).");
  module.def("lab_to_rgb", lab_to_rgb_array, py::arg("lab"), py::arg("dtype") = "uint8",
             py::arg("gamut") = "chroma", py::arg("out") = py::none(), py::arg("threads") = 0,
             "sRGB of L*a*b* float32 (..., 3).");
  module.def("lightness", lightness_array, py::arg("image"), py::arg("out") = py::none(),
             py::arg("threads") = 0, py::arg("scale") = 1.0F, py::arg("offset") = 0.0F,
             "scale * L* + offset, float32, of grey (H, W) or RGB (..., H, W, 3).");
  module.def("delta_e", delta_e_array, py::arg("lab1"), py::arg("lab2"),
             py::arg("formula") = "2000", py::arg("threads") = 0,
             "Colour differences float64 of two Lab arrays (..., 3).");
  module.def("colorfulness", colorfulness_array, py::arg("rgb"), py::arg("variant") = "hasler",
             py::arg("threads") = 0, "Colourfulness of an RGB image (H, W, 3).");
  module.def("cpu_targets", cpu_targets, release, "SIMD targets that run here, best first.");
  module.def("active_target", active_target, release, "The SIMD target in use.");
  module.def("force_target", force_target, py::arg("name"), release,
             "Uses this SIMD target from now on; \"\" means the best.");
  module.def("build_info", build_info, "Version, compiler and targets of this build.");
}

}  // namespace colorlab::bindings
