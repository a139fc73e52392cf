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
  // `rows_stay`: a row given is still there when the next one comes, so it need not be copied.
  FilteredRows(const RowShape& shape, bool rows_stay);
  [[nodiscard]] std::size_t bytes() const { return row_bytes_ + 1; }  // of a filtered row
  void apply(const std::byte* row, std::uint8_t* out);

 private:
  bool swaps_, stay_;
  std::size_t row_bytes_;
  PngFilter filter_;
  std::vector<std::uint8_t> rows_[2];    // this one and the one above, where they are copied
  const std::uint8_t* above_ = nullptr;  // the last row
  std::size_t count_ = 0;
};

// Signature, header and metadata.
[[nodiscard]] std::vector<std::uint8_t> png_start(const RowShape& shape, const Metadata& metadata);

}  // namespace colorlab::io
