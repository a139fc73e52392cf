#include "colorlab/recolor_kernel.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "color/kernels.hpp"
#include "colorlab/color.hpp"
#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"

namespace colorlab {
namespace {

using color::kBlock;

template <class T>
color::Row3<T> interleaved(T* pixels) {
  return {{pixels, pixels + 1, pixels + 2}, 3};
}

void require(bool holds, const char* what) {
  if (!holds) throw Error(ErrorCode::shape, what);
}

// Where an output sample lies between two input samples: half-pixel centres, edges repeated.
struct Between {
  std::size_t first, second;
  float weight;
};
Between between(std::size_t at, std::size_t size, std::size_t low_size) {
  const double place =
      (static_cast<double>(at) + 0.5) * static_cast<double>(low_size) / static_cast<double>(size) -
      0.5;
  const double inside = std::clamp(place, 0.0, static_cast<double>(low_size - 1));
  const auto first = static_cast<std::size_t>(inside);
  return {first, std::min(first + 1, low_size - 1),
          static_cast<float>(inside - static_cast<double>(first))};
}

// Two rows of low-resolution a*b*, widened; each is made once.
class WideRows {
 public:
  WideRows(ImageView<const float> ab_low, const std::vector<Between>& columns)
      : ab_low_(ab_low), columns_(columns) {
    for (Wide& row : rows_) row.samples.resize(2 * columns.size());
  }
  // The pointers live until two other rows have been asked for.
  const float* operator()(std::size_t y) {
    Wide& row = rows_[y % 2];
    if (row.y != y) {
      row.y = y;
      const float* from = ab_low_.row(y);
      float* a = row.samples.data();
      float* b = a + columns_.size();
      for (std::size_t x = 0; x < columns_.size(); ++x) {
        const auto& [first, second, weight] = columns_[x];
        a[x] = from[2 * first] + weight * (from[2 * second] - from[2 * first]);
        b[x] = from[2 * first + 1] + weight * (from[2 * second + 1] - from[2 * first + 1]);
      }
    }
    return row.samples.data();
  }

 private:
  struct Wide {
    std::vector<float> samples;  // a*, then b*
    std::size_t y = std::numeric_limits<std::size_t>::max();
  };
  ImageView<const float> ab_low_;
  const std::vector<Between>& columns_;
  Wide rows_[2];
};

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
    alignas(64) float staged[5][kBlock] = {};  // the padding is black: never reduced
    alignas(64) T made[3 * kBlock];
    const float* const rows[5] = {l, ab.a[0], ab.a[1], ab.b[0], ab.b[1]};
    for (int i = 0; i < 5; ++i) std::copy(rows[i] + whole, rows[i] + width, staged[i]);
    reduced += kernel(staged[0], {{staged[1], staged[2]}, {staged[3], staged[4]}, ab.weight},
                      interleaved(made), kBlock);
    std::copy(made, made + 3 * n, rgb + 3 * whole);
  }
  return reduced;
}

template <class In, class T>
std::size_t recolor_bilinear(ImageView<const In> lightness_image, ImageView<const float> ab_low,
                             ImageView<T> rgb, int threads) {
  require(lightness_image.channels == 1, "lightness has 1 channel");
  require(ab_low.channels == 2 && ab_low.pixels() > 0, "a*b* needs 2 channels and a pixel");
  require(rgb.channels == 3 && rgb.height == lightness_image.height &&
              rgb.width == lightness_image.width,
          "RGB must be as large as the lightness, with 3 channels");
  if (rgb.pixels() == 0) return 0;
  std::vector<Between> columns;
  columns.reserve(rgb.width);
  for (std::size_t x = 0; x < rgb.width; ++x)
    columns.push_back(between(x, rgb.width, ab_low.width));
  std::atomic<std::size_t> reduced{0};
  const auto paint = [&](std::size_t begin, std::size_t end) {
    WideRows wide(ab_low, columns);
    std::vector<float> l(std::is_integral_v<In> ? rgb.width : 0);
    std::size_t count = 0;
    for (std::size_t y = begin; y < end; ++y) {
      const auto [first, second, weight] = between(y, rgb.height, ab_low.height);
      const float* above = wide(first);
      const float* below = wide(second);
      const float* l_row = nullptr;
      if constexpr (std::is_integral_v<In>) {
        lightness<In>(ImageView<const In>(lightness_image.row(y), 1, rgb.width, 1),
                      ImageView<float>(l.data(), 1, rgb.width, 1), 1);
        l_row = l.data();
      } else {
        l_row = lightness_image.row(y);
      }
      const AbRows ab{{above, below}, {above + rgb.width, below + rgb.width}, weight};
      count += recolor_row<T>(l_row, ab, rgb.row(y), rgb.width);
    }
    reduced += count;
  };
  parallel_rows(rgb.height, threads_for(rgb.pixels(), threads), paint);
  return reduced;
}

template std::size_t recolor_row<std::uint8_t>(const float*, const AbRows&, std::uint8_t*,
                                               std::size_t);
template std::size_t recolor_row<std::uint16_t>(const float*, const AbRows&, std::uint16_t*,
                                                std::size_t);
template std::size_t recolor_row<float>(const float*, const AbRows&, float*, std::size_t);

#define COLORLAB_INSTANTIATE(In, T)                                                         \
  template std::size_t recolor_bilinear<In, T>(ImageView<const In>, ImageView<const float>, \
                                               ImageView<T>, int);
COLORLAB_INSTANTIATE(std::uint8_t, std::uint8_t)
COLORLAB_INSTANTIATE(std::uint8_t, std::uint16_t)
COLORLAB_INSTANTIATE(std::uint16_t, std::uint8_t)
COLORLAB_INSTANTIATE(std::uint16_t, std::uint16_t)
COLORLAB_INSTANTIATE(float, std::uint8_t)
COLORLAB_INSTANTIATE(float, std::uint16_t)
#undef COLORLAB_INSTANTIATE

}  // namespace colorlab
