// The refusals that all formats share.
#include <limits>
#include <string>

#include "io/codec.hpp"
#include "io/row_decoder.hpp"
#include "io/row_encoder.hpp"

namespace colorlab::io {

void check_size(std::size_t height, std::size_t width, std::size_t channels, Depth depth,
                const Limits& limits) {
  if (height == 0 || width == 0) throw corrupt_error("the image has no pixels");
  const std::string size = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  const auto refuse = [&size](const char* name, std::uint64_t limit) {
    throw Error(
        ErrorCode::image_too_large,
        "the image claims " + size + ", over the limit " + name + " = " + std::to_string(limit), {},
        std::string("Raise ") + name + " in limits if you trust the file");
  };
  if (height > limits.max_side || width > limits.max_side) refuse("max_side", limits.max_side);
  std::uint64_t pixels = 0;
  if (__builtin_mul_overflow(height, width, &pixels) || pixels > limits.max_pixels) {
    refuse("max_pixels", limits.max_pixels);
  }
  std::uint64_t decoded = 0;
  const std::uint64_t pixel_bytes = channels * (depth == Depth::u16 ? 2U : 1U);
  if (__builtin_mul_overflow(pixels, pixel_bytes, &decoded) || decoded > limits.max_decoded_bytes) {
    refuse("max_decoded_bytes", limits.max_decoded_bytes);
  }
}

void check_orientation(int orientation) {
  if (orientation >= 1 && orientation <= 8) return;
  throw Error(ErrorCode::invalid_argument,
              "an orientation is 1..8, not " + std::to_string(orientation));
}

Limits without_memory(Limits limits) {
  limits.max_decoded_bytes = std::numeric_limits<std::uint64_t>::max();
  return limits;
}

Error truncated_error(const std::string& what) {
  return {
      ErrorCode::truncated_image,
      what,
      {},
      "Fetch the file again, or read it with on_truncated=\"fill\" to keep the part that is there"};
}

Error corrupt_error(const std::string& what) {
  return {ErrorCode::corrupt_image, what, {}, "Fetch the file again from its source"};
}

Error unsupported_error(const std::string& what) {
  return {ErrorCode::unsupported_format, what, {}, "Convert it to JPEG, PNG, TIFF, WebP or BMP"};
}

}  // namespace colorlab::io
