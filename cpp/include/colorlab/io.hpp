// Files to pixels and back. Formats are told by their first bytes, never by the file's name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "colorlab/image.hpp"
#include "colorlab/limits.hpp"

namespace colorlab {

enum class Format : std::uint8_t { jpeg, png, webp };
enum class ReadMode : std::uint8_t {
  rgb,        // 3 channels, whatever the file holds; alpha is dropped
  grey,       // 1 channel as displayed luma; colour files are converted by the decoder (BT.601)
  unchanged,  // the channels the file holds: 1, 2, 3 or 4 (palettes expanded)
};
enum class OnTruncated : std::uint8_t { error, fill };

struct ImageInfo {
  Format format{};
  std::size_t height = 0, width = 0, channels = 0;
  Depth depth = Depth::u8;
  bool animated = false;  // more frames than the one that is read
};

struct ReadOptions {
  ReadMode mode = ReadMode::rgb;
  // fill: a truncated file gives what was decoded; the rest is zero (a progressive JPEG: coarse).
  OnTruncated on_truncated = OnTruncated::error;
  Limits limits{};
  // 1, 2, 4 or 8: a JPEG comes back so many times smaller (sides rounded up), which is cheaper than
  // shrinking it afterwards; other formats keep their size.
  unsigned reduce = 1;
};

struct WriteOptions {
  int quality = 92;        // JPEG 1..100
  int compression = 4;     // PNG deflate level 0..9
  bool overwrite = false;  // else an existing file is Error(output_exists)
};

[[nodiscard]] std::string format_name(Format format);  // "jpeg", "png", "webp"

// Header only: allocates no pixels. Throws as `decode` would for what the header tells.
[[nodiscard]] ImageInfo probe(std::span<const std::uint8_t> bytes, const Limits& limits);
// EXIF orientation is applied to the pixels of `decode`; `probe` gives the size after it.
[[nodiscard]] Image decode(std::span<const std::uint8_t> bytes, const ReadOptions& options);
// 1 or 3 channels, sides up to 65,500; chroma is stored at full resolution from quality 90 on.
[[nodiscard]] std::vector<std::uint8_t> encode_jpeg(ImageView<const std::uint8_t> image,
                                                    int quality);
template <class T>  // std::uint8_t, std::uint16_t; 1..4 channels
[[nodiscard]] std::vector<std::uint8_t> encode_png(ImageView<const T> image, int compression);

// A whole file; Error(file_not_found | input_unreadable | image_too_large) names it.
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                                  const Limits& limits);
// All or nothing: temporary file in the same folder, fsync, rename (link when it must not replace).
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
                           bool overwrite);

}  // namespace colorlab
