#include <algorithm>
#include <string>

#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"
#include "colorlab/resample.hpp"
#include "resample/row_resizer.hpp"

namespace colorlab {
namespace resample {

void resize_row(const float* row, const AxisPlan& columns, std::size_t channels, float* out) {
  if (columns.keeps()) {
    std::copy_n(row, columns.size() * channels, out);
    return;
  }
  for (std::size_t x = 0; x < columns.size(); ++x) {
    const auto weights = columns.weights(x);
    const float* from = row + columns.first(x) * channels;
    for (std::size_t c = 0; c < channels; ++c) {
      float sum = 0.0F;
      for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * from[k * channels + c];
      out[x * channels + c] = sum;
    }
  }
}

}  // namespace resample

void resize_area(ImageView<const float> source, ImageView<float> target, int threads) {
  if (source.pixels() == 0 || target.pixels() == 0) {
    throw Error(ErrorCode::shape, "an image without pixels cannot be resized");
  }
  if (source.channels != target.channels || source.channels == 0) {
    throw Error(ErrorCode::shape,
                "resizing keeps the number of channels: " + std::to_string(source.channels) +
                    " are not " + std::to_string(target.channels));
  }
  const resample::AxisPlan rows(source.height, target.height);
  const resample::AxisPlan columns(source.width, target.width);
  const int used = threads_for(source.pixels() + target.pixels(), threads);
  parallel_rows(target.height, used, [&](std::size_t begin, std::size_t end) {
    resample::resize_rows([&](std::size_t y) { return source.row(y); }, source.width, rows, columns,
                          target, begin, end);
  });
}

}  // namespace colorlab
