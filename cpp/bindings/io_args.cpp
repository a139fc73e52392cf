#include "io_args.hpp"

#include <pybind11/stl.h>

#include <cstdlib>
#include <type_traits>
#include <utility>

namespace colorlab::bindings {
namespace {

Error bad_choice(const char* name, const std::string& value, const char* choices) {
  return {ErrorCode::invalid_argument,
          std::string(name) + " must be " + choices + ", not \"" + value + "\""};
}

template <class T>
void set_limit(T& limit, const std::string& name, const py::handle& value) {
  int beyond = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &beyond);
  if (beyond != 0 || number <= 0 || !std::in_range<T>(number)) {
    throw Error(ErrorCode::invalid_argument, "the limit " + name + " is out of range");
  }
  limit = static_cast<T>(number);
}

}  // namespace

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

Limits limits_of(const py::object& given, Limits limits) {
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

py::bytes to_bytes(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

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

}  // namespace colorlab::bindings
