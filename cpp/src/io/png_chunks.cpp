#include "io/png_chunks.hpp"

#include <zlib.h>

#include <cstring>

#include "io/exif.hpp"

namespace colorlab::io {
namespace {

std::uint32_t big_endian(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

}  // namespace

PngNotes png_notes(Bytes bytes, const Limits& limits) {
  constexpr std::size_t kSignature = 8, kFrame = 12;  // length, type and CRC around the data
  PngNotes notes;
  std::size_t at = kSignature;
  while (at <= bytes.size() && bytes.size() - at >= kFrame) {
    const std::size_t size = big_endian(&bytes[at]);
    if (size > bytes.size() - at - kFrame) break;
    const std::uint8_t* type = &bytes[at + 4];
    const Bytes data = bytes.subspan(at + 8, size);
    const auto is = [type](const char* name) { return std::memcmp(type, name, 4) == 0; };
    if (is("IEND")) break;
    if (is("acTL") && size == 8) notes.animated = big_endian(data.data()) > 1;
    if (is("eXIf") && size <= limits.max_metadata_bytes &&
        crc32(0, type, static_cast<uInt>(size + 4)) == big_endian(data.data() + size)) {
      notes.orientation = exif_orientation(data);
    }
    at += kFrame + size;
  }
  return notes;
}

}  // namespace colorlab::io
