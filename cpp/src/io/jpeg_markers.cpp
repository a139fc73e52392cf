// Walks a JPEG's markers up to its pixels, for the EXIF block only.
#include <algorithm>
#include <cstring>

#include "io/codec.hpp"
#include "io/exif.hpp"

namespace colorlab::io {

int jpeg_orientation(Bytes bytes, const Limits& limits) {
  constexpr std::uint8_t kApp1 = 0xE1, kStartOfScan = 0xDA, kEndOfImage = 0xD9;
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (bytes[at] != 0xFF) {  // garbage between markers, as libjpeg tolerates
      ++at;
      continue;
    }
    const std::uint8_t marker = bytes[at + 1];
    if (marker == kStartOfScan || marker == kEndOfImage) return 1;
    if (marker == 0xFF || marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += marker == 0xFF ? 1 : 2;
      continue;
    }
    const std::size_t length = static_cast<std::size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    if (length < 2) return 1;
    const std::size_t start = at + 4;
    const std::size_t size = std::min(length - 2, bytes.size() - start);
    if (marker == kApp1 && size >= 6 && std::memcmp(bytes.data() + start, "Exif\0", 5) == 0) {
      return size <= limits.max_metadata_bytes ? exif_orientation(bytes.subspan(start, size)) : 1;
    }
    at = start + length - 2;
  }
  return 1;
}

}  // namespace colorlab::io
