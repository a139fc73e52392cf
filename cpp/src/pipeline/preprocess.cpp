#include <cstdint>

#include "colorlab/pipeline.hpp"
#include "pipeline/reduce_lightness.hpp"

namespace colorlab {

template <class T>
void preprocess(ImageView<const T> image, ImageView<float> tensor, int threads,
                CancelToken* cancel) {
  pipeline::check_photo(image);
  if (tensor.pixels() == 0 || tensor.channels != 1) {
    throw Error(ErrorCode::shape, "the generator's input has one channel and at least one pixel");
  }
  pipeline::reduce_lightness(image, tensor, threads, cancel);
  for (std::size_t y = 0; y < tensor.height; ++y) {
    float* row = tensor.row(y);
    for (std::size_t x = 0; x < tensor.width; ++x) row[x] = row[x] / 50.0F - 1.0F;
  }
}

template void preprocess(ImageView<const std::uint8_t>, ImageView<float>, int, CancelToken*);
template void preprocess(ImageView<const std::uint16_t>, ImageView<float>, int, CancelToken*);
template void preprocess(ImageView<const float>, ImageView<float>, int, CancelToken*);

}  // namespace colorlab
