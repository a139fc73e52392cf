#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "color/constants.hpp"
#include "color/kernels.hpp"
#include "colorlab/recolor_kernel.hpp"

namespace colorlab {
namespace {

using color::kBlock;
using color::kStrip;

template <class T>
color::Row3<T> interleaved(T* pixels) {
  return {{pixels, pixels + 1, pixels + 2}, 3};
}

constexpr std::size_t padded(std::size_t n) { return (n + kBlock - 1) / kBlock * kBlock; }

// Copies a row's last pixels and pads them with zeros.
template <class T>
void pad(const T* from, std::size_t n, T* to) {
  std::copy(from, from + n, to);
  std::fill(to + n, to + padded(n), T{});
}

// The largest and the sum of values, in eight lanes so that compilers can use vectors.
class Extent {
 public:
  void add(const float* values, std::size_t n) {
    for (std::size_t i = 0; i < n; i += kLanes) {
      for (std::size_t k = 0; k < kLanes; ++k) {
        max_[k] = std::max(max_[k], values[i + k]);
        sum_[k] += values[i + k];
      }
    }
  }
  [[nodiscard]] double max() const { return *std::max_element(max_, max_ + kLanes); }
  [[nodiscard]] double sum() const {
    double total = 0;
    for (const double part : sum_) total += part;
    return total;
  }

 private:
  static constexpr std::size_t kLanes = 8;
  float max_[kLanes] = {};
  double sum_[kLanes] = {};
};

template <class T>
float luma_code(const T* pixel, std::size_t channels) {
  constexpr float kToCode =
      std::is_integral_v<T> ? 255.0F / static_cast<float>(std::numeric_limits<T>::max()) : 255.0F;
  if (channels == 1) return kToCode * static_cast<float>(pixel[0]);
  return kToCode * (static_cast<float>(color::kLuma601[0]) * static_cast<float>(pixel[0]) +
                    static_cast<float>(color::kLuma601[1]) * static_cast<float>(pixel[1]) +
                    static_cast<float>(color::kLuma601[2]) * static_cast<float>(pixel[2]));
}

// Float samples count as they are shown: NaN as 0, the rest within 0..1.
float shown_luma(float code) { return code > 0 ? std::min(code, 255.0F) : 0.0F; }

}  // namespace

template <class T>
std::size_t recolor_row(const float* l, const AbRows& ab, T* rgb, std::size_t width) {
  const auto kernel = color::backward_kernels().of<T>().recolor;
  const std::size_t whole = width / kBlock * kBlock;
  std::size_t reduced = 0;
  if (whole > 0) {
    const color::ChromaRows rows{{ab.a[0], ab.a[1]}, {ab.b[0], ab.b[1]}, ab.weight};
    reduced = kernel(l, rows, interleaved(rgb), whole);
  }
  if (whole < width) {
    const std::size_t n = width - whole;
    alignas(64) float staged[5][kBlock];
    alignas(64) T made[3 * kBlock];
    const float* const rows[5] = {l, ab.a[0], ab.a[1], ab.b[0], ab.b[1]};
    for (int i = 0; i < 5; ++i) pad(rows[i] + whole, n, staged[i]);
    reduced += kernel(staged[0], {{staged[1], staged[2]}, {staged[3], staged[4]}, ab.weight},
                      interleaved(made), kBlock);  // the padding is black: never reduced
    std::copy(made, made + 3 * n, rgb + 3 * whole);
  }
  return reduced;
}

template <class T>
RowDeltas measure_row(const T* rgb, const float* l, const T* original, std::size_t channels,
                      std::size_t width) {
  const auto lightness = color::forward_kernels().of<T>().lightness;
  Extent of_l, of_luma;
  for (std::size_t begin = 0; begin < width; begin += kStrip) {
    const std::size_t n = std::min(kStrip, width - begin);
    const std::size_t whole = n / kBlock * kBlock;
    const T* made = rgb + 3 * begin;
    const T* from = original + channels * begin;
    alignas(64) float delta[kStrip];
    if (whole > 0) lightness(interleaved(made), delta, whole, 1, 0);
    if (whole < n) {
      alignas(64) T rest[3 * kBlock] = {};
      std::copy(made + 3 * whole, made + 3 * n, rest);
      lightness(interleaved<const T>(rest), delta + whole, kBlock, 1, 0);
    }
    for (std::size_t i = 0; i < n; ++i) delta[i] = std::abs(delta[i] - l[begin + i]);
    std::fill(delta + n, delta + padded(n), 0.0F);
    of_l.add(delta, padded(n));
    for (std::size_t i = 0; i < n; ++i) {
      delta[i] = std::abs(shown_luma(luma_code(made + 3 * i, 3)) -
                          shown_luma(luma_code(from + channels * i, channels)));
    }
    of_luma.add(delta, padded(n));
  }
  return {of_l.max(), of_l.sum(), of_luma.max(), of_luma.sum()};
}

#define COLORLAB_INSTANTIATE(T)                                                      \
  template std::size_t recolor_row<T>(const float*, const AbRows&, T*, std::size_t); \
  template RowDeltas measure_row<T>(const T*, const float*, const T*, std::size_t, std::size_t);
COLORLAB_INSTANTIATE(std::uint8_t)
COLORLAB_INSTANTIATE(std::uint16_t)
COLORLAB_INSTANTIATE(float)
#undef COLORLAB_INSTANTIATE

}  // namespace colorlab
