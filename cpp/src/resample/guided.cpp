#include "resample/guided.hpp"

#include <algorithm>
#include <cmath>

#include "resample/consistent.hpp"
#include "resample/plane.hpp"

namespace colorlab::resample {
namespace {

constexpr double kTiny = 1e-3;  // a flat window explains nothing

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

Plane covariance(const Plane& a, const Plane& mean_a, const Plane& b, const Plane& mean_b,
                 std::size_t radius) {
  Plane product(a.height, a.width);
  for (std::size_t i = 0; i < product.data.size(); ++i) product.data[i] = a.data[i] * b.data[i];
  Plane mean = box_mean(product, radius);
  for (std::size_t i = 0; i < mean.data.size(); ++i) {
    mean.data[i] -= mean_a.data[i] * mean_b.data[i];
  }
  return mean;
}

Plane channel(ImageView<const float> image, std::size_t c) {
  Plane plane(image.height, image.width);
  for (std::size_t y = 0; y < image.height; ++y) {
    for (std::size_t x = 0; x < image.width; ++x) {
      plane.row(y)[x] = image.row(y)[image.channels * x + c];
    }
  }
  return plane;
}

}  // namespace

std::vector<float> fit_guided(ImageView<const float> ab, ImageView<const float> l,
                              std::size_t height, std::size_t width, const GuidedOptions& options) {
  const std::size_t radius = options.radius;
  Plane lightness = channel(l, 0);
  Plane a = channel(ab, 0);
  Plane b = channel(ab, 1);
  for (Plane* plane : {&a, &b, &lightness}) make_consistent(*plane, height, width);
  const Plane mean_l = box_mean(lightness, radius);
  const Plane mean_a = box_mean(a, radius);
  const Plane mean_b = box_mean(b, radius);
  const Plane var_l = covariance(lightness, mean_l, lightness, mean_l, radius);
  const Plane var_a = covariance(a, mean_a, a, mean_a, radius);
  const Plane var_b = covariance(b, mean_b, b, mean_b, radius);
  Plane slope_a = covariance(a, mean_a, lightness, mean_l, radius);
  Plane slope_b = covariance(b, mean_b, lightness, mean_l, radius);
  Plane weight(a.height, a.width);
  for (std::size_t i = 0; i < slope_a.data.size(); ++i) {
    const double spread = std::max(0.0, var_l.data[i]);
    const double chroma = std::max(0.0, var_a.data[i] + var_b.data[i]);
    const double shared = slope_a.data[i] * slope_a.data[i] + slope_b.data[i] * slope_b.data[i];
    const double explained =
        std::min(1.0, shared / ((spread + kTiny) * (chroma + options.chroma_noise)));
    weight.data[i] = std::sqrt(spread) + 1.0;
    const double scale = explained * explained / (spread + options.epsilon) * weight.data[i];
    slope_a.data[i] *= scale;
    slope_b.data[i] *= scale;
  }
  weight = box_mean(weight, radius);
  slope_a = box_mean(slope_a, radius);
  slope_b = box_mean(slope_b, radius);
  for (std::size_t i = 0; i < weight.data.size(); ++i) {
    slope_a.data[i] /= weight.data[i];
    slope_b.data[i] /= weight.data[i];
  }

  std::vector<float> planes;
  planes.reserve(kGuidedPlanes * ab.pixels());
  for (const Plane* plane : {&a, &b, &lightness, &slope_a, &slope_b}) {
    for (const double value : plane->data) planes.push_back(static_cast<float>(value));
  }
  return planes;
}

}  // namespace colorlab::resample
