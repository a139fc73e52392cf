// A TIFF's pixels, band by band: a band is the rows of a strip or of a row of tiles.
#pragma once

#include <cstddef>
#include <vector>

#include "colorlab/cancel.hpp"
#include "io/tiff_layout.hpp"

namespace colorlab::io {

class TiffBands {
 public:
  // The source must outlive this. Pixels that are not to be held as a whole need not fit into
  // options.limits.max_decoded_bytes, and a compressed strip of many rows gives them one by one.
  TiffBands(TiffSource& source, const ReadOptions& options, bool whole = true);

  [[nodiscard]] const Header& header() const { return layout_.header; }
  [[nodiscard]] const TiffLayout& layout() const { return layout_; }
  // Channels of the rows that `read` gives: those of the header, but 4 inks for CMYK.
  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] std::size_t band_rows() const { return by_lines_ ? 1 : layout_.tile_height; }
  [[nodiscard]] std::size_t bands() const;

  // The band's rows (fewer in the last) to `target`, rows one after the other. Throws
  // Error(truncated_image | corrupt_image); with on_truncated fill a missing part stays as it is.
  // `cancel` may be null.
  void read(std::size_t band, std::byte* target, CancelToken* cancel = nullptr);

 private:
  void read_all_through_rgba();
  void read_line(std::size_t y, std::byte* target);
  void place(const std::uint8_t* row, std::size_t width, std::size_t channel, std::byte* target);
  void check_plain_block(std::uint32_t index);
  // False when a missing part may stay missing, and else throws.
  [[nodiscard]] bool may_miss(std::uint32_t index);
  [[nodiscard]] bool read_block(std::uint32_t index, std::uint8_t* target, std::size_t size);

  TiffSource& source_;
  const ReadOptions options_;
  TiffHandle tiff_;
  TiffLayout layout_;
  std::size_t channels_ = 0;
  bool by_lines_ = false;              // a band is one row
  bool plain_ = false;                 // rows of a block are those of the image
  std::vector<std::uint8_t> block_;    // one strip or tile, as decoded
  std::vector<std::uint16_t> pixels_;  // of one row of it, before they find their place
  std::vector<std::uint32_t> raster_;  // the whole image, when libtiff converts it
};

}  // namespace colorlab::io
