// Resizing row by row: a source of float rows in, rows of the target out, a few rows of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "colorlab/image_view.hpp"
#include "resample/axis.hpp"
#include "resample/row_kernels.hpp"

namespace colorlab::resample {

// One row resized along its length; `columns` plans pixels of `channels` interleaved samples.
void resize_row(const float* row, const AxisPlan& columns, std::size_t channels, float* out);

// Writes rows [begin, end) of `target`. `rows(y)` gives source row y as `source_width` pixels of
// target.channels samples; y never falls by more than one. Rows are weighted before columns, always
// in this order, so that a row of the target does not depend on which range it was made in.
template <class Rows>
void resize_rows(Rows&& rows, std::size_t source_width, const AxisPlan& row_plan,
                 const AxisPlan& column_plan, ImageView<float> target, std::size_t begin,
                 std::size_t end) {
  const RowKernels& kernels = row_kernels();
  const std::size_t samples = source_width * target.channels;
  std::vector<float> sums(samples);
  for (std::size_t y = begin; y < end; ++y) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    std::size_t from = row_plan.first(y);
    for (const float weight : row_plan.weights(y)) {
      kernels.accumulate(rows(from++), weight, samples, sums.data());
    }
    resize_row(sums.data(), column_plan, target.channels, target.row(y));
  }
}

}  // namespace colorlab::resample
