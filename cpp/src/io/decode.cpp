// The dispatcher: limits, format, decoder, channels, orientation.
#include <algorithm>
#include <string>
#include <utility>

#include "io/codec.hpp"
#include "io/color_profile.hpp"
#include "io/exif.hpp"

namespace colorlab {
namespace io {

Format format_of(Bytes bytes, const Limits& limits) {
  if (bytes.size() > limits.max_file_bytes) {
    throw Error(
        ErrorCode::image_too_large,
        "the file has " + std::to_string(bytes.size()) +
            " bytes, over the limit max_file_bytes = " + std::to_string(limits.max_file_bytes),
        {}, "Raise max_file_bytes in limits if you trust the file");
  }
  if (const auto format = sniff(bytes)) return *format;
  if (ends_in_signature(bytes)) throw truncated_error("the file ends in its first bytes");
  throw unsupported_error("this is no JPEG, PNG, TIFF, WebP or BMP image; it looks like " +
                          describe_unknown(bytes));
}

}  // namespace io

namespace {

using io::Bytes;
using io::ColorModel;
using io::Header;

// One codec: its functions, and what else it can tell.
struct Codec {
  const char* name;
  Header (*probe)(Bytes, const Limits&);
  io::Stored (*decode)(Bytes, const ReadOptions&);
  Metadata (*metadata)(Bytes, const Limits&);
};

const Codec& codec_of(Format format) {
  static constexpr Codec kJpeg = {"jpeg", io::probe_jpeg, io::decode_jpeg, io::metadata_of_jpeg};
  static constexpr Codec kPng = {"png", io::probe_png, io::decode_png, io::metadata_of_png};
  static constexpr Codec kWebp = {"webp", io::probe_webp, io::decode_webp, io::metadata_of_webp};
  static constexpr Codec kTiff = {"tiff", io::probe_tiff, io::decode_tiff, io::metadata_of_tiff};
  static constexpr Codec kBmp = {"bmp", io::probe_bmp, io::decode_bmp, io::metadata_of_bmp};
  switch (format) {
    case Format::jpeg:
      return kJpeg;
    case Format::png:
      return kPng;
    case Format::tiff:
      return kTiff;
    case Format::bmp:
      return kBmp;
    default:
      return kWebp;
  }
}

}  // namespace

std::string format_name(Format format) { return codec_of(format).name; }

ImageInfo probe(std::span<const std::uint8_t> bytes, const Limits& limits) {
  Header header = codec_of(io::format_of(bytes, limits)).probe(bytes, limits);
  if (io::swaps_sides(header.orientation)) std::swap(header.info.height, header.info.width);
  return header.info;
}

Image decode(std::span<const std::uint8_t> bytes, const ReadOptions& options) {
  const Codec& codec = codec_of(io::format_of(bytes, options.limits));
  const Header header = codec.probe(bytes, options.limits);
  std::vector<std::uint8_t> icc;
  if (options.colors == Colors::srgb) icc = codec.metadata(bytes, options.limits).icc;
  const io::ToSrgb to_srgb(icc, header.model);
  // Luma is that of sRGB: where colours change, they must be there.
  ReadOptions reading = options;
  if (options.mode == ReadMode::grey && !to_srgb.identity()) reading.mode = ReadMode::rgb;
  io::Stored stored = codec.decode(bytes, reading);
  return io::apply_orientation(io::fit_mode(to_srgb.apply(std::move(stored.image)), options.mode),
                               header.orientation);
}

Metadata read_metadata(std::span<const std::uint8_t> bytes, const Limits& limits) {
  const Codec& codec = codec_of(io::format_of(bytes, limits));
  Metadata metadata = codec.metadata(bytes, limits);
  metadata.orientation = codec.probe(bytes, limits).orientation;
  if (metadata.dpi_x <= 0 || metadata.dpi_y <= 0) {
    const auto resolution = io::exif_resolution(metadata.exif).value_or(io::Resolution{0, 0});
    metadata.dpi_x = resolution.x;
    metadata.dpi_y = resolution.y;
  }
  metadata.exif = io::upright_exif(metadata.exif);
  metadata.xmp = io::upright_xmp(std::move(metadata.xmp));
  if (io::swaps_sides(metadata.orientation)) std::swap(metadata.dpi_x, metadata.dpi_y);
  return metadata;
}

}  // namespace colorlab
