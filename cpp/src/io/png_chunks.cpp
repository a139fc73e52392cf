#include "io/png_chunks.hpp"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "io/exif.hpp"
#include "io/photoshop.hpp"
#include "io/row_decoder.hpp"

namespace colorlab::io {
namespace {

using namespace std::string_view_literals;

std::string_view text_of(Bytes data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

// A zlib stream unpacked; empty when it is broken or unpacks to more than `most`.
std::vector<std::uint8_t> inflated(Bytes packed, std::size_t most) {
  std::vector<std::uint8_t> out;
  z_stream stream{};
  if (packed.size() > 0xFFFFFFFFU || inflateInit(&stream) != Z_OK) return out;
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int status = Z_OK;
  while (status == Z_OK && out.size() <= most) {
    constexpr std::size_t kStep = 1U << 16;
    const std::size_t had = out.size();
    out.resize(had + kStep);
    stream.next_out = out.data() + had;
    stream.avail_out = kStep;
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(had + kStep - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || out.size() > most) out.clear();
  return out;
}

struct Text {
  std::string_view keyword;
  std::vector<std::uint8_t> value;
};

bool is_raw_exif(std::string_view keyword) {
  return keyword == "Raw profile type exif" || keyword == "Raw profile type APP1";
}

// The keywords that are of use here; others are not unpacked.
bool is_wanted(std::string_view keyword) {
  return keyword == "XML:com.adobe.xmp" || keyword == "Comment" ||
         keyword == "Raw profile type iptc" || is_raw_exif(keyword);
}

// tEXt, zTXt and iTXt: a keyword, a zero byte, and the value packed or not.
Text text_chunk(std::string_view type, Bytes data, const Limits& limits) {
  const std::string_view all = text_of(data);
  const std::size_t end = all.find('\0');
  if (end == std::string_view::npos || !is_wanted(all.substr(0, end))) return {};
  std::size_t at = end + 1;
  bool packed = type == "zTXt";
  if (packed) ++at;  // the method, always deflate
  if (type == "iTXt") {
    if (data.size() < at + 2) return {};
    packed = data[at] == 1;
    at += 2;
    for (int skipped = 0; skipped < 2; ++skipped) {  // language, translated keyword
      const std::size_t zero = all.find('\0', at);
      if (zero == std::string_view::npos) return {};
      at = zero + 1;
    }
  }
  if (at > data.size()) return {};
  const Bytes value = data.subspan(at);
  if (packed) return {all.substr(0, end), inflated(value, limits.max_metadata_bytes)};
  return {all.substr(0, end), {value.begin(), value.end()}};
}

// ImageMagick's "Raw profile type": a name, a decimal size, and hexadecimal digits, by lines.
std::vector<std::uint8_t> raw_profile(const std::vector<std::uint8_t>& text) {
  const std::string_view all = text_of(text);
  std::vector<std::uint8_t> bytes;
  std::size_t at = all.find_first_not_of('\n');
  for (int line = 0; line < 2 && at != std::string_view::npos; ++line) {
    at = all.find('\n', at);
    if (at != std::string_view::npos) ++at;
  }
  int high = -1;
  for (; at < all.size(); ++at) {
    const auto c = static_cast<unsigned char>(all[at]);
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

void take_text(Text text, Metadata& metadata) {
  if (text.keyword == "XML:com.adobe.xmp") {
    if (metadata.xmp.empty()) metadata.xmp = std::move(text.value);
  } else if (text.keyword == "Comment") {
    if (metadata.comment.empty()) metadata.comment.assign(text.value.begin(), text.value.end());
  } else if (text.keyword == "Raw profile type iptc") {
    const std::vector<std::uint8_t> profile = raw_profile(text.value);
    metadata.iptc = text_of(profile).starts_with("8BIM") ? iptc_of_photoshop(profile) : profile;
  } else if (is_raw_exif(text.keyword)) {
    const std::vector<std::uint8_t> profile = raw_profile(text.value);
    if (metadata.exif.empty() && text_of(profile).starts_with("Exif\0"sv)) metadata.exif = profile;
  }
}

}  // namespace

std::uint32_t big_endian(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

// The checksum stands right behind the data, and the type right before.
bool is_intact(Bytes data) {
  return chunk_checksum({data.data() - 4, data.size() + 4}) ==
         big_endian(data.data() + data.size());
}

void for_each_chunk(Bytes bytes, const std::function<void(std::string_view, Bytes)>& visit) {
  constexpr std::size_t kSignature = 8, kFrame = 12;  // length, type and CRC around the data
  std::size_t at = kSignature;
  while (at <= bytes.size() && bytes.size() - at >= kFrame) {
    const std::size_t size = big_endian(&bytes[at]);
    if (size > bytes.size() - at - kFrame) break;
    const std::string_view type = text_of(bytes.subspan(at + 4, 4));
    if (type == "IEND") break;
    visit(type, bytes.subspan(at + 8, size));
    at += kFrame + size;
  }
}

std::span<const std::uint8_t> png_without_pixels(const ByteSource& source, const Limits& limits,
                                                 std::vector<std::uint8_t>& held) {
  if (source.in_memory()) return source.bytes();
  constexpr std::size_t kSignature = 8, kFrame = 12;
  const std::size_t most = 16 * std::min(limits.max_metadata_bytes, kMostChunkBytes);
  held.resize(kSignature);
  (void)source.read_at(0, held.data(), kSignature);
  std::uint8_t head[8] = {};
  for (std::uint64_t at = kSignature; source.read_at(at, head, 8) == 8;) {
    const std::size_t size = big_endian(head), had = held.size();
    if (source.size() - at < kFrame || size > source.size() - at - kFrame) break;
    const std::string_view type(reinterpret_cast<const char*>(head) + 4, 4);
    if (type != "IDAT" && size <= limits.max_metadata_bytes && had + size <= most) {
      held.resize(had + kFrame + size);
      held.resize(had + source.read_at(at, &held[had], kFrame + size));
    }
    if (type == "IEND") break;
    at += kFrame + size;
  }
  return held;
}

Metadata png_metadata(const ByteSource& source, const Limits& limits) {
  std::vector<std::uint8_t> held;
  return metadata_of_png(png_without_pixels(source, limits, held), limits);
}

bool is_animated_png(Bytes bytes) {
  bool animated = false;
  for_each_chunk(bytes, [&](std::string_view type, Bytes data) {
    if (type == "acTL" && data.size() == 8) animated = big_endian(data.data()) > 1;
  });
  return animated;
}

Metadata metadata_of_png(Bytes bytes, const Limits& limits) {
  Metadata metadata;
  Limits rest = limits;  // what packed blocks may still unpack to, all together
  const auto spent = [&rest](std::size_t size) { rest.max_metadata_bytes -= size; };
  for_each_chunk(bytes, [&](std::string_view type, Bytes data) {
    if (type == "IDAT" || data.size() > limits.max_metadata_bytes || !is_intact(data)) return;
    if (type == "eXIf") {
      metadata.exif.assign(data.begin(), data.end());
    } else if (type == "iCCP" && metadata.icc.empty()) {
      const std::size_t end = text_of(data).find('\0');
      if (end == std::string_view::npos || data.size() < end + 2) return;
      metadata.icc = inflated(data.subspan(end + 2), rest.max_metadata_bytes);
      spent(metadata.icc.size());
    } else if (type == "pHYs" && data.size() == 9 && data[8] == 1) {  // dots per metre
      const auto dpi = [&](std::size_t at) {
        return std::round(big_endian(&data[at]) * 2.54) / 100.0;
      };
      metadata.dpi_x = dpi(0);
      metadata.dpi_y = dpi(4);
    } else if (type == "tEXt" || type == "zTXt" || type == "iTXt") {
      Text text = text_chunk(type, data, rest);
      spent(std::min(text.value.size(), rest.max_metadata_bytes));
      take_text(std::move(text), metadata);
    }
  });
  return metadata;
}

}  // namespace colorlab::io
