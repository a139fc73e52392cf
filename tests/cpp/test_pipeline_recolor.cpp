// Recolouring against the double reference: lightness, interpolated a*b*, sRGB, on every target.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "color/reference.hpp"
#include "colorlab/color.hpp"
#include "colorlab/error.hpp"
#include "colorlab/pipeline.hpp"
#include "testing.hpp"

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
  testing::on_each_target([&] {
    std::vector<In> rgb(3 * grey.size()), again(rgb.size());
    const ImageView<const In> image(grey.data(), kH, kW, 1);
    const ImageView<const float> low(ab.data(), kLowH, kLowW, 2);
    const Certificate certificate = recolor<In>(image, low, {rgb.data(), kH, kW, 3},
                                                Preserve::lightness, Upsample::bilinear, 1);
    const auto reduced = static_cast<std::size_t>(
        std::llround(certificate.reduced_chroma * static_cast<double>(grey.size())));
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
          {rgb[3 * i] / white, rgb[3 * i + 1] / white, rgb[3 * i + 2] / white});
      worst_l = std::max(worst_l, std::abs(made.l - lab.l));
      if (!fits) continue;
      const auto wanted = reference::rgb_from_lab(lab, Gamut::chroma);
      worst = std::max({worst, 255 * std::abs(wanted.r - rgb[3 * i] / white),
                        255 * std::abs(wanted.g - rgb[3 * i + 1] / white),
                        255 * std::abs(wanted.b - rgb[3 * i + 2] / white)});
    }
    CHECK(worst <= 0.51);
    CHECK(worst_l <= 0.5);
    // A colour on the very edge may fall either way.
    CHECK(std::abs(static_cast<double>(reduced) - static_cast<double>(expected_reduced)) <= 2);
    recolor_uncertified<In>(image, low, {again.data(), kH, kW, 3}, Preserve::lightness,
                            Upsample::bilinear, 3);
    CHECK(again == rgb);
  });
}
