// A rectangle of pixels: rows [top, top + height), columns [left, left + width).
#pragma once

#include <cstddef>

#include "colorlab/image_view.hpp"

namespace colorlab {

struct Rect {
  std::size_t top = 0, left = 0, height = 0, width = 0;

  [[nodiscard]] std::size_t bottom() const { return top + height; }
  [[nodiscard]] std::size_t right() const { return left + width; }
  friend bool operator==(const Rect&, const Rect&) = default;
};

// The pixels of `rect`, in place; it must lie inside the image.
template <class T>
[[nodiscard]] ImageView<T> crop(ImageView<T> image, const Rect& rect) {
  return {image.row(rect.top) + rect.left * image.channels, rect.height, rect.width, image.channels,
          image.row_stride};
}

}  // namespace colorlab
