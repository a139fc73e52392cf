// A colour JPEG out of two: luma's compressed data as it stands in one, chroma's in the other.
#pragma once

#include <optional>
#include <vector>

#include "io/jpeg_coefficients.hpp"
#include "io/jpeg_markers.hpp"

namespace colorlab::io {

// A baseline JPEG of three components in two scans, luma and then chroma, whose compressed bytes
// are copied, neither decoded nor checked. Both headers have been read, nothing more: `luma` is a
// grey file's, `chroma` one of two components at full or, if `subsampled`, half its size. Nothing
// when luma is not one sequential Huffman-coded scan with an end.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> splice_jpeg(JpegCoefficients& luma,
                                                                   JpegCoefficients& chroma,
                                                                   bool subsampled,
                                                                   const Metadata& metadata);

}  // namespace colorlab::io
