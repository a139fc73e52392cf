#include "io/png_filter.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace colorlab::io {
namespace {

using Byte = std::uint8_t;

// Each loop takes its pixel from the unfiltered row alone, so that compilers make it SIMD.
// The first pixel of a row has nothing on its left: zeros.

void sub(const Byte* row, const Byte*, std::size_t n, std::size_t pixel, Byte* out) {
  std::copy_n(row, pixel, out);
  for (std::size_t i = pixel; i < n; ++i) out[i] = static_cast<Byte>(row[i] - row[i - pixel]);
}

void up(const Byte* row, const Byte* above, std::size_t n, std::size_t, Byte* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<Byte>(row[i] - above[i]);
}

void average(const Byte* row, const Byte* above, std::size_t n, std::size_t pixel, Byte* out) {
  for (std::size_t i = 0; i < pixel; ++i) out[i] = static_cast<Byte>(row[i] - above[i] / 2);
  for (std::size_t i = pixel; i < n; ++i) {
    out[i] = static_cast<Byte>(row[i] - (row[i - pixel] + above[i]) / 2);
  }
}

void paeth(const Byte* row, const Byte* above, std::size_t n, std::size_t pixel, Byte* out) {
  up(row, above, pixel, pixel, out);
  for (std::size_t i = pixel; i < n; ++i) {
    const auto left = static_cast<std::int16_t>(row[i - pixel]);
    const auto over = static_cast<std::int16_t>(above[i]);
    const auto corner = static_cast<std::int16_t>(above[i - pixel]);
    // How far left + over - corner is from each of the three.
    const auto from_left = static_cast<std::int16_t>(std::abs(over - corner));
    const auto from_over = static_cast<std::int16_t>(std::abs(left - corner));
    const auto from_corner = static_cast<std::int16_t>(std::abs(left + over - 2 * corner));
    std::int16_t nearest = from_over <= from_corner ? over : corner;
    nearest = from_left <= from_over && from_left <= from_corner ? left : nearest;
    out[i] = static_cast<Byte>(row[i] - nearest);
  }
}

// Bytes as differences around 0.
std::uint64_t sum_of_sizes(const Byte* row, std::size_t n) {
  std::uint64_t sum = 0;
  constexpr std::size_t kPart = 1U << 16;  // its sum fits into 32 bits
  for (std::size_t start = 0; start < n; start += kPart) {
    std::uint32_t part = 0;
    for (std::size_t i = start; i < std::min(n, start + kPart); ++i) {
      part += static_cast<std::uint32_t>(std::abs(static_cast<std::int8_t>(row[i])));
    }
    sum += part;
  }
  return sum;
}

}  // namespace

PngFilter::PngFilter(std::size_t row_bytes, std::size_t pixel_bytes)
    : row_bytes_(row_bytes), pixel_bytes_(pixel_bytes), zeros_(row_bytes), candidate_(row_bytes) {}

void PngFilter::apply(const std::uint8_t* row, const std::uint8_t* above, std::uint8_t* out) {
  constexpr void (*kFilters[])(const Byte*, const Byte*, std::size_t, std::size_t, Byte*) = {
      sub, up, average, paeth};
  if (above == nullptr) above = zeros_.data();
  std::uint64_t smallest = std::numeric_limits<std::uint64_t>::max();
  Byte number = 0;
  for (const auto filter : kFilters) {
    ++number;  // PNG numbers them from 1; 0 is no filter
    filter(row, above, row_bytes_, pixel_bytes_, candidate_.data());
    const std::uint64_t sum = sum_of_sizes(candidate_.data(), row_bytes_);
    if (sum >= smallest) continue;
    smallest = sum;
    out[0] = number;
    std::copy(candidate_.begin(), candidate_.end(), out + 1);
  }
}

}  // namespace colorlab::io
