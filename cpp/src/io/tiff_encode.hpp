// The directory of a TIFF that is being written, for whole images and row by row.
#pragma once

#include "colorlab/rows.hpp"
#include "io/tiff_handle.hpp"

namespace colorlab::io {

struct TiffPlan {
  RowShape shape;
  int compression = 1;
  int orientation = 1;
  std::size_t tile_height = 0, tile_width = 0;  // multiples of 16; 0 for strips
};

// Starts a TIFF: header, EXIF directories, every tag.
[[nodiscard]] TiffHandle start_tiff(TiffSink& sink, const TiffPlan& plan, const Metadata& metadata);

}  // namespace colorlab::io
