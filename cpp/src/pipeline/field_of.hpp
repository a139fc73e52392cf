// Low-resolution chroma as a field over a photo that is held as a whole.
#pragma once

#include <vector>

#include "pipeline/reduce_lightness.hpp"
#include "resample/chroma_field.hpp"

namespace colorlab::pipeline {

// Throws as LowChroma does. `cancel` may be null.
template <class T>
resample::ChromaField field_of(ImageView<const T> image, ImageView<const float> ab_low,
                               Upsample method, int threads, CancelToken* cancel) {
  const resample::LowChroma low(ab_low, image.height, image.width);
  std::vector<float> l_low;
  ImageView<float> guide;
  if (method == Upsample::guided) {
    l_low.resize(low.view().pixels());
    guide = {l_low.data(), low.view().height, low.view().width, 1};
    reduce_lightness(image, guide, threads, cancel);
  }
  return {low, guide, image.height, image.width, method};
}

}  // namespace colorlab::pipeline
