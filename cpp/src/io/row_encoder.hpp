// One encoder per format that takes its rows from top to bottom.
#pragma once

#include <memory>

#include "colorlab/row_files.hpp"
#include "io/atomic_file.hpp"

namespace colorlab::io {

class RowEncoder {
 public:
  virtual ~RowEncoder() = default;
  // The next rows, all of the image's shape. `cancel` may be null.
  virtual void write(const Image& band, CancelToken* cancel) = 0;
  // After the last row: the rest of the file.
  virtual void finish() = 0;
};

// Throw as encode_jpeg, encode_png and encode_tiff for what the format cannot hold.
[[nodiscard]] std::unique_ptr<RowEncoder> jpeg_row_encoder(AtomicFile& file, const RowShape& shape,
                                                           const RowWriteOptions& options);
[[nodiscard]] std::unique_ptr<RowEncoder> png_row_encoder(AtomicFile& file, const RowShape& shape,
                                                          const RowWriteOptions& options);
[[nodiscard]] std::unique_ptr<RowEncoder> tiff_row_encoder(AtomicFile& file, const RowShape& shape,
                                                           const RowWriteOptions& options);

// Throw what the format cannot hold, before any file is made.
void check_jpeg_quality(int quality);
void check_orientation(int orientation);
void check_jpeg(const RowShape& shape, int quality);
void check_png(const RowShape& shape, int compression);
void check_tiff(const RowShape& shape, int compression);

}  // namespace colorlab::io
