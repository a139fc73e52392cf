// The directory of a TIFF that is being written, for whole images and row by row.
#pragma once

#include "io/tiff_handle.hpp"

namespace colorlab::io {

struct TiffShape {
  std::size_t height, width, channels;  // 1..4 channels
  Depth depth;
};

// Throws Error(shape | invalid_argument | image_too_large) for what a TIFF cannot hold.
void check_tiff(const TiffShape& shape, int compression);

// Starts a TIFF: header, EXIF directories, every tag. Rows follow by TIFFWriteScanline.
[[nodiscard]] TiffHandle start_tiff(TiffSink& sink, const TiffShape& shape, int compression,
                                    const Metadata& metadata);

}  // namespace colorlab::io
