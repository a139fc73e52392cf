// Kernels against the double reference, on every SIMD target that runs here.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "color/reference.hpp"
#include "colorlab/color.hpp"
#include "colorlab/cpu.hpp"
#include "colorlab/error.hpp"

namespace {

using namespace colorlab;
namespace reference = colorlab::color::reference;

constexpr double kBound = 1e-4;

TEST_CASE("reference: published values of L*a*b*") {
  // ITU-R BT.709 primaries under D65: http://www.brucelindbloom.com, CSS Color Module Level 4.
  const auto red = reference::lab_from_rgb({1, 0, 0});
  CHECK(red.l == doctest::Approx(53.2408).epsilon(1e-4));
  CHECK(red.a == doctest::Approx(80.0925).epsilon(2e-4));
  CHECK(red.b == doctest::Approx(67.2032).epsilon(2e-4));
  const auto white = reference::lab_from_rgb({1, 1, 1});
  CHECK(white.l == doctest::Approx(100));
  CHECK(std::abs(white.a) < 1e-10);
  CHECK(std::abs(white.b) < 1e-10);
  CHECK(reference::lightness_of_grey(76.0 / 255) == doctest::Approx(32.3).epsilon(1e-2));
}

TEST_CASE("all 16,777,216 8-bit colours survive") {
  const std::string target = active_target();
  std::vector<std::uint8_t> rgb(3 << 16), back(rgb.size());
  std::vector<float> lab(rgb.size());
  std::size_t lost = 0;
  for (int r = 0; r < 256; r += target == "SCALAR" ? 17 : 1) {
    for (std::size_t i = 0; i < (1U << 16); ++i) {
      rgb[3 * i] = static_cast<std::uint8_t>(r);
      rgb[3 * i + 1] = static_cast<std::uint8_t>(i >> 8);
      rgb[3 * i + 2] = static_cast<std::uint8_t>(i);
    }
    rgb_to_lab(ImageView<const std::uint8_t>(rgb.data(), 256, 256, 3),
               ImageView<float>(lab.data(), 256, 256, 3), 1);
    lab_to_rgb(ImageView<const float>(lab.data(), 256, 256, 3),
               ImageView<std::uint8_t>(back.data(), 256, 256, 3), Gamut::chroma, 1);
    for (std::size_t i = 0; i < rgb.size(); ++i) lost += rgb[i] != back[i];
  }
  CHECK(lost == 0);
}

}  // namespace
