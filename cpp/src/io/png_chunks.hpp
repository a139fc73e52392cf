// What a PNG's chunks say besides its pixels.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "io/codec.hpp"
#include "io/file.hpp"

namespace colorlab::io {

// Calls `visit` with the type (four characters) and the data of each chunk up to
// IEND; a broken chain just ends the walk.
void for_each_chunk(Bytes bytes, const std::function<void(std::string_view, Bytes)>& visit);

// A PNG of all chunks but the pixels, up to IEND, in `held` unless the file is in memory (then it
// is the file). Chunks over limits.max_metadata_bytes are left out.
[[nodiscard]] std::span<const std::uint8_t> png_without_pixels(const ByteSource& source,
                                                               const Limits& limits,
                                                               std::vector<std::uint8_t>& held);

// The number in four bytes.
[[nodiscard]] std::uint32_t big_endian(const std::uint8_t* at);
// Whether the checksum of a chunk that for_each_chunk gave holds.
[[nodiscard]] bool is_intact(Bytes data);

// acTL: an animation of more than one frame.
[[nodiscard]] bool is_animated_png(Bytes bytes);

struct PngChunk {
  std::string_view type;
  std::vector<std::uint8_t> data;
};

// What carries the metadata in a PNG; all of it stands before the pixels.
[[nodiscard]] std::vector<PngChunk> chunks_of(const Metadata& metadata);

inline constexpr std::size_t kMostChunkBytes = 0x7FFFFFFF;

void append_big_endian(std::vector<std::uint8_t>& out, std::uint32_t value);
// Length, type, data and checksum; at most kMostChunkBytes of data.
void append_chunk(std::vector<std::uint8_t>& out, std::string_view type, Bytes data);
// The checksum of a chunk's type and data, which stand together.
[[nodiscard]] std::uint32_t chunk_checksum(Bytes type_and_data);

}  // namespace colorlab::io
