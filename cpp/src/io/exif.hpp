// EXIF blocks: orientation, and what of them must change when the pixels do.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "colorlab/image.hpp"
#include "colorlab/metadata.hpp"

namespace colorlab::io {

// Orientation 1..8 of a TIFF-structured EXIF block (an "Exif\0\0" prefix is allowed); 1 when there
// is none or the block is broken. Reads only the first directory, never outside `block`.
[[nodiscard]] int exif_orientation(std::span<const std::uint8_t> block);

// The block without its prefix, made to fit upright sRGB-or-other pixels: orientation 1, no
// thumbnail. Nothing when the block is broken from the start.
[[nodiscard]] std::vector<std::uint8_t> upright_exif(std::span<const std::uint8_t> block);

// The block (without prefix) with this orientation; where it has no such tag, a block with nothing
// but that.
[[nodiscard]] std::vector<std::uint8_t> with_orientation(std::vector<std::uint8_t> exif,
                                                         int orientation);

// XMP with tiff:Orientation 1, in both of its spellings.
[[nodiscard]] std::vector<std::uint8_t> upright_xmp(std::vector<std::uint8_t> xmp);

struct Resolution {
  double x, y;  // dots per inch
};
// X- and YResolution of the first directory.
[[nodiscard]] std::optional<Resolution> exif_resolution(std::span<const std::uint8_t> block);

// True when an image of this orientation has its sides swapped on display.
[[nodiscard]] constexpr bool swaps_sides(int orientation) { return orientation >= 5; }

// The orientation that undoes another.
[[nodiscard]] constexpr int inverse_orientation(int orientation) {
  return orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
}

// The pixels as they are to be displayed; 1 gives the image itself.
[[nodiscard]] Image apply_orientation(Image image, int orientation);

}  // namespace colorlab::io
