#include "io/jpeg_markers.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include "io/codec.hpp"
#include "io/exif.hpp"
#include "io/photoshop.hpp"
#include "io/row_decoder.hpp"

namespace colorlab::io {
namespace {

using namespace std::string_view_literals;

constexpr auto kExif = "Exif\0\0"sv, kXmp = "http://ns.adobe.com/xap/1.0/\0"sv,
               kIcc = "ICC_PROFILE\0"sv, kPhotoshop = "Photoshop 3.0\0"sv, kJfif = "JFIF\0"sv;
constexpr std::size_t kMarkerBytes = 65533;  // what one marker holds

bool starts_with(Bytes data, std::string_view text) {
  return data.size() >= text.size() && std::memcmp(data.data(), text.data(), text.size()) == 0;
}

std::vector<std::uint8_t> copy(Bytes data) { return {data.begin(), data.end()}; }

// The pieces of an ICC profile; it is there only when each of them is, once.
class IccPieces {
 public:
  void add(Bytes data) {  // after "ICC_PROFILE\0": number, count, piece
    if (data.size() < 2 || data[0] == 0 || data[0] > data[1]) return;
    if (count_ == 0) count_ = data[1];
    broken_ = broken_ || data[1] != count_ || !pieces_.emplace(data[0], data.subspan(2)).second;
  }
  [[nodiscard]] std::vector<std::uint8_t> profile(std::size_t most) const {
    std::vector<std::uint8_t> icc;
    if (broken_ || pieces_.size() != count_) return icc;
    for (const auto& [number, piece] : pieces_) {
      if (piece.size() > most - icc.size()) return {};
      icc.insert(icc.end(), piece.begin(), piece.end());
    }
    return icc;
  }

 private:
  std::map<std::uint8_t, Bytes> pieces_;
  std::size_t count_ = 0;
  bool broken_ = false;
};

void read_density(Bytes jfif, Metadata& metadata) {  // "JFIF\0", version 2, unit 1, x 2, y 2
  if (jfif.size() < 12) return;
  const double x = jfif[8] << 8 | jfif[9], y = jfif[10] << 8 | jfif[11];
  const double per_inch = jfif[7] == 1 ? 1.0 : jfif[7] == 2 ? 2.54 : 0.0;
  metadata.dpi_x = x * per_inch;
  metadata.dpi_y = y * per_inch;
}

}  // namespace

bool for_each_marker(Bytes bytes, const std::function<void(std::uint8_t, Bytes)>& visit) {
  constexpr std::uint8_t kStartOfScan = 0xDA, kEndOfImage = 0xD9;
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (bytes[at] != 0xFF) {  // garbage between markers, as libjpeg tolerates
      ++at;
      continue;
    }
    const std::uint8_t marker = bytes[at + 1];
    if (marker == kStartOfScan || marker == kEndOfImage) return true;
    if (marker == 0xFF || marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += marker == 0xFF ? 1 : 2;
      continue;
    }
    const std::size_t length = static_cast<std::size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    if (length < 2) return true;
    const std::size_t start = at + 4;
    visit(marker, bytes.subspan(start, std::min(length - 2, bytes.size() - start)));
    at = start + length - 2;
  }
  return false;
}

std::span<const std::uint8_t> jpeg_head(const ByteSource& source, const Limits& limits,
                                        std::vector<std::uint8_t>& held) {
  if (source.in_memory()) return source.bytes();
  const std::size_t most = 4 * std::min(limits.max_metadata_bytes, std::size_t{1} << 40);
  for (std::size_t size = std::size_t{1} << 16;; size *= 2) {
    const Bytes head = source.first(size, held);
    if (head.size() < size || size >= most) return head;
    if (for_each_marker(head, [](std::uint8_t, Bytes) {})) return head;
  }
}

Metadata jpeg_metadata(const ByteSource& source, const Limits& limits) {
  std::vector<std::uint8_t> held;
  return metadata_of_jpeg(jpeg_head(source, limits, held), limits);
}

int jpeg_orientation(Bytes bytes, const Limits& limits) {
  int orientation = 1;
  bool seen = false;
  for_each_marker(bytes, [&](std::uint8_t code, Bytes data) {
    if (seen || code != kApp1 || !starts_with(data, kExif.substr(0, 5))) return;
    seen = true;
    if (data.size() <= limits.max_metadata_bytes) orientation = exif_orientation(data);
  });
  return orientation;
}

Metadata metadata_of_jpeg(Bytes bytes, const Limits& limits) {
  Metadata metadata;
  IccPieces icc;
  std::vector<std::uint8_t> photoshop;
  for_each_marker(bytes, [&](std::uint8_t code, Bytes data) {
    if (data.size() > limits.max_metadata_bytes) return;
    if (code == kApp0 && starts_with(data, kJfif)) {
      read_density(data, metadata);
    } else if (code == kApp1 && metadata.exif.empty() && starts_with(data, kExif.substr(0, 5))) {
      if (data.size() > kExif.size()) metadata.exif = copy(data.subspan(kExif.size()));
    } else if (code == kApp1 && metadata.xmp.empty() && starts_with(data, kXmp)) {
      metadata.xmp = copy(data.subspan(kXmp.size()));
    } else if (code == kApp2 && starts_with(data, kIcc)) {
      icc.add(data.subspan(kIcc.size()));
    } else if (code == kApp13 && starts_with(data, kPhotoshop)) {
      const Bytes part = data.subspan(kPhotoshop.size());
      if (part.size() <= limits.max_metadata_bytes - photoshop.size()) {
        photoshop.insert(photoshop.end(), part.begin(), part.end());
      }
    } else if (code == kComment && metadata.comment.empty()) {
      metadata.comment.assign(data.begin(), data.end());
    }
  });
  metadata.icc = icc.profile(limits.max_metadata_bytes);
  metadata.iptc = iptc_of_photoshop(photoshop);
  return metadata;
}

std::vector<Marker> markers_of(const Metadata& metadata) {
  std::vector<Marker> markers;
  const auto add = [&markers](std::uint8_t code, std::string_view start, Bytes data) {
    Marker marker{code, {start.begin(), start.end()}};
    marker.data.insert(marker.data.end(), data.begin(), data.end());
    if (marker.data.size() <= kMarkerBytes) markers.push_back(std::move(marker));
  };
  if (!metadata.exif.empty()) add(kApp1, kExif, metadata.exif);
  if (!metadata.xmp.empty()) add(kApp1, kXmp, metadata.xmp);
  if (!metadata.iptc.empty()) add(kApp13, kPhotoshop, photoshop_of_iptc(metadata.iptc));
  constexpr std::size_t kPiece = kMarkerBytes - kIcc.size() - 2;
  const std::size_t pieces = (metadata.icc.size() + kPiece - 1) / kPiece;
  for (std::size_t i = 0; i < pieces && pieces <= 255; ++i) {
    std::string start(kIcc);
    start += static_cast<char>(i + 1);
    start += static_cast<char>(pieces);
    const std::size_t size = std::min(kPiece, metadata.icc.size() - i * kPiece);
    add(kApp2, start, Bytes(metadata.icc).subspan(i * kPiece, size));
  }
  if (!metadata.comment.empty()) add(kComment, metadata.comment, {});
  return markers;
}

}  // namespace colorlab::io
