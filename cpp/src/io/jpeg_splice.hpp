// A colour JPEG out of two: luma's compressed data as it stands in one, chroma's in the other.
#pragma once

#include <optional>
#include <vector>

#include "io/file.hpp"
#include "io/jpeg_coefficients.hpp"
#include "io/jpeg_markers.hpp"

namespace colorlab::io {

// Whether luma and chroma can be joined so: both baseline, Huffman-coded, of one scan, luma alone
// in one and two components of chroma in the other. Their headers have been read.
[[nodiscard]] bool can_splice(jpeg_decompress_struct& luma, jpeg_decompress_struct& chroma);
[[nodiscard]] bool is_plain_grey(jpeg_decompress_struct& luma);

// The parts of the joined file around the two scans' data; the last is JPEG's end marker.
[[nodiscard]] std::vector<std::uint8_t> before_luma(jpeg_decompress_struct& luma,
                                                    jpeg_decompress_struct& chroma, bool subsampled,
                                                    const Metadata& metadata);
[[nodiscard]] std::vector<std::uint8_t> before_chroma(jpeg_decompress_struct& chroma);
inline constexpr std::uint8_t kEndOfJpeg[] = {0xFF, JPEG_EOI};

// Bytes of the compressed data at `start`, up to the next marker, which must end the image; nothing
// where another marker or the end of the data comes before.
[[nodiscard]] std::optional<std::uint64_t> scan_size(const ByteSource& source, std::uint64_t start);

// A baseline JPEG of three components in two scans, luma and then chroma, whose compressed bytes
// are copied, neither decoded nor checked. Both headers have been read, nothing more: `luma` is a
// grey file's, `chroma` one of two components at full or, if `subsampled`, half its size. Nothing
// when luma is not one sequential Huffman-coded scan with an end.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> splice_jpeg(JpegCoefficients& luma,
                                                                   JpegCoefficients& chroma,
                                                                   bool subsampled,
                                                                   const Metadata& metadata);

}  // namespace colorlab::io
