// One decoder per format, behind decode.cpp; each tells its orientation and leaves the pixels as
// stored.
#pragma once

#include <string>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "colorlab/metadata.hpp"
#include "io/file.hpp"
#include "io/sniff.hpp"

namespace colorlab::io {

// What the samples of a file mean, alpha aside.
enum class ColorModel : std::uint8_t { grey, rgb, cmyk };

// What a header says, before the orientation is applied.
struct Header {
  ImageInfo info;
  int orientation = 1;
  ColorModel model = ColorModel::rgb;

  friend bool operator==(const Header&, const Header&) = default;
};

// Pixels as stored: 1 or 2 channels of grey, 3 or 4 of RGB, or 4 inks (0 is no ink).
struct Stored {
  Image image;
  ColorModel model = ColorModel::rgb;
};

[[nodiscard]] Header probe_jpeg(Bytes bytes, const Limits& limits);
[[nodiscard]] Header probe_png(Bytes bytes, const Limits& limits);
[[nodiscard]] Header probe_webp(Bytes bytes, const Limits& limits);
[[nodiscard]] Header probe_tiff(Bytes bytes, const Limits& limits);
[[nodiscard]] Header probe_bmp(Bytes bytes, const Limits& limits);

// Any channels that fit_mode can turn into `options.mode`.
[[nodiscard]] Stored decode_jpeg(Bytes bytes, const ReadOptions& options);
[[nodiscard]] Stored decode_png(Bytes bytes, const ReadOptions& options);
[[nodiscard]] Stored decode_webp(Bytes bytes, const ReadOptions& options);
[[nodiscard]] Stored decode_tiff(Bytes bytes, const ReadOptions& options);
[[nodiscard]] Stored decode_bmp(Bytes bytes, const ReadOptions& options);

// One codec: its functions, and what else it can tell.
struct Codec {
  const char* name;
  Header (*probe)(Bytes, const Limits&);
  Stored (*decode)(Bytes, const ReadOptions&);
  Metadata (*metadata)(Bytes, const Limits&);
};
[[nodiscard]] const Codec& codec_of(Format format);

// What `decode` gives before it is turned.
struct Unturned {
  Image image;
  int orientation = 1;
};
[[nodiscard]] Unturned decode_unturned(Bytes bytes, const Codec& codec, const ReadOptions& options);

// Everything but pixels, as the file holds it: EXIF and XMP still with their orientation.
[[nodiscard]] Metadata metadata_of_jpeg(Bytes bytes, const Limits& limits);
[[nodiscard]] Metadata metadata_of_png(Bytes bytes, const Limits& limits);
[[nodiscard]] Metadata metadata_of_webp(Bytes bytes, const Limits& limits);
[[nodiscard]] Metadata metadata_of_tiff(Bytes bytes, const Limits& limits);
[[nodiscard]] Metadata metadata_of_bmp(Bytes bytes, const Limits& limits);

// What `read_metadata` makes of a file's own blocks: they fit upright pixels.
[[nodiscard]] Metadata upright_metadata(Metadata metadata, int orientation);
// The same blocks for pixels that are still to be turned: EXIF says so, and DPI is theirs.
[[nodiscard]] Metadata turned_metadata(Metadata metadata, int orientation);

// The format of the bytes; throws Error(unsupported_format | truncated_image | image_too_large).
[[nodiscard]] Format format_of(const ByteSource& source, const Limits& limits);

// Brings 1..4 channels to what the mode promises: alpha dropped, grey repeated, colour to BT.601
// luma.
[[nodiscard]] Image fit_mode(Image image, ReadMode mode);

// Throws Error(image_too_large) before anything of that size is allocated; sides of 0 are corrupt.
void check_size(std::size_t height, std::size_t width, std::size_t channels, Depth depth,
                const Limits& limits);

[[nodiscard]] Error truncated_error(const std::string& what);
[[nodiscard]] Error corrupt_error(const std::string& what);
[[nodiscard]] Error unsupported_error(const std::string& what);

}  // namespace colorlab::io
