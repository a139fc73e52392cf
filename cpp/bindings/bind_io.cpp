// colorlab._core: probe, decode, metadata, encoders, profiles, read_file, write_file_atomically.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <string>
#include <vector>

#include "bindings.hpp"
#include "colorlab/codec_versions.hpp"
#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "colorlab/lossless_luma.hpp"
#include "io_args.hpp"
#include "without_gil.hpp"

namespace colorlab::bindings {
namespace {

py::dict probe_bytes(const py::object& data, const py::object& limits) {
  const Buffer buffer(data);
  const Limits checked = limits_of(limits);
  const ImageInfo info = without_gil([&] { return probe(buffer.bytes(), checked); });
  py::dict result;
  result["format"] = format_name(info.format);
  result["height"] = info.height;
  result["width"] = info.width;
  result["channels"] = info.channels;
  result["bits"] = static_cast<int>(info.depth);
  result["animated"] = info.animated;
  return result;
}

py::array decode_bytes(const py::object& data, const std::string& mode,
                       const std::string& on_truncated, const py::object& limits,
                       const std::string& colors, unsigned reduce) {
  const Buffer buffer(data);
  ReadOptions options;
  options.mode = read_mode(mode);
  options.on_truncated = on_truncated_of(on_truncated);
  options.limits = limits_of(limits);
  options.colors = colors_of(colors);
  options.reduce = reduce;
  return to_array(without_gil([&] { return decode(buffer.bytes(), options); }));
}

py::dict metadata_bytes(const py::object& data, const py::object& limits) {
  const Buffer buffer(data);
  const Limits checked = limits_of(limits);
  return to_dict(without_gil([&] { return read_metadata(buffer.bytes(), checked); }));
}

py::dict add_provenance(const py::dict& metadata, const std::string& software,
                        const std::string& model, const std::string& version) {
  return to_dict(with_provenance(metadata_of(metadata), {software, model, version}));
}

// `encode(view)` without the GIL.
template <class T, class Encode>
py::bytes encode_as(const py::array& image, const Encode& encode) {
  const auto view = view_of<T>(image);
  return to_bytes(without_gil([&] { return encode(view); }));
}

// As 16 bits where the pixels are, else as 8.
template <class Encode>
py::bytes encode_either(const py::array& image, const Encode& encode) {
  if (py::dtype::of<std::uint16_t>().equal(image.dtype())) {
    return encode_as<std::uint16_t>(image, encode);
  }
  return encode_as<std::uint8_t>(image, encode);
}

py::bytes encode_jpeg_array(const py::array& image, int quality, const py::object& metadata) {
  const Metadata carried = metadata_of(metadata);
  return encode_as<std::uint8_t>(
      image, [&](const auto& view) { return encode_jpeg(view, quality, carried); });
}

py::bytes encode_png_array(const py::array& image, int compression, const py::object& metadata) {
  const Metadata carried = metadata_of(metadata);
  return encode_either(image,
                       [&](const auto& view) { return encode_png(view, compression, carried); });
}

py::bytes encode_tiff_array(const py::array& image, int compression, const py::object& metadata) {
  const Metadata carried = metadata_of(metadata);
  return encode_either(image,
                       [&](const auto& view) { return encode_tiff(view, compression, carried); });
}

py::bytes encode_webp_array(const py::array& image, int quality, bool lossless,
                            const py::object& metadata) {
  const Metadata carried = metadata_of(metadata);
  return encode_as<std::uint8_t>(
      image, [&](const auto& view) { return encode_webp(view, quality, lossless, carried); });
}

py::bytes add_chroma(const py::object& data, const py::array& cbcr, int quality,
                     const py::object& metadata, const py::object& limits, bool decoded) {
  const Buffer buffer(data);
  const Metadata carried = metadata_of(metadata);
  const Limits checked = limits_of(limits);
  return encode_as<std::uint8_t>(cbcr, [&](const auto& view) {
    return add_chroma_to_jpeg(buffer.bytes(), view, quality, carried, checked, decoded);
  });
}

template <class T>
py::array convert_to_icc(const py::array& image, const Buffer& icc) {
  const auto view = view_of<T>(image);
  return to_array(without_gil([&] { return srgb_to_icc(copy_of(view), icc.bytes()); }));
}

py::array srgb_to_icc_array(const py::array& image, const py::object& icc) {
  const Buffer buffer(icc);
  if (py::dtype::of<std::uint16_t>().equal(image.dtype())) {
    return convert_to_icc<std::uint16_t>(image, buffer);
  }
  return convert_to_icc<std::uint8_t>(image, buffer);
}

py::bytes read_whole_file(const std::filesystem::path& path, const py::object& limits) {
  const Limits checked = limits_of(limits);
  return to_bytes(without_gil([&] { return read_file(path, checked); }));
}

void write_whole_file(const std::filesystem::path& path, const py::object& data, bool overwrite,
                      std::optional<unsigned> permissions, std::optional<std::int64_t> modified) {
  const Buffer buffer(data);
  const py::gil_scoped_release free;
  write_file_atomically(path, buffer.bytes(), overwrite, {permissions, modified});
}

}  // namespace

void register_io(py::module_& module) {
  module.def("codec_versions", codec_versions, "Versions of the libraries of files, by name.");
  module.def("probe", probe_bytes, py::arg("data"), py::arg("limits") = py::none(),
             "Header of an encoded image: format, height, width, channels, bits, animated.");
  module.def("decode", decode_bytes, py::arg("data"), py::arg("mode") = "rgb",
             py::arg("on_truncated") = "error", py::arg("limits") = py::none(),
             py::arg("colors") = "srgb", py::arg("reduce") = 1U,
             "Pixels of an encoded image: uint8 or uint16, (H, W) or (H, W, C), upright.");
  module.def("read_metadata", metadata_bytes, py::arg("data"), py::arg("limits") = py::none(),
             "Metadata of an encoded image: exif, xmp, iptc, icc, comment, dpi_x, dpi_y, "
             "orientation.");
  module.def("with_provenance", add_provenance, py::arg("metadata"), py::arg("software"),
             py::arg("model"), py::arg("version"),
             "The metadata with the note that the colour is machine-made.");
  module.def("encode_jpeg", encode_jpeg_array, py::arg("image"), py::arg("quality") = 92,
             py::arg("metadata") = py::none(), "A JPEG of uint8 (H, W) or (H, W, 1 | 3).");
  module.def("encode_png", encode_png_array, py::arg("image"), py::arg("compression") = 1,
             py::arg("metadata") = py::none(), "A PNG of uint8 or uint16 (H, W) or (H, W, 1..4).");
  module.def("encode_tiff", encode_tiff_array, py::arg("image"), py::arg("compression") = 1,
             py::arg("metadata") = py::none(), "A TIFF of uint8 or uint16 (H, W) or (H, W, 1..4).");
  module.def("encode_webp", encode_webp_array, py::arg("image"), py::arg("quality") = 92,
             py::arg("lossless") = false, py::arg("metadata") = py::none(),
             "A WebP of uint8 (H, W, 3 | 4).");
  module.def("add_chroma_to_jpeg", add_chroma, py::arg("data"), py::arg("cbcr"),
             py::arg("quality") = 92, py::arg("metadata") = py::none(),
             py::arg("limits") = py::none(), py::arg("decoded") = false,
             "A JPEG with the luma coefficients of `data` and uint8 (H, W, 2) Cb and Cr, or half; "
             "decoded: `data` was decoded without an error before.");
  module.def(
      "srgb_icc", [](std::size_t channels) { return to_bytes(srgb_icc(channels)); },
      py::arg("channels") = 3, "sRGB's ICC profile; for 1 and 2 channels grey with its curve.");
  module.def("srgb_to_icc", srgb_to_icc_array, py::arg("image"), py::arg("icc"),
             "sRGB pixels in the colours of an RGB profile.");
  module.def("read_file", read_whole_file, py::arg("path"), py::arg("limits") = py::none(),
             "A whole file as bytes.");
  module.def("write_file_atomically", write_whole_file, py::arg("path"), py::arg("data"),
             py::arg("overwrite") = false, py::arg("permissions") = py::none(),
             py::arg("modified") = py::none(),
             "Writes a whole file or nothing; modified: nanoseconds since 1970.");
}

}  // namespace colorlab::bindings
