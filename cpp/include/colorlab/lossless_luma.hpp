// Colour for a grey JPEG without touching its luma: DCT coefficients are copied, chroma is added.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "colorlab/image_view.hpp"
#include "colorlab/limits.hpp"
#include "colorlab/metadata.hpp"
#include "colorlab/row_files.hpp"

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

// The same file, row by row: takes Cb and Cr of half the photo's size as its rows lie, and copies
// the compressed luma, so that neither is held (chroma is, compressed). For grey baseline JPEGs
// only.
class ChromaRowWriter : public RowSink {
 public:
  // Of `options`, those of a JPEG count. Throws Error(unsupported_format) where the luma cannot be
  // copied as it stands, and as RowWriter for the output. Damage in the source's compressed data is
  // copied with it: decode it before.
  ChromaRowWriter(const std::filesystem::path& source, const std::filesystem::path& path,
                  const RowWriteOptions& options, const Limits& limits = row_limits());
  ~ChromaRowWriter() override;
  ChromaRowWriter(const ChromaRowWriter&) = delete;
  ChromaRowWriter& operator=(const ChromaRowWriter&) = delete;

  // ceil(H/2) x ceil(W/2) x 2, 8 bits.
  [[nodiscard]] RowShape shape() const override;
  // As RowWriter's.
  void write(const Image& band, CancelToken* cancel) override;
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether the header says that ChromaRowWriter may copy this file's luma.
[[nodiscard]] bool may_copy_luma(const std::filesystem::path& source,
                                 const Limits& limits = row_limits());

}  // namespace colorlab
