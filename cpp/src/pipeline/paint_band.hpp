// A band of a photo's rows painted by several threads, and what all rows come to.
#pragma once

#include <cstddef>
#include <span>

#include "colorlab/cancel.hpp"
#include "colorlab/parallel.hpp"
#include "pipeline/row_painter.hpp"
#include "resample/chroma_field.hpp"

namespace colorlab::pipeline {

// The records of all rows of a photo. Sums are kept by row and added up in their order: the same
// for any number of threads and bands.
[[nodiscard]] Certificate summarise(std::span<const RowRecord> rows, std::size_t width);

// Paints `image`, the photo's rows from `top` on, into `rgb`. Records of them go to `records`,
// unless it is null. `cancel` may be null.
template <class T>
void paint_band(ImageView<const T> image, const resample::ChromaField& field, ImageView<T> rgb,
                Preserve preserve, std::size_t top, RowRecord* records, int threads,
                CancelToken* cancel) {
  parallel_rows(image.height, threads_for(image.pixels(), threads),
                [&](std::size_t begin, std::size_t end) {
                  RowPainter<T> painter(image, field, rgb, preserve, top);
                  for (std::size_t y = begin; y < end; ++y) {
                    if (cancel != nullptr) cancel->check();
                    if (records == nullptr) {
                      painter.paint(y);
                    } else {
                      records[y] = painter.paint_and_measure(y);
                    }
                  }
                });
}

}  // namespace colorlab::pipeline
