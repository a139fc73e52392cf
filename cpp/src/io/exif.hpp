// The one EXIF tag that changes pixels: orientation.
#pragma once

#include <cstdint>
#include <span>

#include "colorlab/image.hpp"

namespace colorlab::io {

// Orientation 1..8 of a TIFF-structured EXIF block (an "Exif\0\0" prefix is allowed); 1 when there
// is none or the block is broken. Reads only the first directory, never outside `block`.
[[nodiscard]] int exif_orientation(std::span<const std::uint8_t> block);

// True when an image of this orientation has its sides swapped on display.
[[nodiscard]] constexpr bool swaps_sides(int orientation) { return orientation >= 5; }

// The pixels as they are to be displayed; 1 gives the image itself.
[[nodiscard]] Image apply_orientation(Image image, int orientation);

}  // namespace colorlab::io
