// A small plane of doubles: the sums that models are fitted from would not survive in floats.
#pragma once

#include <cstddef>
#include <vector>

namespace colorlab::resample {

struct Plane {
  Plane(std::size_t height_, std::size_t width_)
      : height(height_), width(width_), data(height_ * width_) {}
  double* row(std::size_t y) { return data.data() + y * width; }
  [[nodiscard]] const double* row(std::size_t y) const { return data.data() + y * width; }

  std::size_t height, width;
  std::vector<double> data;
};

}  // namespace colorlab::resample
