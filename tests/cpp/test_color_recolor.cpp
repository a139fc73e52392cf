// The fused kernel against the double reference: lightness, interpolated a*b*, sRGB.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "color/reference.hpp"
#include "colorlab/color.hpp"
#include "colorlab/cpu.hpp"
#include "colorlab/error.hpp"
#include "colorlab/recolor_kernel.hpp"

namespace {

using namespace colorlab;
namespace reference = colorlab::color::reference;

// a* and b* at a pixel by the definition of bilinear interpolation.
reference::Lab interpolated(const std::vector<float>& ab, std::size_t low_h, std::size_t low_w,
                            double v, double u) {
  const auto clamp = [](double at, std::size_t size) {
    return std::min(std::max(at, 0.0), static_cast<double>(size - 1));
  };
  v = clamp(v, low_h);
  u = clamp(u, low_w);
  double sum[2] = {0, 0};
  for (std::size_t y = 0; y < low_h; ++y) {
    for (std::size_t x = 0; x < low_w; ++x) {
      const double wy = std::max(0.0, 1 - std::abs(v - static_cast<double>(y)));
      const double wx = std::max(0.0, 1 - std::abs(u - static_cast<double>(x)));
      for (std::size_t c = 0; c < 2; ++c) sum[c] += wy * wx * ab[2 * (y * low_w + x) + c];
    }
  }
  return {0, sum[0], sum[1]};
}

}  // namespace

TEST_CASE_TEMPLATE("recolouring from grey keeps its lightness and the reference's colours", In,
                   std::uint8_t, std::uint16_t) {
  constexpr std::size_t kH = 33, kW = 201, kLowH = 4, kLowW = 7;
  std::mt19937 random(5);
  std::vector<In> grey(kH * kW);
  for (In& g : grey) g = static_cast<In>(random());
  std::vector<float> ab(kLowH * kLowW * 2);
  std::uniform_real_distribution<float> chroma(-60, 60);
  for (float& c : ab) c = chroma(random);
  const double white = sizeof(In) == 1 ? 255 : 65535;
  for (const std::string& target : cpu_targets()) {
    CAPTURE(target);
    force_target(target);
    std::vector<std::uint8_t> rgb(3 * grey.size()), again(rgb.size());
    const ImageView<const In> image(grey.data(), kH, kW, 1);
    const ImageView<const float> low(ab.data(), kLowH, kLowW, 2);
    const std::size_t reduced =
        recolor_bilinear<In, std::uint8_t>(image, low, {rgb.data(), kH, kW, 3}, 1);
    std::size_t expected_reduced = 0;
    double worst = 0, worst_l = 0;
    for (std::size_t i = 0; i < grey.size(); ++i) {
      const double v = (static_cast<double>(i / kW) + 0.5) * kLowH / kH - 0.5;
      const double u = (static_cast<double>(i % kW) + 0.5) * kLowW / kW - 0.5;
      reference::Lab lab = interpolated(ab, kLowH, kLowW, v, u);
      lab.l = reference::lightness_of_grey(grey[i] / white);
      const bool fits = reference::chroma_scale(lab) == 1;
      expected_reduced += fits ? 0 : 1;
      const auto made = reference::lab_from_rgb(
          {rgb[3 * i] / 255.0, rgb[3 * i + 1] / 255.0, rgb[3 * i + 2] / 255.0});
      worst_l = std::max(worst_l, std::abs(made.l - lab.l));
      if (!fits) continue;
      const auto wanted = reference::rgb_from_lab(lab, Gamut::chroma);
      worst = std::max({worst, std::abs(255 * wanted.r - rgb[3 * i]),
                        std::abs(255 * wanted.g - rgb[3 * i + 1]),
                        std::abs(255 * wanted.b - rgb[3 * i + 2])});
    }
    CHECK(worst <= 0.51);
    CHECK(worst_l <= 0.5);
    // A colour on the very edge may fall either way.
    CHECK(std::abs(static_cast<double>(reduced) - static_cast<double>(expected_reduced)) <= 2);
    // From L* itself, and on several threads.
    std::vector<float> l(grey.size());
    lightness<In>(image, {l.data(), kH, kW, 1}, 1);
    const ImageView<const float> l_view(l.data(), kH, kW, 1);
    CHECK(recolor_bilinear<float, std::uint8_t>(l_view, low, {again.data(), kH, kW, 3}, 3) ==
          reduced);
    CHECK(again == rgb);
  }
  force_target("");
}

TEST_CASE("recolouring refuses shapes that do not agree") {
  std::vector<std::uint8_t> grey(12), rgb(36);
  std::vector<float> ab(8);
  const ImageView<const float> low(ab.data(), 2, 2, 2), none(ab.data(), 0, 2, 2);
  CHECK_THROWS_AS((recolor_bilinear<std::uint8_t, std::uint8_t>({grey.data(), 3, 4, 1}, low,
                                                                {rgb.data(), 4, 3, 3}, 1)),
                  Error);
  CHECK_THROWS_AS((recolor_bilinear<std::uint8_t, std::uint8_t>({grey.data(), 3, 4, 1}, none,
                                                                {rgb.data(), 3, 4, 3}, 1)),
                  Error);
}
