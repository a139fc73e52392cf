// Turning and mirroring pixels as EXIF asks, in square blocks so that both images stay in cache.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "io/exif.hpp"

namespace colorlab::io {
namespace {

constexpr std::size_t kBlock = 32;

// Where the displayed pixel (y, x) lies in the file: `origin` + y * `down` + x * `right`, in
// pixels.
struct Walk {
  std::ptrdiff_t origin, down, right;
};

Walk walk_of(int orientation, std::size_t height, std::size_t width) {
  const auto row = static_cast<std::ptrdiff_t>(width);
  const auto last_x = row - 1;
  const auto last_y = (static_cast<std::ptrdiff_t>(height) - 1) * row;
  switch (orientation) {
    case 2:
      return {last_x, row, -1};
    case 3:
      return {last_y + last_x, -row, -1};
    case 4:
      return {last_y, -row, 1};
    case 5:
      return {0, 1, row};
    case 6:
      return {last_y, 1, -row};
    case 7:
      return {last_y + last_x, -1, -row};
    case 8:
      return {last_x, -1, row};
    default:
      return {0, row, 1};
  }
}

template <std::size_t kPixelBytes>
void copy_pixels(const std::byte* source, const Walk& walk, std::byte* target, std::size_t height,
                 std::size_t width) {
  using Pixel = std::array<std::byte, kPixelBytes>;
  for (std::size_t y0 = 0; y0 < height; y0 += kBlock) {
    for (std::size_t x0 = 0; x0 < width; x0 += kBlock) {
      for (std::size_t y = y0; y < std::min(height, y0 + kBlock); ++y) {
        for (std::size_t x = x0; x < std::min(width, x0 + kBlock); ++x) {
          const auto from = walk.origin + static_cast<std::ptrdiff_t>(y) * walk.down +
                            static_cast<std::ptrdiff_t>(x) * walk.right;
          std::memcpy(target + (y * width + x) * kPixelBytes,
                      source + from * static_cast<std::ptrdiff_t>(kPixelBytes), sizeof(Pixel));
        }
      }
    }
  }
}

}  // namespace

Image apply_orientation(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8 || image.bytes() == 0) return image;
  const bool swaps = swaps_sides(orientation);
  const std::size_t height = swaps ? image.width() : image.height();
  const std::size_t width = swaps ? image.height() : image.width();
  Image turned(height, width, image.channels(), image.depth());
  const Walk walk = walk_of(orientation, image.height(), image.width());
  const auto copy = [&](auto size) {
    copy_pixels<decltype(size)::value>(image.data(), walk, turned.data(), height, width);
  };
  switch (image.bytes() / (height * width)) {
    case 1:
      copy(std::integral_constant<std::size_t, 1>{});
      break;
    case 2:
      copy(std::integral_constant<std::size_t, 2>{});
      break;
    case 3:
      copy(std::integral_constant<std::size_t, 3>{});
      break;
    case 4:
      copy(std::integral_constant<std::size_t, 4>{});
      break;
    case 6:
      copy(std::integral_constant<std::size_t, 6>{});
      break;
    default:
      copy(std::integral_constant<std::size_t, 8>{});
      break;
  }
  return turned;
}

}  // namespace colorlab::io
