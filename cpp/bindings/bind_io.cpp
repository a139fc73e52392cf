// colorlab._core: probe, decode, metadata, encoders, profiles, read_file, write_file_atomically.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include "bindings.hpp"
#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "colorlab/lossless_luma.hpp"

namespace colorlab::bindings {
namespace {

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

Error bad_choice(const char* name, const std::string& value, const char* choices) {
  return {ErrorCode::invalid_argument,
          std::string(name) + " must be " + choices + ", not \"" + value + "\""};
}

ReadMode read_mode(const std::string& name) {
  if (name == "rgb") return ReadMode::rgb;
  if (name == "grey") return ReadMode::grey;
  if (name == "unchanged") return ReadMode::unchanged;
  throw bad_choice("mode", name, "\"rgb\", \"grey\" or \"unchanged\"");
}

OnTruncated on_truncated_of(const std::string& name) {
  if (name == "error") return OnTruncated::error;
  if (name == "fill") return OnTruncated::fill;
  throw bad_choice("on_truncated", name, "\"error\" or \"fill\"");
}

Colors colors_of(const std::string& name) {
  if (name == "srgb") return Colors::srgb;
  if (name == "stored") return Colors::stored;
  throw bad_choice("colors", name, "\"srgb\" or \"stored\"");
}

template <class T>
void set_limit(T& limit, const std::string& name, const py::handle& value) {
  const auto number = py::cast<py::int_>(value).cast<long long>();
  if (number <= 0 || !std::in_range<T>(number)) {
    throw Error(ErrorCode::invalid_argument, "the limit " + name + " is out of range");
  }
  limit = static_cast<T>(number);
}

Limits limits_of(const py::object& given) {
  Limits limits;
  if (given.is_none()) return limits;
  for (const auto& [key, value] : py::dict(given)) {
    const auto name = py::cast<std::string>(key);
    if (!py::isinstance<py::int_>(value)) {
      throw Error(ErrorCode::invalid_argument, "the limit " + name + " must be an integer");
    }
    if (name == "max_pixels") {
      set_limit(limits.max_pixels, name, value);
    } else if (name == "max_side") {
      set_limit(limits.max_side, name, value);
    } else if (name == "max_file_bytes") {
      set_limit(limits.max_file_bytes, name, value);
    } else if (name == "max_decoded_bytes") {
      set_limit(limits.max_decoded_bytes, name, value);
    } else if (name == "max_jpeg_scans") {
      set_limit(limits.max_jpeg_scans, name, value);
    } else if (name == "max_metadata_bytes") {
      set_limit(limits.max_metadata_bytes, name, value);
    } else {
      throw bad_choice("a limit's name", name,
                       "max_pixels, max_side, max_file_bytes, max_decoded_bytes, max_jpeg_scans or "
                       "max_metadata_bytes");
    }
  }
  return limits;
}

// The image's own memory as an array that frees it: no copy.
py::array to_array(Image image) {
  const auto dtype =
      image.depth() == Depth::u16 ? py::dtype::of<std::uint16_t>() : py::dtype::of<std::uint8_t>();
  std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(image.height()),
                                 static_cast<py::ssize_t>(image.width())};
  if (image.channels() > 1) shape.push_back(static_cast<py::ssize_t>(image.channels()));
  auto pixels = image.release();
  const py::capsule owner(pixels.get(), [](void* data) { std::free(data); });
  return {dtype, shape, pixels.release(), owner};
}

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

py::bytes to_bytes(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Metadata as a dictionary of bytes, dots per inch and orientation; and back, where None is empty.
py::dict to_dict(const Metadata& metadata) {
  py::dict result;
  result["exif"] = to_bytes(metadata.exif);
  result["xmp"] = to_bytes(metadata.xmp);
  result["iptc"] = to_bytes(metadata.iptc);
  result["icc"] = to_bytes(metadata.icc);
  result["comment"] = py::bytes(metadata.comment);
  result["dpi_x"] = metadata.dpi_x;
  result["dpi_y"] = metadata.dpi_y;
  result["orientation"] = metadata.orientation;
  return result;
}

Metadata metadata_of(const py::object& given) {
  Metadata metadata;
  if (given.is_none()) return metadata;
  const py::dict fields(given);
  const auto block = [&fields](const char* name) {
    const Buffer buffer(fields[name]);
    return std::vector<std::uint8_t>(buffer.bytes().begin(), buffer.bytes().end());
  };
  metadata.exif = block("exif");
  metadata.xmp = block("xmp");
  metadata.iptc = block("iptc");
  metadata.icc = block("icc");
  metadata.comment = py::cast<std::string>(py::bytes(fields["comment"]));
  metadata.dpi_x = py::cast<double>(fields["dpi_x"]);
  metadata.dpi_y = py::cast<double>(fields["dpi_y"]);
  metadata.orientation = py::cast<int>(fields["orientation"]);
  return metadata;
}

py::dict probe_bytes(const py::object& data, const py::object& limits) {
  const Buffer buffer(data);
  const Limits checked = limits_of(limits);
  ImageInfo info;
  {
    const py::gil_scoped_release free;
    info = probe(buffer.bytes(), checked);
  }
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
  Image image;
  {
    const py::gil_scoped_release free;
    image = decode(buffer.bytes(), options);
  }
  return to_array(std::move(image));
}

py::dict metadata_bytes(const py::object& data, const py::object& limits) {
  const Buffer buffer(data);
  const Limits checked = limits_of(limits);
  Metadata metadata;
  {
    const py::gil_scoped_release free;
    metadata = read_metadata(buffer.bytes(), checked);
  }
  return to_dict(metadata);
}

py::dict add_provenance(const py::dict& metadata, const std::string& software,
                        const std::string& model, const std::string& version) {
  return to_dict(with_provenance(metadata_of(metadata), {software, model, version}));
}

// `encode(view)` without the GIL.
template <class T, class Encode>
py::bytes encode_as(const py::array& image, const Encode& encode) {
  const auto view = view_of<T>(image);
  std::vector<std::uint8_t> bytes;
  {
    const py::gil_scoped_release free;
    bytes = encode(view);
  }
  return to_bytes(bytes);
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
  Image converted;
  {
    const py::gil_scoped_release free;
    converted =
        Image(view.height, view.width, view.channels, sizeof(T) == 2 ? Depth::u16 : Depth::u8);
    std::copy_n(view.data, view.pixels() * view.channels, converted.view<T>().data);
    converted = srgb_to_icc(std::move(converted), icc.bytes());
  }
  return to_array(std::move(converted));
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
  std::vector<std::uint8_t> bytes;
  {
    const py::gil_scoped_release free;
    bytes = read_file(path, checked);
  }
  return to_bytes(bytes);
}

void write_whole_file(const std::filesystem::path& path, const py::object& data, bool overwrite,
                      std::optional<unsigned> permissions, std::optional<std::int64_t> modified) {
  const Buffer buffer(data);
  const py::gil_scoped_release free;
  write_file_atomically(path, buffer.bytes(), overwrite, {permissions, modified});
}

}  // namespace

void register_io(py::module_& module) {
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
