// A non-owning view of pixels in any layout: interleaved, planar, padded, reversed or strided.
#pragma once

#include <cstddef>
#include <type_traits>

#include "colorlab/image_view.hpp"

namespace colorlab {

template <class T>
struct PixelView {
  T* data = nullptr;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  // In samples, not bytes; from a row, pixel or channel to the next.
  std::ptrdiff_t row_stride = 0;
  std::ptrdiff_t pixel_stride = 0;
  std::ptrdiff_t channel_stride = 0;

  PixelView() = default;
  PixelView(T* data_, std::size_t height_, std::size_t width_, std::size_t channels_,
            std::ptrdiff_t row_stride_, std::ptrdiff_t pixel_stride_,
            std::ptrdiff_t channel_stride_)
      : data(data_),
        height(height_),
        width(width_),
        channels(channels_),
        row_stride(row_stride_),
        pixel_stride(pixel_stride_),
        channel_stride(channel_stride_) {}
  // Interleaved pixels.
  PixelView(const ImageView<T>& image)  // NOLINT(google-explicit-constructor)
      : PixelView(image.data, image.height, image.width, image.channels, image.row_stride,
                  static_cast<std::ptrdiff_t>(image.channels), 1) {}
  // A view of mutable pixels is a view of constant ones.
  template <class U>
    requires(std::is_same_v<const U, T> && !std::is_same_v<U, T>)
  PixelView(const PixelView<U>& other)  // NOLINT(google-explicit-constructor)
      : PixelView(other.data, other.height, other.width, other.channels, other.row_stride,
                  other.pixel_stride, other.channel_stride) {}

  // Contiguous planes, one after the other (CHW).
  [[nodiscard]] static PixelView planar(T* data, std::size_t height, std::size_t width,
                                        std::size_t channels) {
    return {data,
            height,
            width,
            channels,
            static_cast<std::ptrdiff_t>(width),
            1,
            static_cast<std::ptrdiff_t>(height * width)};
  }

  [[nodiscard]] T* row(std::size_t y) const {
    return data + static_cast<std::ptrdiff_t>(y) * row_stride;
  }
  // The first channel of a pixel.
  [[nodiscard]] T* pixel(std::size_t y, std::size_t x) const {
    return row(y) + static_cast<std::ptrdiff_t>(x) * pixel_stride;
  }
  [[nodiscard]] std::size_t pixels() const { return height * width; }
};

}  // namespace colorlab
