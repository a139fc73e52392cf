// A non-owning view of interleaved pixels: height x width x channels, rows `row_stride` samples
// apart.
#pragma once

#include <cstddef>
#include <type_traits>

namespace colorlab {

template <class T>
struct ImageView {
  T* data = nullptr;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  std::ptrdiff_t row_stride = 0;  // in samples, not bytes

  ImageView() = default;
  ImageView(T* data_, std::size_t height_, std::size_t width_, std::size_t channels_)
      : data(data_),
        height(height_),
        width(width_),
        channels(channels_),
        row_stride(static_cast<std::ptrdiff_t>(width_ * channels_)) {}
  ImageView(T* data_, std::size_t height_, std::size_t width_, std::size_t channels_,
            std::ptrdiff_t row_stride_)
      : data(data_), height(height_), width(width_), channels(channels_), row_stride(row_stride_) {}

  // A view of mutable pixels is a view of constant ones.
  template <class U>
    requires(std::is_same_v<const U, T> && !std::is_same_v<U, T>)
  ImageView(const ImageView<U>& other)  // NOLINT(google-explicit-constructor)
      : data(other.data),
        height(other.height),
        width(other.width),
        channels(other.channels),
        row_stride(other.row_stride) {}

  [[nodiscard]] T* row(std::size_t y) const {
    return data + static_cast<std::ptrdiff_t>(y) * row_stride;
  }
  [[nodiscard]] std::size_t pixels() const { return height * width; }
};

}  // namespace colorlab
