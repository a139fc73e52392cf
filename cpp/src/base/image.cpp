#include "colorlab/image.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "colorlab/error.hpp"

namespace colorlab {
namespace {

// Touching fresh pixels page by page can cost as much as decoding them: large images ask for large
// pages, as NumPy does for its arrays. Only advice: nothing depends on the answer.
void advise_large_pages([[maybe_unused]] std::byte* pixels, [[maybe_unused]] std::size_t bytes) {
#ifdef __linux__
  constexpr std::size_t kWorthIt = std::size_t{4} << 20, kPage = 4096;
  if (bytes < kWorthIt) return;
  const auto skipped = (kPage - reinterpret_cast<std::uintptr_t>(pixels) % kPage) % kPage;
  (void)::madvise(pixels + skipped, bytes - skipped, MADV_HUGEPAGE);
#endif
}

}  // namespace

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
  advise_large_pages(data_.get(), bytes);
}

PixelBuffer Image::release() {
  height_ = width_ = channels_ = bytes_ = 0;
  return std::move(data_);
}

}  // namespace colorlab
