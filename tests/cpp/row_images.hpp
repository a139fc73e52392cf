// Images as rows and files, for the tests of both.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

#include "colorlab/row_files.hpp"

namespace colorlab::testing {

inline Image noise(std::size_t height, std::size_t width, std::size_t channels, Depth depth) {
  std::mt19937 random(7);
  Image image(height, width, channels, depth);
  for (std::size_t i = 0; i < image.bytes(); ++i) {
    image.data()[i] = static_cast<std::byte>(random());
  }
  return image;
}

inline Image rows_of(const Image& image, std::size_t first, std::size_t rows) {
  Image part(rows, image.width(), image.channels(), image.depth());
  std::memcpy(part.data(), image.data() + first * (image.bytes() / image.height()), part.bytes());
  return part;
}

inline bool equal(const Image& a, const Image& b) {
  return a.height() == b.height() && a.width() == b.width() && a.channels() == b.channels() &&
         a.depth() == b.depth() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

inline Image all_rows(RowReader& reader) {
  const RowShape shape = reader.shape();
  Image all(shape.height, shape.width, shape.channels, shape.depth);
  std::size_t at = 0;
  for (Image band = reader.next(nullptr); band.height() > 0; band = reader.next(nullptr)) {
    REQUIRE(at + band.bytes() <= all.bytes());
    std::memcpy(all.data() + at, band.data(), band.bytes());
    at += band.bytes();
  }
  CHECK(at == all.bytes());
  return all;
}

inline void write(const std::filesystem::path& path, Format format, const Image& image,
                  std::size_t band, RowWriteOptions options = {}) {
  options.overwrite = true;
  const RowShape shape{image.height(), image.width(), image.channels(), image.depth()};
  RowWriter writer(path, format, shape, options);
  for (std::size_t y = 0; y < image.height(); y += band) {
    writer.write(rows_of(image, y, std::min(band, image.height() - y)), nullptr);
  }
  writer.finish();
}

inline std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path) {
  return read_file(path, {});
}

}  // namespace colorlab::testing
