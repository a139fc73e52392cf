// A photograph too large to be held, to the network and back: rows in, rows out, a few bands of
// memory. Bands are read and written by threads of their own while others are worked on.
#pragma once

#include <span>

#include "colorlab/pipeline.hpp"
#include "colorlab/rows.hpp"

namespace colorlab {

// L* (0..100) of the photo, area-reduced to the size of each target (1 channel), in one reading
// from the first row; alpha is left out. What `preprocess` makes before it scales to -1..1, bit for
// bit. `cancel` may be null.
void reduce_rows(RowSource& photo, std::span<const ImageView<float>> targets, CancelToken* cancel);

struct RowRecolorOptions {
  Preserve preserve = Preserve::lightness;
  Upsample upsample = Upsample::guided;
  int threads = 0;  // within a band
};

// `recolor` from rows to rows, bit for bit; certified. Reads the photo once, from the first row, if
// `guide` is its L* reduced to the size of `ab_low` (by reduce_rows; only guided needs it), and
// twice if `guide` has another size. `out` has the photo's size, 3 channels or 4 (then the photo's
// alpha is kept, 255 or 65535 where it has none), and its depth, or 8 bits for 16, rounded.
Certificate recolor_rows(RowSource& photo, ImageView<const float> ab_low,
                         ImageView<const float> guide, RowSink& out,
                         const RowRecolorOptions& options, CancelToken* cancel);

}  // namespace colorlab
