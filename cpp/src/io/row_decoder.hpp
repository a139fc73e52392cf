// One decoder per format that can give its rows from top to bottom in bounded memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "colorlab/cancel.hpp"
#include "io/codec.hpp"
#include "io/file.hpp"

namespace colorlab::io {

class RowDecoder {
 public:
  virtual ~RowDecoder() = default;

  [[nodiscard]] virtual const Header& header() const = 0;
  // Channels of the rows given: as Stored has them, fit_mode makes the rest.
  [[nodiscard]] virtual std::size_t channels() const = 0;
  // How many rows the file holds together, such as those of a row of tiles.
  [[nodiscard]] virtual std::size_t unit() const { return 1; }
  // Sides of the file's tiles; 0 without tiles.
  [[nodiscard]] virtual std::size_t tile_height() const { return 0; }
  [[nodiscard]] virtual std::size_t tile_width() const { return 0; }

  // The next rows, one after the other, to `target`, which is zero. `rows` is a multiple of unit(),
  // or all that is left. `cancel` may be null.
  virtual void read(std::size_t rows, std::byte* target, CancelToken* cancel) = 0;
  // After the last row: throws what only the end of the file tells.
  virtual void finish() {}
};

// What came of opening a file by rows: a decoder, or why there is none.
struct RowsOrReason {
  std::unique_ptr<RowDecoder> rows;
  std::string reason;  // "a progressive JPEG must be held as a whole"
};

// options.limits.max_decoded_bytes bounds what is held at a time; max_pixels the whole image.
[[nodiscard]] RowsOrReason jpeg_rows(const ByteSource& source, const ReadOptions& options);
[[nodiscard]] RowsOrReason png_rows(const ByteSource& source, const ReadOptions& options);
[[nodiscard]] RowsOrReason tiff_rows(const ByteSource& source, const ReadOptions& options);

// As metadata_of_jpeg and so on, without holding the file.
[[nodiscard]] Metadata jpeg_metadata(const ByteSource& source, const Limits& limits);
[[nodiscard]] Metadata png_metadata(const ByteSource& source, const Limits& limits);
[[nodiscard]] Metadata tiff_metadata(const ByteSource& source, const Limits& limits);

// The limits without that of decoded bytes, for images that are not held as a whole.
[[nodiscard]] Limits without_memory(Limits limits);

}  // namespace colorlab::io
