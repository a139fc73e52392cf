// PNG's row filters (its specification, section 9): differences that pack better than pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace colorlab::io {

class PngFilter {
 public:
  // Bytes of a row and of a pixel.
  PngFilter(std::size_t row_bytes, std::size_t pixel_bytes);

  // The filter's number and the filtered row, row_bytes + 1 bytes, to `out`: of Sub, Up, Average
  // and Paeth the one with the smallest sum of |differences|. `above` is null for the first row.
  void apply(const std::uint8_t* row, const std::uint8_t* above, std::uint8_t* out);

 private:
  std::size_t row_bytes_, pixel_bytes_;
  std::vector<std::uint8_t> zeros_;      // what stands above the first row
  std::vector<std::uint8_t> candidate_;  // one filter's row
};

}  // namespace colorlab::io
