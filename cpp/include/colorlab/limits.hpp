// What a decoder may be asked to do before it refuses; on by default, because files lie.
#pragma once

#include <cstddef>
#include <cstdint>

namespace colorlab {

struct Limits {
  std::uint64_t max_pixels = 178'956'970;        // in memory, as Pillow's error threshold
  std::uint32_t max_side = 1U << 17;             // 131,072
  std::uint64_t max_file_bytes = 2ULL << 30;     // 2 GiB of compressed data
  std::uint64_t max_decoded_bytes = 2ULL << 30;  // 2 GiB of pixels
  int max_jpeg_scans = 100;                      // progressive files may hold thousands
  std::size_t max_metadata_bytes = 8U << 20;     // one PNG chunk, ICC or EXIF block
};

}  // namespace colorlab
