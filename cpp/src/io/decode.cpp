// The dispatcher: limits, format, decoder, channels, orientation.
#include <algorithm>
#include <string>
#include <utility>

#include "io/codec.hpp"
#include "io/exif.hpp"

namespace colorlab {
namespace {

using io::Bytes;
using io::Header;

Format format_of(Bytes bytes, const Limits& limits) {
  if (bytes.size() > limits.max_file_bytes) {
    throw Error(
        ErrorCode::image_too_large,
        "the file has " + std::to_string(bytes.size()) +
            " bytes, over the limit max_file_bytes = " + std::to_string(limits.max_file_bytes),
        {}, "Raise max_file_bytes in limits if you trust the file");
  }
  if (const auto format = io::sniff(bytes)) return *format;
  if (io::ends_in_signature(bytes)) throw io::truncated_error("the file ends in its first bytes");
  throw io::unsupported_error("this is no JPEG, PNG or WebP image; it looks like " +
                              io::describe_unknown(bytes));
}

Header header_of(Format format, Bytes bytes, const Limits& limits) {
  switch (format) {
    case Format::jpeg:
      return io::probe_jpeg(bytes, limits);
    case Format::png:
      return io::probe_png(bytes, limits);
    default:
      return io::probe_webp(bytes, limits);
  }
}

Image pixels_of(Format format, Bytes bytes, const ReadOptions& options) {
  switch (format) {
    case Format::jpeg:
      return io::decode_jpeg(bytes, options);
    case Format::png:
      return io::decode_png(bytes, options);
    default:
      return io::decode_webp(bytes, options);
  }
}

}  // namespace

std::string format_name(Format format) {
  switch (format) {
    case Format::jpeg:
      return "jpeg";
    case Format::png:
      return "png";
    default:
      return "webp";
  }
}

ImageInfo probe(std::span<const std::uint8_t> bytes, const Limits& limits) {
  Header header = header_of(format_of(bytes, limits), bytes, limits);
  if (io::swaps_sides(header.orientation)) std::swap(header.info.height, header.info.width);
  return header.info;
}

Image decode(std::span<const std::uint8_t> bytes, const ReadOptions& options) {
  const Format format = format_of(bytes, options.limits);
  const int orientation = header_of(format, bytes, options.limits).orientation;
  return io::apply_orientation(io::fit_mode(pixels_of(format, bytes, options), options.mode),
                               orientation);
}

}  // namespace colorlab
