// A photo to the generator's input and back to colour: what is promised about lightness.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "colorlab/color.hpp"
#include "colorlab/error.hpp"
#include "colorlab/pipeline.hpp"

namespace {

using namespace colorlab;

template <class T>
std::vector<T> noise_image(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<T> pixels(count);
  if constexpr (std::is_floating_point_v<T>) {
    std::uniform_real_distribution<T> draw(0, 1);
    for (T& value : pixels) value = draw(engine);
  } else {
    std::uniform_int_distribution<int> draw(0, std::numeric_limits<T>::max());
    for (T& value : pixels) value = static_cast<T>(draw(engine));
  }
  return pixels;
}

std::vector<float> noise_ab(std::size_t pixels, float reach, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> draw(-reach, reach);
  std::vector<float> ab(2 * pixels);
  for (float& value : ab) value = draw(engine);
  return ab;
}

TEST_CASE_TEMPLATE("preprocess is the area mean of L*, scaled", T, std::uint8_t, std::uint16_t,
                   float) {
  for (const std::size_t channels : {1U, 3U}) {
    const std::size_t height = 37, width = 53, rows = 8, columns = 16;
    const auto image = noise_image<T>(height * width * channels, 3);
    std::vector<float> l(height * width), wanted(rows * columns), tensor(rows * columns);
    lightness<T>({image.data(), height, width, channels}, {l.data(), height, width, 1}, 1);
    resize_area({l.data(), height, width, 1}, {wanted.data(), rows, columns, 1}, 1);
    preprocess<T>({image.data(), height, width, channels}, {tensor.data(), rows, columns, 1}, 1);
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      CHECK(tensor[i] == doctest::Approx(wanted[i] / 50.0F - 1.0F).epsilon(1e-6));
    }
  }
}

TEST_CASE("every grey keeps its lightness under any colour, in gamut or out of it") {
  // Each row is one grey; the columns go through 36 hues at a chroma that falls from 120 to 0.
  const std::size_t width = 36 * 13;
  std::vector<std::uint8_t> grey(256 * width), rgb(256 * width * 3);
  std::vector<float> ab(256 * width * 2);
  for (std::size_t i = 0; i < grey.size(); ++i) {
    grey[i] = static_cast<std::uint8_t>(i / width);
    const std::size_t column = i % width;
    const double hue = static_cast<double>(column % 36) * 3.14159265358979 / 18;
    const double chroma = 120.0 - 10.0 * static_cast<double>(column / 36);
    ab[2 * i] = static_cast<float>(chroma * std::cos(hue));
    ab[2 * i + 1] = static_cast<float>(chroma * std::sin(hue));
  }
  const auto promise = [&](Preserve preserve) {
    return recolor<std::uint8_t>({grey.data(), 256, width, 1}, {ab.data(), 256, width, 2},
                                 {rgb.data(), 256, width, 3}, preserve, Upsample::bilinear, 1);
  };
  const Certificate film = promise(Preserve::lightness);
  CHECK(film.max_delta_l <= 0.5);
  CHECK(film.mean_delta_l <= 0.1);
  CHECK(film.reduced_chroma > 0.3);
  CHECK(film.reduced_chroma < 0.9);

  // The certificate is what the pixels show.
  std::vector<float> before(grey.size()), after(grey.size());
  lightness<std::uint8_t>({grey.data(), 256, width, 1}, {before.data(), 256, width, 1}, 1);
  lightness<std::uint8_t>({rgb.data(), 256, width, 3}, {after.data(), 256, width, 1}, 1);
  float worst = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    worst = std::max(worst, std::abs(after[i] - before[i]));
  }
  CHECK(film.max_delta_l == doctest::Approx(worst).epsilon(1e-4));

  const Certificate digital = promise(Preserve::luma);
  CHECK(digital.max_delta_luma <= 0.5);  // rounds to the file's own grey
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const double luma = 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2];
    REQUIRE(std::lround(luma) == grey[i]);
  }
}

