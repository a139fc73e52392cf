#include "io/png_unpack.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "io/png_chunks.hpp"

namespace colorlab::io {
namespace {

constexpr std::size_t kMostBytes = std::size_t{512} << 20;  // of unpacked rows: memory is bounded
constexpr std::size_t kFrame = 12;                          // a chunk's length, type and checksum
constexpr std::uint8_t kEnd[kFrame] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};

// Bytes of all filtered rows by the header; 0 for what is left to libpng.
std::size_t filtered_bytes(Bytes header) {
  const std::size_t width = big_endian(&header[0]), height = big_endian(&header[4]);
  const std::size_t bits = header[8], color = header[9], interlaced = header[12];
  constexpr std::size_t kSamples[] = {1, 0, 3, 1, 2, 0, 4};  // by colour type
  if (color >= std::size(kSamples) || bits > 16 || interlaced != 0) return 0;
  const std::size_t row = (width * kSamples[color] * bits + 7) / 8 + 1;
  return row > 1 && height <= kMostBytes / row ? row * height : 0;
}

// The parts of a flawless file.
struct Parts {
  Bytes start;                // all that stands before the pixels
  Bytes header;               // IHDR
  std::vector<Bytes> packed;  // the pixels
};

std::optional<Parts> parts_of(Bytes png) {
  Parts parts;
  bool good = true;
  std::string_view last;
  std::size_t end = 8;
  for_each_chunk(png, [&](std::string_view type, Bytes data) {
    const bool critical = type[0] >= 'A' && type[0] <= 'Z';
    if (last.empty()) {
      good = type == "IHDR" && data.size() == 13;
      parts.header = data;
    } else if (type == "IDAT") {
      if (parts.packed.empty()) parts.start = png.first(end);
      good = good && (parts.packed.empty() || last == "IDAT");
      parts.packed.push_back(data);
    } else if (critical) {
      good = good && type == "PLTE" && parts.packed.empty();
    }
    good = good && ((!critical && type != "tRNS") || is_intact(data));
    last = type;
    end += data.size() + kFrame;
  });
  good = good && png.size() >= end + kFrame && !parts.packed.empty() &&
         std::equal(std::begin(kEnd), std::end(kEnd), &png[end]);
  if (!good) return std::nullopt;
  return parts;
}

// `packed` unpacked to exactly `size` bytes, else no pixels.
Image unpacked(const std::vector<Bytes>& packed, std::size_t size) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> unpacker(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  Bytes all = packed.front();
  Image joined;
  if (packed.size() > 1) {
    std::size_t total = 0;
    for (const Bytes part : packed) total += part.size();
    joined = Image(1, total, 1, Depth::u8);
    auto* at = joined.view<std::uint8_t>().data;
    for (const Bytes part : packed) at = std::copy(part.begin(), part.end(), at);
    all = {joined.view<std::uint8_t>().data, total};
  }
  Image rows(1, size, 1, Depth::u8);
  if (!unpacker || libdeflate_zlib_decompress(unpacker.get(), all.data(), all.size(), rows.data(),
                                              size, nullptr) != LIBDEFLATE_SUCCESS) {
    return {};
  }
  return rows;
}

}  // namespace

std::optional<UnpackedPng> UnpackedPng::of(Bytes png) {
  const auto parts = parts_of(png);
  const std::size_t size = parts ? filtered_bytes(parts->header) : 0;
  if (size == 0) return std::nullopt;
  Image rows = unpacked(parts->packed, size);
  if (rows.bytes() == 0) return std::nullopt;
  return UnpackedPng(parts->start, std::move(rows));
}

UnpackedPng::UnpackedPng(Bytes start, Image rows) : rows_(std::move(rows)) {
  // Deflate's stored blocks: whether it is the last, the size, and its complement.
  constexpr std::size_t kBlock = 65535, kBlockHeader = 5, kZlibHeader = 2, kAdler = 4;
  const Bytes data(rows_.view<std::uint8_t>().data, rows_.bytes());
  const std::size_t blocks = (data.size() - 1) / kBlock + 1;
  const std::size_t chunk = kZlibHeader + blocks * kBlockHeader + data.size() + kAdler;
  append_big_endian(framing_, static_cast<std::uint32_t>(chunk));
  framing_.insert(framing_.end(), {'I', 'D', 'A', 'T', 0x78, 0x01});
  for (std::size_t at = 0; at < data.size(); at += kBlock) {
    const std::size_t size = std::min(kBlock, data.size() - at);
    const auto low = static_cast<std::uint8_t>(size), high = static_cast<std::uint8_t>(size >> 8);
    framing_.insert(framing_.end(),
                    {static_cast<std::uint8_t>(at + size == data.size()), low, high,
                     static_cast<std::uint8_t>(~low), static_cast<std::uint8_t>(~high)});
  }
  append_big_endian(framing_, libdeflate_adler32(1, data.data(), data.size()));
  append_big_endian(framing_, 0);  // the chunk's checksum
  framing_.insert(framing_.end(), std::begin(kEnd), std::end(kEnd));

  const Bytes framing(framing_);
  std::size_t framed = 8 + kZlibHeader + kBlockHeader;
  pieces_ = {start, framing.first(framed)};
  for (std::size_t at = 0; at < data.size(); at += kBlock) {
    pieces_.push_back(data.subspan(at, std::min(kBlock, data.size() - at)));
    const bool last = data.size() - at <= kBlock;
    pieces_.push_back(last ? framing.subspan(framed) : framing.subspan(framed, kBlockHeader));
    framed += kBlockHeader;
  }
}

}  // namespace colorlab::io
