// Files to pixels and back. Formats are told by their first bytes, never by the file's name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "colorlab/image.hpp"
#include "colorlab/limits.hpp"
#include "colorlab/metadata.hpp"

namespace colorlab {

enum class Format : std::uint8_t { jpeg, png, webp, tiff, bmp };
enum class ReadMode : std::uint8_t {
  rgb,        // 3 channels, whatever the file holds; alpha is dropped
  grey,       // 1 channel as displayed luma; colour files are converted by the decoder (BT.601)
  unchanged,  // the channels the file holds: 1, 2, 3 or 4 (palettes expanded)
};
enum class Colors : std::uint8_t {
  srgb,    // through the file's ICC profile, relative colorimetric; without a usable one: as sRGB
  stored,  // the samples as the file stores them; CMYK by the plain formula
};
enum class OnTruncated : std::uint8_t { error, fill };

struct ImageInfo {
  Format format{};
  std::size_t height = 0, width = 0, channels = 0;
  Depth depth = Depth::u8;
  bool animated = false;  // more frames or pages than the first, which is the one that is read

  friend bool operator==(const ImageInfo&, const ImageInfo&) = default;
};

struct ReadOptions {
  ReadMode mode = ReadMode::rgb;
  Colors colors = Colors::srgb;
  // fill: a truncated file gives what was decoded; the rest is zero (a progressive JPEG: coarse).
  OnTruncated on_truncated = OnTruncated::error;
  Limits limits{};
  // 1, 2, 4 or 8: a JPEG comes back so many times smaller (sides rounded up), which is cheaper than
  // shrinking it afterwards; other formats keep their size.
  unsigned reduce = 1;
};

[[nodiscard]] std::string format_name(Format format);  // "jpeg", "png", "webp", "tiff", "bmp"

// Header only: allocates no pixels. Throws as `decode` would for what the header tells.
[[nodiscard]] ImageInfo probe(std::span<const std::uint8_t> bytes, const Limits& limits);
// EXIF orientation is applied to the pixels of `decode`; `probe` gives the size after it.
[[nodiscard]] Image decode(std::span<const std::uint8_t> bytes, const ReadOptions& options);

// Encoders write `metadata` as it is: its ICC profile is the one that the pixels are in, its EXIF
// must say orientation 1, as read_metadata's does. What a format cannot carry is left out.

// 1 or 3 channels, sides up to 65,500; chroma is stored at full resolution from quality 90 on.
[[nodiscard]] std::vector<std::uint8_t> encode_jpeg(ImageView<const std::uint8_t> image,
                                                    int quality, const Metadata& metadata = {});
template <class T>  // std::uint8_t, std::uint16_t; 1..4 channels
[[nodiscard]] std::vector<std::uint8_t> encode_png(ImageView<const T> image, int compression,
                                                   const Metadata& metadata = {});
// Deflate with horizontal differencing at level 1..9, or none at 0; strips of about 256 KiB.
// BigTIFF where 4 GiB may not be enough.
template <class T>  // std::uint8_t, std::uint16_t; 1..4 channels
[[nodiscard]] std::vector<std::uint8_t> encode_tiff(ImageView<const T> image, int compression,
                                                    const Metadata& metadata = {});
// 3 or 4 channels, sides up to 16,383. Quality 1..100, or lossless (then quality is not used).
[[nodiscard]] std::vector<std::uint8_t> encode_webp(ImageView<const std::uint8_t> image,
                                                    int quality, bool lossless,
                                                    const Metadata& metadata = {});

// sRGB's ICC profile, for Metadata::icc: one of grey for 1 and 2 channels, of RGB for 3 and 4.
[[nodiscard]] const std::vector<std::uint8_t>& srgb_icc(std::size_t channels);
// sRGB pixels (3 or 4 channels) in the colours of an RGB profile: to write a photo in the profile
// that it came with. Error(invalid_argument) when the profile cannot be used for that.
[[nodiscard]] Image srgb_to_icc(Image image, std::span<const std::uint8_t> icc);

// A whole file; Error(file_not_found | input_unreadable | image_too_large) names it.
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                                  const Limits& limits);
// What a new file is given besides its bytes.
struct FileAttributes {
  std::optional<unsigned> permissions;  // 0..07777; else those of the file replaced, if any
  std::optional<std::int64_t> modified_nanoseconds;  // since 1970; else now
};
// All or nothing: temporary file in the same folder, fsync, rename (link when it must not replace).
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
                           bool overwrite, const FileAttributes& attributes = {});

}  // namespace colorlab