TEST_CASE_TEMPLATE("recolour keeps lightness for every type and channel count", T, std::uint8_t,
                   std::uint16_t, float) {
  const std::size_t height = 60, width = 81;
  const auto ab = noise_ab(6 * 8, 30.0F, 4);
  for (const std::size_t channels : {1U, 3U}) {
    const auto image = noise_image<T>(height * width * channels, 5);
    std::vector<T> rgb(height * width * 3);
    for (const Upsample method : {Upsample::bilinear, Upsample::guided}) {
      const Certificate film =
          recolor<T>({image.data(), height, width, channels}, {ab.data(), 6, 8, 2},
                     {rgb.data(), height, width, 3}, Preserve::lightness, method, 1);
      CHECK(film.max_delta_l <= (sizeof(T) == 1 ? 0.5 : 0.01));
      CHECK(film.mean_delta_l <= (sizeof(T) == 1 ? 0.1 : 0.002));
      const Certificate digital =
          recolor<T>({image.data(), height, width, channels}, {ab.data(), 6, 8, 2},
                     {rgb.data(), height, width, 3}, Preserve::luma, method, 1);
      CHECK(digital.max_delta_luma <= (sizeof(T) == 1 ? 0.5 : 0.05));
    }
  }
}

TEST_CASE("recolour does not depend on the number of threads") {
  const std::size_t height = 700, width = 1100;
  const auto image = noise_image<std::uint8_t>(height * width, 6);
  const auto ab = noise_ab(40 * 64, 60.0F, 7);
  std::vector<std::uint8_t> one(height * width * 3), many(one.size());
  for (const Preserve preserve : {Preserve::lightness, Preserve::luma}) {
    const auto run = [&](std::vector<std::uint8_t>& rgb, int threads) {
      return recolor<std::uint8_t>({image.data(), height, width, 1}, {ab.data(), 40, 64, 2},
                                   {rgb.data(), height, width, 3}, preserve, Upsample::guided,
                                   threads);
    };
    const Certificate first = run(one, 1);
    for (const int threads : {2, 3}) {
      const Certificate next = run(many, threads);
      CHECK(one == many);
      CHECK(first.mean_delta_l == next.mean_delta_l);
      CHECK(first.reduced_chroma == next.reduced_chroma);
    }
  }
}

TEST_CASE("grey chroma gives grey back, bit for bit") {
  std::vector<std::uint8_t> grey(256), rgb(768);
  for (std::size_t i = 0; i < 256; ++i) grey[i] = static_cast<std::uint8_t>(i);
  const std::vector<float> ab(2, 0.0F);
  for (const Preserve preserve : {Preserve::lightness, Preserve::luma}) {
    const Certificate certificate =
        recolor<std::uint8_t>({grey.data(), 16, 16, 1}, {ab.data(), 1, 1, 2},
                              {rgb.data(), 16, 16, 3}, preserve, Upsample::guided, 1);
    for (std::size_t i = 0; i < 768; ++i) REQUIRE(rgb[i] == i / 3);
    CHECK(certificate.reduced_chroma == 0.0);
  }
}

TEST_CASE("recolour refuses what it cannot do") {
  std::vector<std::uint8_t> pixels(64), rgb(192);
  std::vector<float> ab(8, 0.0F);
  const auto attempt = [&](std::size_t channels, std::size_t rows, std::size_t out_channels) {
    return recolor<std::uint8_t>({pixels.data(), 4, 4, channels}, {ab.data(), rows, 2, 2},
                                 {rgb.data(), 4, 4, out_channels}, Preserve::lightness,
                                 Upsample::guided, 1);
  };
  CHECK_NOTHROW(attempt(1, 2, 3));
  CHECK_THROWS_AS(attempt(2, 2, 3), Error);
  CHECK_THROWS_AS(attempt(4, 2, 3), Error);
  CHECK_THROWS_AS(attempt(1, 0, 3), Error);
  CHECK_THROWS_AS(attempt(1, 2, 4), Error);
}

}  // namespace
