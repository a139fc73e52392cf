// What whole PNGs and PNGs row by row are made of.
#pragma once

#include <vector>

#include "colorlab/rows.hpp"
#include "io/codec.hpp"
#include "io/png_filter.hpp"

namespace colorlab::io {

// Rows as PNG packs them, from the top down: in its byte order, filtered.
class FilteredRows {
 public:
  explicit FilteredRows(const RowShape& shape);
  [[nodiscard]] std::size_t bytes() const { return row_bytes_ + 1; }  // of a filtered row
  void apply(const std::byte* row, std::uint8_t* out);

 private:
  bool swaps_;
  std::size_t row_bytes_;
  PngFilter filter_;
  std::vector<std::uint8_t> rows_[2];  // this one and the one above
  std::size_t count_ = 0;
};

// Signature, header and metadata.
[[nodiscard]] std::vector<std::uint8_t> png_start(const RowShape& shape, const Metadata& metadata);

}  // namespace colorlab::io
