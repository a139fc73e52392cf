// From the channels that a decoder gave to those that were asked for.
#include <cstddef>
#include <utility>

#include "io/codec.hpp"

namespace colorlab::io {
namespace {

// BT.601 luma, the weights that JPEG and Pillow use, rounded to nearest; exact for greys.
template <class T>
T luma(const T* rgb) {
  return static_cast<T>((std::uint64_t{19595} * rgb[0] + std::uint64_t{38470} * rgb[1] +
                         std::uint64_t{7471} * rgb[2] + 32768) >>
                        16);
}

template <class T>
void convert(ImageView<const T> source, ImageView<T> target) {
  for (std::size_t y = 0; y < source.height; ++y) {
    const T* from = source.row(y);
    T* to = target.row(y);
    for (std::size_t x = 0; x < source.width; ++x) {
      if (target.channels == 1) {
        to[0] = source.channels >= 3 ? luma(from) : from[0];
      } else {
        const std::size_t step = source.channels >= 3 ? 1 : 0;
        for (std::size_t c = 0; c < 3; ++c) to[c] = from[c * step];
      }
      from += source.channels;
      to += target.channels;
    }
  }
}

}  // namespace

Image fit_mode(Image image, ReadMode mode) {
  const std::size_t channels = mode == ReadMode::rgb ? 3 : 1;
  if (mode == ReadMode::unchanged || image.channels() == channels) return image;
  Image fitted(image.height(), image.width(), channels, image.depth());
  const Image& source = image;
  if (image.depth() == Depth::u16) {
    convert(source.view<std::uint16_t>(), fitted.view<std::uint16_t>());
  } else {
    convert(source.view<std::uint8_t>(), fitted.view<std::uint8_t>());
  }
  return fitted;
}

}  // namespace colorlab::io
