// Resizing and chroma upsampling against plain double-precision definitions.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/resample.hpp"
#include "resample/consistent.hpp"

namespace {

using namespace colorlab;

std::vector<float> noise(std::size_t count, float low, float high, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> draw(low, high);
  std::vector<float> values(count);
  for (float& value : values) value = draw(engine);
  return values;
}

// The weight of source sample s in target sample i of one axis, straight from the definition.
double weight(std::size_t source, std::size_t target, std::size_t i, std::size_t s) {
  const double scale = static_cast<double>(source) / static_cast<double>(target);
  const auto place = static_cast<double>(s);
  if (source >= target) {
    const double begin = static_cast<double>(i) * scale;
    const double overlap = std::min(begin + scale, place + 1) - std::max(begin, place);
    return std::max(0.0, overlap) / scale;
  }
  const double centre = std::clamp((static_cast<double>(i) + 0.5) * scale - 0.5, 0.0,
                                   static_cast<double>(source) - 1);
  return std::max(0.0, 1.0 - std::abs(place - centre));
}

double reference(const std::vector<float>& image, std::size_t height, std::size_t width,
                 std::size_t channels, std::size_t rows, std::size_t columns, std::size_t y,
                 std::size_t x, std::size_t c) {
  double sum = 0;
  for (std::size_t sy = 0; sy < height; ++sy) {
    const double down = weight(height, rows, y, sy);
    if (down == 0) continue;
    for (std::size_t sx = 0; sx < width; ++sx) {
      sum += down * weight(width, columns, x, sx) * image[(sy * width + sx) * channels + c];
    }
  }
  return sum;
}

TEST_CASE("resize_area is the area average where it shrinks and linear where it grows") {
  struct Case {
    std::size_t height, width, channels, rows, columns;
  };
  for (const Case& size : {Case{12, 18, 1, 4, 6}, Case{31, 17, 1, 7, 5}, Case{31, 17, 3, 7, 40},
                           Case{5, 9, 2, 13, 9}, Case{1, 1, 4, 3, 5}, Case{6, 50, 2, 1, 1},
                           Case{40, 3, 1, 39, 2}, Case{64, 129, 1, 8, 16}}) {
    CAPTURE(size.height);
    CAPTURE(size.columns);
    const auto image = noise(size.height * size.width * size.channels, 0.0F, 100.0F, 1);
    std::vector<float> out(size.rows * size.columns * size.channels);
    resize_area({image.data(), size.height, size.width, size.channels},
                {out.data(), size.rows, size.columns, size.channels}, 1);
    double worst = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t pixel = i / size.channels;
      const double wanted =
          reference(image, size.height, size.width, size.channels, size.rows, size.columns,
                    pixel / size.columns, pixel % size.columns, i % size.channels);
      worst = std::max(worst, std::abs(wanted - out[i]));
    }
    CHECK(worst < 5e-5);
  }
}

TEST_CASE("resize_area keeps its values over thread counts, and flat images flat") {
  const auto image = noise(900 * 1201, 0.0F, 1.0F, 2);
  std::vector<float> one(301 * 299), many(301 * 299);
  resize_area({image.data(), 900, 1201, 1}, {one.data(), 301, 299, 1}, 1);
  for (const int threads : {2, 3, 8}) {
    resize_area({image.data(), 900, 1201, 1}, {many.data(), 301, 299, 1}, threads);
    CHECK(one == many);
  }
  const std::vector<float> flat(97 * 53, 0.75F);
  std::vector<float> small(10 * 7);
  resize_area({flat.data(), 97, 53, 1}, {small.data(), 10, 7, 1}, 1);
  for (const float value : small) CHECK(value == doctest::Approx(0.75).epsilon(1e-6));
}

TEST_CASE("resize_area refuses what it cannot do") {
  std::vector<float> pixels(12);
  const ImageView<const float> source(pixels.data(), 2, 2, 3);
  CHECK_THROWS_AS(resize_area(source, ImageView<float>(pixels.data(), 1, 1, 1), 1), Error);
  CHECK_THROWS_AS(resize_area(source, ImageView<float>(pixels.data(), 0, 1, 3), 1), Error);
}

struct Scene {
  std::size_t height, width;
  std::vector<float> l, ab;
};

// Left half dark and blue, right half light and orange; the edge is at `edge`.
Scene two_colours(std::size_t height, std::size_t width, std::size_t edge) {
  Scene scene{height, width, std::vector<float>(height * width),
              std::vector<float>(height * width * 2)};
  for (std::size_t i = 0; i < height * width; ++i) {
    const bool left = i % width < edge;
    scene.l[i] = left ? 30.0F : 70.0F;
    scene.ab[2 * i] = left ? 10.0F : 30.0F;
    scene.ab[2 * i + 1] = left ? -40.0F : 50.0F;
  }
  return scene;
}

