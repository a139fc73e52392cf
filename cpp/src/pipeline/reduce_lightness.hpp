// The lightness of a whole image, area-reduced: the generator's input and the guided filter's
// guide.
#pragma once

#include "colorlab/cancel.hpp"
#include "colorlab/error.hpp"
#include "colorlab/image_view.hpp"
#include "colorlab/parallel.hpp"
#include "pipeline/lightness_rows.hpp"
#include "resample/axis.hpp"
#include "resample/row_resizer.hpp"

namespace colorlab::pipeline {

template <class T>
void check_photo(ImageView<const T> image) {
  if (image.pixels() == 0 || (image.channels != 1 && image.channels != 3)) {
    throw Error(ErrorCode::shape,
                "a photo has 1 (grey) or 3 (RGB) channels and at least one pixel");
  }
}

// L* (0..100) of `image`, resized to `l`. `cancel` may be null.
template <class T>
void reduce_lightness(ImageView<const T> image, ImageView<float> l, int threads,
                      CancelToken* cancel) {
  const resample::AxisPlan rows(image.height, l.height);
  const resample::AxisPlan columns(image.width, l.width);
  parallel_rows(l.height, threads_for(image.pixels() + l.pixels(), threads),
                [&](std::size_t begin, std::size_t end) {
                  LightnessRows<T> source(image);
                  const auto row = [&](std::size_t y) {
                    if (cancel != nullptr) cancel->check();
                    return source(y);
                  };
                  resample::resize_rows(row, image.width, rows, columns, l, begin, end);
                });
}

}  // namespace colorlab::pipeline
