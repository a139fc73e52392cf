// A TIFF's metadata. Its EXIF lies spread over the file: what it says is gathered into a block of
// its own that other formats can carry.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "io/row_decoder.hpp"
#include "io/tiff_directory.hpp"

namespace colorlab::io {
namespace {

constexpr std::uint16_t kXmp = 700, kIptc = 33723, kIcc = 34675;
// Descriptive tags of the first directory: description, make, model, orientation, resolution,
// software, date, artist, host, copyright.
constexpr std::uint16_t kDescriptive[] = {0x010E, 0x010F, 0x0110, 0x0112, 0x011A, 0x011B,
                                          0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298};

bool is_descriptive(std::uint16_t tag) {
  return std::find(std::begin(kDescriptive), std::end(kDescriptive), tag) != std::end(kDescriptive);
}

bool is_wanted_first(std::uint16_t tag) {
  return is_descriptive(tag) || tag == kXmp || tag == kIptc || tag == kIcc ||
         tag == kExifDirectory || tag == kGpsDirectory;
}

}  // namespace

Metadata metadata_of_tiff(Bytes bytes, const Limits& limits) {
  return tiff_metadata(bytes, limits);
}

Metadata tiff_metadata(const ByteSource& source, const Limits& limits) {
  Metadata metadata;
  if (source.size() < 8) return metadata;
  TiffWalker walker(source, limits.max_metadata_bytes);
  TiffBuilder builder(8, walker.little(), false);
  std::vector<TiffEntry> kept;
  std::map<std::uint16_t, std::uint64_t> links;
  for (TiffEntry& entry : walker.directory(walker.first(), is_wanted_first)) {
    if (entry.tag == kXmp) {
      metadata.xmp = std::move(entry.value);
    } else if (entry.tag == kIptc) {
      metadata.iptc = std::move(entry.value);
    } else if (entry.tag == kIcc) {
      metadata.icc = std::move(entry.value);
    } else if (is_descriptive(entry.tag)) {
      kept.push_back(std::move(entry));
    } else {
      auto inner = walker.directory(walker.number(entry), is_carried);
      if (!inner.empty()) links.emplace(entry.tag, builder.add(std::move(inner)));
    }
  }
  if (kept.empty() && links.empty()) return metadata;
  const std::uint64_t first = builder.add(std::move(kept), links);
  metadata.exif = builder.with_header(first);
  return metadata;
}

}  // namespace colorlab::io
