// Owned interleaved pixels of 8 or 16 bits per sample, as decoded from a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "colorlab/image_view.hpp"

namespace colorlab {

enum class Depth : std::uint8_t { u8 = 8, u16 = 16 };

// Pixels come from calloc: large ones are zero without being touched.
struct FreePixels {
  void operator()(std::byte* pixels) const noexcept { std::free(pixels); }
};
using PixelBuffer = std::unique_ptr<std::byte[], FreePixels>;

class Image {
 public:
  Image() = default;
  // Pixels start zeroed, so a truncated file never shows another program's memory.
  // Throws Error(image_too_large) when height * width * channels * depth overflows or cannot be
  // had.
  Image(std::size_t height, std::size_t width, std::size_t channels, Depth depth);

  [[nodiscard]] std::size_t height() const { return height_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t channels() const {
    return channels_;
  }  // 1 grey, 2 +alpha, 3 RGB, 4 RGBA
  [[nodiscard]] Depth depth() const { return depth_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::byte* data() { return data_.get(); }
  [[nodiscard]] const std::byte* data() const { return data_.get(); }

  // The caller names the sample type that depth() told it: std::uint8_t or std::uint16_t.
  template <class T>
  [[nodiscard]] ImageView<T> view() {
    return {reinterpret_cast<T*>(data_.get()), height_, width_, channels_};
  }
  template <class T>
  [[nodiscard]] ImageView<const T> view() const {
    return {reinterpret_cast<const T*>(data_.get()), height_, width_, channels_};
  }
  // Gives the pixels away (to a NumPy array, say); the image is empty afterwards.
  [[nodiscard]] PixelBuffer release();

 private:
  std::size_t height_ = 0, width_ = 0, channels_ = 0, bytes_ = 0;
  Depth depth_ = Depth::u8;
  PixelBuffer data_;
};

}  // namespace colorlab
