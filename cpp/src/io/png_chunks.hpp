// What a PNG's chunks say besides its pixels.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "io/codec.hpp"

namespace colorlab::io {

// Calls `visit` with the type (four characters) and the data of each chunk up to
// IEND; a broken chain just ends the walk.
void for_each_chunk(Bytes bytes, const std::function<void(std::string_view, Bytes)>& visit);

// acTL: an animation of more than one frame.
[[nodiscard]] bool is_animated_png(Bytes bytes);

struct PngChunk {
  std::string_view type;
  std::vector<std::uint8_t> data;
};

// What carries the metadata in a PNG; all of it stands before the pixels.
[[nodiscard]] std::vector<PngChunk> chunks_of(const Metadata& metadata);

}  // namespace colorlab::io
