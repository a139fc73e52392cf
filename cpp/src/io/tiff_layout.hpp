// What the first directory of a TIFF says about its pixels, and what colorlab makes of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "io/tiff_handle.hpp"

namespace colorlab::io {

struct TiffLayout {
  std::uint32_t height = 0, width = 0;
  unsigned bits = 0;     // 1, 2, 4, 8, 16 or, for floats and signed greys, 32
  unsigned samples = 0;  // per pixel as stored, extra ones included
  bool is_float = false, is_signed = false, inverted = false, planar = false;
  bool tiled = false;
  std::uint32_t tile_height = 0, tile_width = 0;  // of a tile; of a strip its rows and the width
  bool palette = false;
  std::vector<std::array<std::uint8_t, 3>> colors;  // of the palette
  std::optional<unsigned> alpha;                    // which sample
  bool premultiplied = false;
  bool through_rgba = false;  // libtiff's own conversion to 8-bit RGBA: YCbCr, L*a*b*, old JPEG
  Header header;              // model, channels with alpha, depth, orientation

  [[nodiscard]] unsigned color_samples() const {
    return header.model == ColorModel::cmyk              ? 4
           : palette || header.model == ColorModel::grey ? 1
                                                         : 3;
  }
};

// Throws Error(unsupported_format) for what colorlab does not read, and checks the limits.
[[nodiscard]] TiffLayout tiff_layout(TIFF* tiff, const Limits& limits);

}  // namespace colorlab::io
