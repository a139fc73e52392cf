// The chroma that a JPEG needs for colours whose luma is the photo's own.
#pragma once

#include <cstdint>

#include "colorlab/cancel.hpp"
#include "colorlab/image_view.hpp"
#include "colorlab/pipeline.hpp"
#include "colorlab/rows.hpp"

namespace colorlab {

// JFIF's Cb and Cr (BT.601, 128 is none) at half the size of a grey photo, for 4:2:0:
// `cbcr` is ceil(H/2) x ceil(W/2) x 2. Pixels are averaged two by two and recoloured with
// Preserve::luma in 16 bits, so both are exact to half a code. The certificate is of those
// averages: of the photo itself luma does not change at all, as it is not encoded again.
Certificate chroma_for_luma(ImageView<const std::uint8_t> grey, ImageView<const float> ab_low,
                            ImageView<std::uint8_t> cbcr, Upsample method, int threads,
                            CancelToken* cancel = nullptr);

// The same from rows to rows, bit for bit: `cbcr` takes ceil(H/2) rows of ceil(W/2) x 2. Reads the
// photo, 8-bit grey, once for bilinear and twice for guided.
Certificate chroma_rows_for_luma(RowSource& grey, ImageView<const float> ab_low, RowSink& cbcr,
                                 Upsample method, int threads, CancelToken* cancel = nullptr);

}  // namespace colorlab
