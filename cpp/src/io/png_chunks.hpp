// What a PNG's chunks say besides its pixels.
#pragma once

#include "io/codec.hpp"

namespace colorlab::io {

struct PngNotes {
  int orientation = 1;    // of the eXIf chunk, which may follow the pixels
  bool animated = false;  // acTL: an animation of more than one frame
};

// Walks the chunks; a broken chain just ends the walk.
[[nodiscard]] PngNotes png_notes(Bytes bytes, const Limits& limits);

}  // namespace colorlab::io
