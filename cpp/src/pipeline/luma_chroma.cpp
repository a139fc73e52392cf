#include "colorlab/luma_chroma.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "color/constants.hpp"
#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"

namespace colorlab {
namespace {

constexpr std::uint32_t kCode = 65535 / 255;  // of 8 bits, in 16

// Averages of two by two pixels in 16 bits; at odd ends the last ones count twice.
void halve(ImageView<const std::uint8_t> grey, ImageView<std::uint16_t> half) {
  for (std::size_t y = 0; y < half.height; ++y) {
    const std::uint8_t* upper = grey.row(2 * y);
    const std::uint8_t* lower = grey.row(std::min(2 * y + 1, grey.height - 1));
    std::uint16_t* out = half.row(y);
    const auto average = [&](std::size_t left, std::size_t right) {
      const std::uint32_t sum = upper[left] + upper[right] + lower[left] + lower[right];
      return static_cast<std::uint16_t>((sum * kCode + 2) / 4);
    };
    const std::size_t pairs = grey.width / 2;
    for (std::size_t x = 0; x < pairs; ++x) out[x] = average(2 * x, 2 * x + 1);
    if (pairs < half.width) out[pairs] = average(2 * pairs, 2 * pairs);
  }
}

void to_cbcr(const std::uint16_t* rgb, std::size_t width, std::uint8_t* cbcr) {
  const auto weight = [](std::size_t i) { return static_cast<float>(color::kLuma601[i]); };
  const float red = weight(0), green = weight(1), blue = weight(2);
  const float to_blue = 0.5F / (1.0F - blue) / kCode, to_red = 0.5F / (1.0F - red) / kCode;
  for (std::size_t x = 0; x < width; ++x, rgb += 3, cbcr += 2) {
    const auto r = static_cast<float>(rgb[0]), b = static_cast<float>(rgb[2]);
    const float luma = red * r + green * static_cast<float>(rgb[1]) + blue * b;
    const auto code = [](float value) {
      return static_cast<std::uint8_t>(std::clamp(value + 128.5F, 0.0F, 255.0F));
    };
    cbcr[0] = code((b - luma) * to_blue);
    cbcr[1] = code((r - luma) * to_red);
  }
}

}  // namespace

Certificate chroma_for_luma(ImageView<const std::uint8_t> grey, ImageView<const float> ab_low,
                            ImageView<std::uint8_t> cbcr, Upsample method, int threads,
                            CancelToken* cancel) {
  if (grey.pixels() == 0 || grey.channels != 1) {
    throw Error(ErrorCode::shape, "chroma is added to a grey photo of at least one pixel");
  }
  const std::size_t height = (grey.height + 1) / 2, width = (grey.width + 1) / 2;
  if (cbcr.height != height || cbcr.width != width || cbcr.channels != 2) {
    throw Error(ErrorCode::shape, "cbcr must be half as large as the photo, with 2 channels");
  }
  std::vector<std::uint16_t> averages(height * width), colors(3 * height * width);
  const ImageView<std::uint16_t> half(averages.data(), height, width, 1);
  const ImageView<std::uint16_t> rgb(colors.data(), height, width, 3);
  halve(grey, half);
  const Certificate certificate =
      recolor<std::uint16_t>(half, ab_low, rgb, Preserve::luma, method, threads, cancel);
  parallel_rows(height, threads_for(height * width, threads),
                [&](std::size_t begin, std::size_t end) {
                  for (std::size_t y = begin; y < end; ++y) {
                    to_cbcr(rgb.row(y), width, cbcr.row(y));
                  }
                });
  return certificate;
}

}  // namespace colorlab