double mean_error(const Scene& scene, const std::vector<float>& ab) {
  double sum = 0;
  for (std::size_t i = 0; i < ab.size(); i += 2) {
    sum += std::hypot(ab[i] - scene.ab[i], ab[i + 1] - scene.ab[i + 1]);
  }
  return sum / static_cast<double>(ab.size() / 2);
}

std::vector<float> round_trip(const Scene& scene, std::size_t rows, std::size_t columns,
                              Upsample method, int threads = 1) {
  std::vector<float> low(rows * columns * 2), ab(scene.ab.size());
  resize_area({scene.ab.data(), scene.height, scene.width, 2}, {low.data(), rows, columns, 2}, 1);
  upsample_ab({low.data(), rows, columns, 2}, {scene.l.data(), scene.height, scene.width, 1},
              {ab.data(), scene.height, scene.width, 2}, method, threads);
  return ab;
}

TEST_CASE("guided upsampling keeps a colour edge where bilinear bleeds") {
  const Scene scene = two_colours(96, 128, 59);  // not on the low-resolution grid
  const double bilinear = mean_error(scene, round_trip(scene, 12, 16, Upsample::bilinear));
  const double guided = mean_error(scene, round_trip(scene, 12, 16, Upsample::guided));
  CHECK(bilinear > 2.0);
  CHECK(guided < 0.1 * bilinear);
}

TEST_CASE("both methods return flat chroma unchanged and do not depend on threads") {
  Scene scene = two_colours(530, 1021, 400);
  const Scene edge = scene;
  std::fill(scene.ab.begin(), scene.ab.end(), -17.5F);
  for (const Upsample method : {Upsample::bilinear, Upsample::guided}) {
    const auto flat = round_trip(scene, 33, 64, method);
    CHECK(mean_error(scene, flat) < 1e-4);
    const auto one = round_trip(edge, 33, 64, method, 1);
    for (const int threads : {2, 3, 8}) CHECK(one == round_trip(edge, 33, 64, method, threads));
  }
}

TEST_CASE("consistent samples, grown and averaged back, give the averages they came from") {
  struct Case {
    std::size_t rows, columns, height, width;
  };
  for (const Case& size : {Case{9, 7, 18, 28}, Case{16, 16, 96, 80}, Case{1, 5, 40, 15},
                           Case{6, 8, 6, 4}, Case{12, 12, 33, 100}}) {
    CAPTURE(size.width);
    const auto averages = noise(size.rows * size.columns, -60.0F, 60.0F, 5);
    resample::Plane plane(size.rows, size.columns);
    std::copy(averages.begin(), averages.end(), plane.data.begin());
    resample::make_consistent(plane, size.height, size.width);
    const std::vector<float> samples(plane.data.begin(), plane.data.end());
    std::vector<float> grown(size.height * size.width), back(averages.size());
    resize_area({samples.data(), size.rows, size.columns, 1},
                {grown.data(), size.height, size.width, 1}, 1);
    resize_area({grown.data(), size.height, size.width, 1},
                {back.data(), size.rows, size.columns, 1}, 1);
    double worst = 0, sum = 0;
    for (std::size_t i = 0; i < back.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(back[i]) - averages[i]));
      sum += std::abs(samples[i]);
    }
    const bool whole = size.height % size.rows == 0 && size.width % size.columns == 0;
    if (size.width < size.columns) {
      CHECK(samples == averages);  // nothing to undo
    } else {
      CHECK(worst < (whole ? 2e-4 : 8.0));
    }
    CHECK(sum / static_cast<double>(back.size()) < 4 * 60.0);  // twice per axis at the most
  }
}

TEST_CASE("any pair of sizes works, down to one pixel and with ab larger than the photo") {
  for (const Upsample method : {Upsample::bilinear, Upsample::guided}) {
    const Scene scene = two_colours(5, 7, 3);
    for (const auto& [rows, columns] :
         {std::pair<std::size_t, std::size_t>{1, 1}, {5, 7}, {9, 20}}) {
      const auto ab = round_trip(scene, rows, columns, method);
      CHECK(std::all_of(ab.begin(), ab.end(), [](float v) { return std::abs(v) < 90.0F; }));
    }
  }
}

TEST_CASE("chroma that is no number is refused, not spread") {
  const Scene scene = two_colours(8, 8, 4);
  std::vector<float> low(8, 1.0F), ab(128);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e9F}) {
    low[3] = bad;
    CHECK_THROWS_AS(upsample_ab({low.data(), 2, 2, 2}, {scene.l.data(), 8, 8, 1},
                                {ab.data(), 8, 8, 2}, Upsample::guided, 1),
                    Error);
  }
}

}  // namespace
