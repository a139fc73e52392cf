#include "resample/guided.hpp"

#include <algorithm>
#include <cstddef>

namespace colorlab::resample {
namespace {

// A plane of doubles: the differences of large sums below would not survive in floats.
struct Plane {
  Plane(std::size_t height_, std::size_t width_)
      : height(height_), width(width_), data(height_ * width_) {}
  double* row(std::size_t y) { return data.data() + y * width; }
  [[nodiscard]] const double* row(std::size_t y) const { return data.data() + y * width; }

  std::size_t height, width;
  std::vector<double> data;
};

// Means over windows of (2 radius + 1)^2, cut at the borders, by running sums: O(1) per pixel.
Plane box_mean(const Plane& in, std::size_t radius) {
  Plane out(in.height, in.width);
  std::vector<double> columns(in.width, 0.0);  // sums of the rows in the window
  const auto add_row = [&](std::size_t y, double sign) {
    const double* row = in.row(y);
    for (std::size_t x = 0; x < in.width; ++x) columns[x] += sign * row[x];
  };
  const std::size_t across = std::min(radius, in.width - 1);
  for (std::size_t y = 0; y < std::min(radius, in.height); ++y) add_row(y, 1.0);
  for (std::size_t y = 0; y < in.height; ++y) {
    if (y + radius < in.height) add_row(y + radius, 1.0);
    if (y > radius) add_row(y - radius - 1, -1.0);
    const std::size_t rows =
        std::min(y + radius, in.height - 1) - (y > radius ? y - radius : 0) + 1;
    double sum = 0.0;
    std::size_t held = 0;
    for (std::size_t x = 0; x < across; ++x, ++held) sum += columns[x];
    for (std::size_t x = 0; x < in.width; ++x) {
      if (x + across < in.width) {
        sum += columns[x + across];
        ++held;
      }
      if (x > across) {
        sum -= columns[x - across - 1];
        --held;
      }
      out.row(y)[x] = sum / static_cast<double>(rows * held);
    }
  }
  return out;
}

}  // namespace

std::vector<float> fit_guided(ImageView<const float> ab, ImageView<const float> l,
                              const GuidedOptions& options) {
  const std::size_t height = ab.height;
  const std::size_t width = ab.width;
  const std::size_t pixels = height * width;
  Plane lightness(height, width);
  Plane squares(height, width);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const double value = l.row(y)[x];
      lightness.row(y)[x] = value;
      squares.row(y)[x] = value * value;
    }
  }
  const Plane mean_l = box_mean(lightness, options.radius);
  const Plane mean_ll = box_mean(squares, options.radius);

  std::vector<float> models(4 * pixels);
  Plane values(height, width);
  Plane products(height, width);
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const double value = ab.row(y)[2 * x + c];
        values.row(y)[x] = value;
        products.row(y)[x] = value * lightness.row(y)[x];
      }
    }
    Plane slope = box_mean(products, options.radius);
    Plane offset = box_mean(values, options.radius);
    for (std::size_t i = 0; i < pixels; ++i) {
      const double mean = mean_l.data[i];
      const double variance = std::max(0.0, mean_ll.data[i] - mean * mean);
      const double covariance = slope.data[i] - mean * offset.data[i];
      slope.data[i] = covariance / (variance + options.epsilon);
      offset.data[i] -= slope.data[i] * mean;
    }
    slope = box_mean(slope, options.radius);
    offset = box_mean(offset, options.radius);
    float* out = models.data() + 2 * c * pixels;
    std::transform(slope.data.begin(), slope.data.end(), out,
                   [](double value) { return static_cast<float>(value); });
    std::transform(offset.data.begin(), offset.data.end(), out + pixels,
                   [](double value) { return static_cast<float>(value); });
  }
  return models;
}

}  // namespace colorlab::resample
