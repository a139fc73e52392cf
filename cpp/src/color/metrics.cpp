#include "colorlab/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"

namespace colorlab {
namespace {

// Sums of the opponents and of their squares. A row's are exact for integers: they stay below 2^53.
struct Sums {
  double rg = 0, rg2 = 0, yb = 0, yb2 = 0;

  void add(double rg_, double yb_) {
    rg += rg_;
    rg2 += rg_ * rg_;
    yb += yb_;
    yb2 += yb_ * yb_;
  }
  void add(const Sums& other) {
    rg += other.rg;
    rg2 += other.rg2;
    yb += other.yb;
    yb2 += other.yb2;
  }
};

}  // namespace

template <class T>
double colorfulness(PixelView<const T> rgb, Colorfulness variant, int threads) {
  if (rgb.channels != 3) throw Error(ErrorCode::shape, "colourfulness needs 3 channels");
  if (rgb.pixels() == 0) return 0;
  std::vector<Sums> rows(rgb.height);
  parallel_rows(
      rgb.height, threads_for(rgb.pixels(), threads), [&](std::size_t begin, std::size_t end) {
        for (std::size_t y = begin; y < end; ++y) {
          for (std::size_t x = 0; x < rgb.width; ++x) {
            const T* at = rgb.pixel(y, x);
            const double r = at[0], g = at[rgb.channel_stride], b = at[2 * rgb.channel_stride];
            const double rg = r - g, yb = 0.5 * (r + g) - b;
            if (variant == Colorfulness::absolute) {
              rows[y].add(std::abs(rg), std::abs(yb));
            } else {
              rows[y].add(rg, yb);
            }
          }
        }
      });
  Sums sums;
  for (const Sums& row : rows) sums.add(row);
  const auto n = static_cast<double>(rgb.pixels());
  const double mean_rg = sums.rg / n, mean_yb = sums.yb / n;
  const double variances =
      std::max(0.0, sums.rg2 / n - mean_rg * mean_rg + sums.yb2 / n - mean_yb * mean_yb);
  const double to_codes =
      std::is_integral_v<T> ? 255.0 / static_cast<double>(std::numeric_limits<T>::max()) : 255.0;
  return to_codes * (std::sqrt(variances) + 0.3 * std::sqrt(mean_rg * mean_rg + mean_yb * mean_yb));
}

template double colorfulness<std::uint8_t>(PixelView<const std::uint8_t>, Colorfulness, int);
template double colorfulness<std::uint16_t>(PixelView<const std::uint16_t>, Colorfulness, int);
template double colorfulness<float>(PixelView<const float>, Colorfulness, int);

}  // namespace colorlab
