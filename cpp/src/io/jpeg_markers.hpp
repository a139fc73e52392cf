// A JPEG's metadata markers, read and written.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "colorlab/metadata.hpp"
#include "io/file.hpp"
#include "io/sniff.hpp"

namespace colorlab::io {

inline constexpr std::uint8_t kApp0 = 0xE0, kApp1 = 0xE1, kApp2 = 0xE2, kApp13 = 0xED,
                              kComment = 0xFE;

// Calls `visit` with each marker up to the first scan and its data, cut where the file ends. False
// when the bytes end before that scan.
bool for_each_marker(Bytes bytes, const std::function<void(std::uint8_t, Bytes)>& visit);

// The bytes in front of the first scan, and perhaps more; in `held` unless they are in memory.
// Of a file with an enormous header, its first part.
[[nodiscard]] std::span<const std::uint8_t> jpeg_head(const ByteSource& source,
                                                      const Limits& limits,
                                                      std::vector<std::uint8_t>& held);

// The EXIF orientation alone.
[[nodiscard]] int jpeg_orientation(Bytes bytes, const Limits& limits);

// One marker's data, ready for jpeg_write_marker.
struct Marker {
  std::uint8_t code;
  std::vector<std::uint8_t> data;
};

// What carries the metadata in a JPEG, in the order that readers expect (EXIF first). Blocks that
// cannot be split and are over 65,533 bytes are left out: EXIF and XMP.
[[nodiscard]] std::vector<Marker> markers_of(const Metadata& metadata);

}  // namespace colorlab::io
