// PNG chunks written, and metadata as such.
#include <libdeflate.h>
#include <zlib.h>

#include <cmath>
#include <string>
#include <string_view>

#include "io/color_profile.hpp"
#include "io/photoshop.hpp"
#include "io/png_chunks.hpp"

namespace colorlab::io {
namespace {

using namespace std::string_view_literals;

void append(std::vector<std::uint8_t>& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

void append_deflated(std::vector<std::uint8_t>& out, Bytes data) {
  uLongf size = compressBound(static_cast<uLong>(data.size()));
  const std::size_t had = out.size();
  out.resize(had + size);
  if (compress2(out.data() + had, &size, data.data(), static_cast<uLong>(data.size()), 6) != Z_OK) {
    throw Error(ErrorCode::image_too_large, "there is not enough memory for the PNG");
  }
  out.resize(had + size);
}

PngChunk profile_chunk(Bytes icc) {
  PngChunk chunk{"iCCP", {}};
  append(chunk.data, "ICC profile\0\0"sv);  // name, end, method deflate
  append_deflated(chunk.data, icc);
  return chunk;
}

PngChunk density_chunk(double dpi_x, double dpi_y) {
  PngChunk chunk{"pHYs", {}};
  for (const double dpi : {dpi_x, dpi_y}) {
    append_big_endian(chunk.data, static_cast<std::uint32_t>(std::lround(dpi / 0.0254)));
  }
  chunk.data.push_back(1);  // per metre
  return chunk;
}

// PNG has no place for IPTC: ImageMagick's way, which other tools read.
PngChunk iptc_chunk(Bytes iptc) {
  PngChunk chunk{"zTXt", {}};
  append(chunk.data, "Raw profile type iptc\0\0"sv);
  const std::vector<std::uint8_t> block = photoshop_of_iptc(iptc);
  std::string text = "\niptc\n" + std::to_string(block.size()) + "\n";
  constexpr auto kDigits = "0123456789abcdef"sv;
  for (std::size_t i = 0; i < block.size(); ++i) {
    text += kDigits[block[i] >> 4];
    text += kDigits[block[i] & 15];
    if (i % 36 == 35) text += '\n';
  }
  text += '\n';
  append_deflated(chunk.data,
                  Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  return chunk;
}

PngChunk text_chunk(std::string_view type, std::string_view start, Bytes value) {
  PngChunk chunk{type, {}};
  append(chunk.data, start);
  chunk.data.insert(chunk.data.end(), value.begin(), value.end());
  return chunk;
}

}  // namespace

void append_big_endian(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint32_t chunk_checksum(Bytes type_and_data) {
  return libdeflate_crc32(0, type_and_data.data(), type_and_data.size());
}

void append_chunk(std::vector<std::uint8_t>& out, std::string_view type, Bytes data) {
  append_big_endian(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = out.size();
  append(out, type);
  out.insert(out.end(), data.begin(), data.end());
  append_big_endian(out, chunk_checksum(Bytes(out).subspan(start)));
}

std::vector<PngChunk> chunks_of(const Metadata& metadata) {
  std::vector<PngChunk> chunks;
  // PNG has a byte for plain sRGB, for grey too.
  if (metadata.icc == srgb_icc(3) || metadata.icc == srgb_icc(1)) {
    chunks.push_back({"sRGB", {1}});  // relative colorimetric
  } else if (!metadata.icc.empty()) {
    chunks.push_back(profile_chunk(metadata.icc));
  }
  if (metadata.dpi_x > 0 && metadata.dpi_y > 0 && metadata.dpi_x < 1e7 && metadata.dpi_y < 1e7) {
    chunks.push_back(density_chunk(metadata.dpi_x, metadata.dpi_y));
  }
  if (!metadata.exif.empty()) chunks.push_back({"eXIf", metadata.exif});
  if (!metadata.xmp.empty()) {
    // keyword, end, not packed, method, no language, no translated keyword
    chunks.push_back(text_chunk("iTXt", "XML:com.adobe.xmp\0\0\0\0\0"sv, metadata.xmp));
  }
  if (!metadata.iptc.empty()) chunks.push_back(iptc_chunk(metadata.iptc));
  if (!metadata.comment.empty()) {
    const auto* text = reinterpret_cast<const std::uint8_t*>(metadata.comment.data());
    chunks.push_back(text_chunk("tEXt", "Comment\0"sv, Bytes(text, metadata.comment.size())));
  }
  return chunks;
}

}  // namespace colorlab::io
