// The loops that make chroma for a kept luma, against integers and doubles, on every target.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <random>
#include <vector>

#include "color/constants.hpp"
#include "pipeline/row_kernels.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
using colorlab::testing::on_each_target;

constexpr std::size_t kPixels = 1003;  // whole vectors and a rest

template <class T>
std::vector<T> noise(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random());
  return values;
}

}  // namespace

TEST_CASE("averages of two by two codes are rounded exactly") {
  auto upper = noise<std::uint8_t>(2 * kPixels, 1), lower = noise<std::uint8_t>(2 * kPixels, 2);
  for (std::size_t i = 0; i < 4; ++i) upper[i] = lower[i] = i < 2 ? 255 : 0;  // the ends
  on_each_target([&] {
    std::vector<std::uint16_t> found(kPixels);
    pipeline::row_kernels().halve(upper.data(), lower.data(), kPixels, found.data());
    int wrong = 0;
    for (std::size_t i = 0; i < kPixels; ++i) {
      const int sum = upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1];
      wrong += found[i] != (sum * 257 + 2) / 4;
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("Cb and Cr are within half a code of their definition") {
  auto rgb = noise<std::uint16_t>(3 * kPixels, 3);
  const std::uint16_t ends[] = {65535, 0, 0, 0, 0, 65535, 65535, 65535, 0, 65535, 65535, 65535};
  std::copy(std::begin(ends), std::end(ends), rgb.begin());
  const auto& weight = color::kLuma601;
  on_each_target([&] {
    std::vector<std::uint8_t> found(2 * kPixels);
    pipeline::row_kernels().cbcr(rgb.data(), kPixels, found.data());
    double largest = 0;
    for (std::size_t i = 0; i < kPixels; ++i) {
      const double r = rgb[3 * i] / 257.0, g = rgb[3 * i + 1] / 257.0, b = rgb[3 * i + 2] / 257.0;
      const double luma = weight[0] * r + weight[1] * g + weight[2] * b;
      const double exact[] = {128 + (b - luma) / (2 - 2 * weight[2]),
                              128 + (r - luma) / (2 - 2 * weight[0])};
      for (std::size_t c = 0; c < 2; ++c) {
        largest = std::max(largest, std::abs(found[2 * i + c] - std::min(exact[c], 255.0)));
      }
    }
    CHECK(largest <= 0.5 + 1e-4);  // float's rounding beside that to codes
  });
}
