#include "io/tiff_exif.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "io/tiff_directory.hpp"

namespace colorlab::io {
namespace {

constexpr std::uint16_t kAscii = 2;
constexpr std::uint16_t kTexts[] = {TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_MAKE,     TIFFTAG_MODEL,
                                    TIFFTAG_SOFTWARE,         TIFFTAG_DATETIME, TIFFTAG_ARTIST,
                                    TIFFTAG_HOSTCOMPUTER,     TIFFTAG_COPYRIGHT};

bool is_text(std::uint16_t tag) {
  return std::find(std::begin(kTexts), std::end(kTexts), tag) != std::end(kTexts);
}

bool is_wanted_first(std::uint16_t tag) {
  return is_text(tag) || tag == kExifDirectory || tag == kGpsDirectory;
}

// The machine's byte order, which is the one that libtiff writes.
void turn_bytes(TiffEntry& entry) {
  std::size_t size = tiff_type_size(entry.type);
  if (entry.type == 5 || entry.type == 10) size = 4;  // rationals are pairs
  for (std::size_t i = 0; i + size <= entry.value.size(); i += size) {
    const auto start = entry.value.begin() + static_cast<std::ptrdiff_t>(i);
    std::reverse(start, start + static_cast<std::ptrdiff_t>(size));
  }
}

}  // namespace

void set_exif_tags(TIFF* tiff, TiffSink& sink, bool big, Bytes exif) {
  if (exif.size() < 8 || (exif[0] != 'I' && exif[0] != 'M')) return;
  TiffWalker walker(exif, exif.size());
  constexpr bool kLittle = std::endian::native == std::endian::little;
  if (sink.size() % 2 != 0) sink.write_at(sink.size(), std::vector<std::uint8_t>(1));
  TiffBuilder builder(sink.size(), kLittle, big);
  for (const TiffEntry& entry : walker.directory(walker.first(), is_wanted_first)) {
    if (is_text(entry.tag)) {
      if (entry.type != kAscii) continue;
      const std::string text(entry.value.begin(),
                             std::find(entry.value.begin(), entry.value.end(), 0));
      TIFFSetField(tiff, entry.tag, text.c_str());
      continue;
    }
    std::vector<TiffEntry> inner = walker.directory(walker.number(entry), is_carried);
    if (inner.empty()) continue;
    if (walker.little() != kLittle) std::for_each(inner.begin(), inner.end(), turn_bytes);
    TIFFSetField(tiff, entry.tag, builder.add(std::move(inner)));
  }
  if (!builder.bytes().empty()) sink.write_at(sink.size(), builder.bytes());
}

}  // namespace colorlab::io
