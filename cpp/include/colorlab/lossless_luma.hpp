// Colour for a grey JPEG without touching its luma: DCT coefficients are copied, chroma is added.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "colorlab/image_view.hpp"
#include "colorlab/limits.hpp"
#include "colorlab/metadata.hpp"

namespace colorlab {

// A baseline YCbCr JPEG whose luma quantisation table and coefficients are those of `source`, bit
// for bit; every decoder shows the same luma. The source has 8 bits per sample and is grey, or
// YCbCr with luma at full resolution (its own chroma is replaced).
//
// `cbcr`: H x W x 2 for 4:4:4, or ceil(H/2) x ceil(W/2) x 2 for 4:2:0, JFIF's Cb and Cr (128 is
// none), upright as `decode` gives pixels; H x W is the upright size. `quality` 1..100 is chroma's.
// The file keeps the source's orientation, as its pixels do: the tag is set in `metadata`'s EXIF.
// `decoded`: the caller has decoded the source without an error, so it is not checked once more.
//
// The compressed luma of a baseline grey JPEG is copied as it stands, as a scan of its own; that of
// other files is decoded to its coefficients and compressed again.
//
// Throws Error(shape | invalid_argument | unsupported_format | corrupt_image | truncated_image |
// image_too_large); unsupported_format too when an ICC profile says that the luma is not sRGB's.
[[nodiscard]] std::vector<std::uint8_t> add_chroma_to_jpeg(std::span<const std::uint8_t> source,
                                                           ImageView<const std::uint8_t> cbcr,
                                                           int quality, const Metadata& metadata,
                                                           const Limits& limits,
                                                           bool decoded = false);

}  // namespace colorlab
