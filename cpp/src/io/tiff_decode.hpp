// A TIFF's pixels, band by band: a band is the rows of a strip or of a row of tiles.
#pragma once

#include <cstddef>
#include <vector>

#include "io/tiff_layout.hpp"

namespace colorlab::io {

class TiffBands {
 public:
  // The source must outlive this.
  TiffBands(TiffSource& source, const ReadOptions& options);

  [[nodiscard]] const Header& header() const { return layout_.header; }
  // Channels of the rows that `read` gives: those of the header, but 4 inks for CMYK.
  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] std::size_t band_rows() const { return layout_.tile_height; }
  [[nodiscard]] std::size_t bands() const;

  // The band's rows (fewer in the last) to `target`, rows one after the other. Throws
  // Error(truncated_image | corrupt_image); with on_truncated fill a missing part stays as it is.
  void read(std::size_t band, std::byte* target);

 private:
  void read_all_through_rgba();
  [[nodiscard]] bool read_block(std::uint32_t index, std::uint8_t* target, std::size_t size);

  TiffSource& source_;
  const ReadOptions options_;
  TiffHandle tiff_;
  TiffLayout layout_;
  std::size_t channels_ = 0;
  bool plain_ = false;                 // rows of a block are those of the image
  std::vector<std::uint8_t> block_;    // one strip or tile, as decoded
  std::vector<std::uint16_t> pixels_;  // of one row of it, before they find their place
  std::vector<std::uint32_t> raster_;  // the whole image, when libtiff converts it
};

}  // namespace colorlab::io
