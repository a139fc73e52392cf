// One decoder per format, behind decode.cpp; each tells its orientation and leaves the pixels as
// stored.
#pragma once

#include <string>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "io/sniff.hpp"

namespace colorlab::io {

// What a header says, before the orientation is applied.
struct Header {
  ImageInfo info;
  int orientation = 1;
};

[[nodiscard]] Header probe_jpeg(Bytes bytes, const Limits& limits);
[[nodiscard]] Header probe_png(Bytes bytes, const Limits& limits);
[[nodiscard]] Header probe_webp(Bytes bytes, const Limits& limits);

// Pixels as stored, in any channel count that fit_mode can turn into `options.mode`.
[[nodiscard]] Image decode_jpeg(Bytes bytes, const ReadOptions& options);
[[nodiscard]] Image decode_png(Bytes bytes, const ReadOptions& options);
[[nodiscard]] Image decode_webp(Bytes bytes, const ReadOptions& options);

// Brings 1..4 channels to what the mode promises: alpha dropped, grey repeated, colour to BT.601
// luma.
[[nodiscard]] Image fit_mode(Image image, ReadMode mode);

// The EXIF orientation of a JPEG, found by walking its markers.
[[nodiscard]] int jpeg_orientation(Bytes bytes, const Limits& limits);

// Throws Error(image_too_large) before anything of that size is allocated; sides of 0 are corrupt.
void check_size(std::size_t height, std::size_t width, std::size_t channels, Depth depth,
                const Limits& limits);

[[nodiscard]] Error truncated_error(const std::string& what);
[[nodiscard]] Error corrupt_error(const std::string& what);
[[nodiscard]] Error unsupported_error(const std::string& what);

}  // namespace colorlab::io
