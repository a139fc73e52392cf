#include "resample/consistent.hpp"

#include <algorithm>
#include <vector>

#include "resample/axis.hpp"

namespace colorlab::resample {
namespace {

constexpr double kLargestSide = 0.125;

// The factors of one axis' tridiagonal matrix (Thomas' algorithm; it is diagonally dominant).
struct Factors {
  Factors(std::size_t low, std::size_t full) : lower(low, 0.0), upper(low, 0.0), scale(low, 1.0) {
    const AxisPlan grow(low, full);
    const AxisPlan shrink(full, low);
    for (std::size_t i = 0; i < low; ++i) {
      double before = 0.0;
      double after = 0.0;
      std::size_t at = shrink.first(i);
      for (const float share : shrink.weights(i)) {
        std::size_t tap = grow.first(at);
        for (const float weight : grow.weights(at++)) {
          if (tap < i) before += static_cast<double>(share) * weight;
          if (tap > i) after += static_cast<double>(share) * weight;
          ++tap;
        }
      }
      before = std::min(before, kLargestSide);
      after = std::min(after, kLargestSide);
      const double centre = 1.0 - before - after;
      lower[i] = before;
      scale[i] = 1.0 / (centre - (i > 0 ? before * upper[i - 1] : 0.0));
      upper[i] = after * scale[i];
    }
  }

  std::vector<double> lower, upper, scale;
};

}  // namespace

void make_consistent(Plane& plane, std::size_t height, std::size_t width) {
  if (width > plane.width) {
    const Factors factors(plane.width, width);
    for (std::size_t y = 0; y < plane.height; ++y) {
      double* row = plane.row(y);
      row[0] *= factors.scale[0];
      for (std::size_t x = 1; x < plane.width; ++x) {
        row[x] = (row[x] - factors.lower[x] * row[x - 1]) * factors.scale[x];
      }
      for (std::size_t x = plane.width - 1; x-- > 0;) row[x] -= factors.upper[x] * row[x + 1];
    }
  }
  if (height > plane.height) {
    const Factors factors(plane.height, height);
    const auto combine = [&](std::size_t y, std::size_t other, double weight, double scale) {
      double* row = plane.row(y);
      const double* from = plane.row(other);
      for (std::size_t x = 0; x < plane.width; ++x) row[x] = (row[x] - weight * from[x]) * scale;
    };
    for (double *row = plane.row(0), *end = row + plane.width; row != end; ++row) {
      *row *= factors.scale[0];
    }
    for (std::size_t y = 1; y < plane.height; ++y) {
      combine(y, y - 1, factors.lower[y], factors.scale[y]);
    }
    for (std::size_t y = plane.height - 1; y-- > 0;) combine(y, y + 1, factors.upper[y], 1.0);
  }
}

}  // namespace colorlab::resample
