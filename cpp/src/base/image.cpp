#include "colorlab/image.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "colorlab/error.hpp"

namespace colorlab {

Image::Image(std::size_t height, std::size_t width, std::size_t channels, Depth depth)
    : height_(height), width_(width), channels_(channels), depth_(depth) {
  std::size_t bytes = depth == Depth::u16 ? 2 : 1;
  const auto times = [&bytes](std::size_t factor) {
    return !__builtin_mul_overflow(bytes, factor, &bytes);
  };
  if (!times(channels) || !times(width) || !times(height)) {
    throw Error(ErrorCode::image_too_large, "the image's size in bytes overflows");
  }
  data_.reset(static_cast<std::byte*>(std::calloc(std::max<std::size_t>(bytes, 1), 1)));
  if (!data_) throw Error(ErrorCode::image_too_large, "there is not enough memory for the pixels");
  bytes_ = bytes;
}

PixelBuffer Image::release() {
  height_ = width_ = channels_ = bytes_ = 0;
  return std::move(data_);
}

}  // namespace colorlab
