// The dispatcher: limits, format, decoder, channels, orientation.
#include <algorithm>
#include <string>
#include <utility>

#include "io/codec.hpp"
#include "io/color_profile.hpp"
#include "io/exif.hpp"

namespace colorlab {
namespace io {

ReadOptions decoding(const ReadOptions& options, const ToSrgb& to_srgb) {
  ReadOptions reading = options;
  if (options.mode == ReadMode::grey && !to_srgb.identity()) reading.mode = ReadMode::rgb;
  return reading;
}

Format format_of(const ByteSource& source, const Limits& limits) {
  if (source.size() > limits.max_file_bytes) {
    throw Error(
        ErrorCode::image_too_large,
        "the file has " + std::to_string(source.size()) +
            " bytes, over the limit max_file_bytes = " + std::to_string(limits.max_file_bytes),
        {}, "Raise max_file_bytes in limits if you trust the file");
  }
  constexpr std::size_t kHead = 4096;  // more than any signature needs
  std::vector<std::uint8_t> held;
  const Bytes bytes = source.first(kHead, held);
  if (const auto format = sniff(bytes)) return *format;
  if (ends_in_signature(bytes)) throw truncated_error("the file ends in its first bytes");
  throw unsupported_error("this is no JPEG, PNG, TIFF, WebP or BMP image; it looks like " +
                          describe_unknown(bytes));
}

const Codec& codec_of(Format format) {
  static constexpr Codec kJpeg = {"jpeg", probe_jpeg, decode_jpeg, metadata_of_jpeg};
  static constexpr Codec kPng = {"png", probe_png, decode_png, metadata_of_png};
  static constexpr Codec kWebp = {"webp", probe_webp, decode_webp, metadata_of_webp};
  static constexpr Codec kTiff = {"tiff", probe_tiff, decode_tiff, metadata_of_tiff};
  static constexpr Codec kBmp = {"bmp", probe_bmp, decode_bmp, metadata_of_bmp};
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

Unturned decode_unturned(Bytes bytes, const Codec& codec, const ReadOptions& options) {
  const Header header = codec.probe(bytes, options.limits);
  std::vector<std::uint8_t> icc;
  if (options.colors == Colors::srgb) icc = codec.metadata(bytes, options.limits).icc;
  ToSrgb to_srgb(icc, header.model);
  Stored stored = codec.decode(bytes, decoding(options, to_srgb));
  return {fit_mode(to_srgb.apply(std::move(stored.image)), options.mode), header.orientation};
}

Metadata upright_metadata(Metadata metadata, int orientation) {
  metadata.orientation = orientation;
  if (metadata.dpi_x <= 0 || metadata.dpi_y <= 0) {
    const auto resolution = exif_resolution(metadata.exif).value_or(Resolution{0, 0});
    metadata.dpi_x = resolution.x;
    metadata.dpi_y = resolution.y;
  }
  metadata.exif = upright_exif(metadata.exif);
  metadata.xmp = upright_xmp(std::move(metadata.xmp));
  if (swaps_sides(orientation)) std::swap(metadata.dpi_x, metadata.dpi_y);
  return metadata;
}

Metadata turned_metadata(Metadata metadata, int orientation) {
  if (orientation == 1) return metadata;
  metadata.exif = with_orientation(std::move(metadata.exif), orientation);
  if (swaps_sides(orientation)) std::swap(metadata.dpi_x, metadata.dpi_y);
  return metadata;
}

}  // namespace io

std::string format_name(Format format) { return io::codec_of(format).name; }

ImageInfo probe(std::span<const std::uint8_t> bytes, const Limits& limits) {
  io::Header header = io::codec_of(io::format_of(bytes, limits)).probe(bytes, limits);
  if (io::swaps_sides(header.orientation)) std::swap(header.info.height, header.info.width);
  return header.info;
}

Image decode(std::span<const std::uint8_t> bytes, const ReadOptions& options) {
  const io::Codec& codec = io::codec_of(io::format_of(bytes, options.limits));
  io::Unturned stored = io::decode_unturned(bytes, codec, options);
  return io::apply_orientation(std::move(stored.image), stored.orientation);
}

Metadata read_metadata(std::span<const std::uint8_t> bytes, const Limits& limits) {
  const io::Codec& codec = io::codec_of(io::format_of(bytes, limits));
  const int orientation = codec.probe(bytes, limits).orientation;
  return io::upright_metadata(codec.metadata(bytes, limits), orientation);
}

}  // namespace colorlab
