// Kernels against the double reference, on every SIMD target that runs here.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "color/reference.hpp"
#include "colorlab/color.hpp"
#include "colorlab/cpu.hpp"
#include "colorlab/error.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
using colorlab::testing::on_each_target;
namespace reference = colorlab::color::reference;

constexpr double kBound = 1e-4;  // of L*, a* and b*

template <class T>
constexpr double kWhite = std::is_integral_v<T> ? std::numeric_limits<T>::max() : 1.0;

template <class T>
std::vector<T> random_rgb(std::size_t pixels, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<T> rgb(3 * pixels);
  for (std::size_t i = 0; i < rgb.size(); ++i) {
    // Half of the pixels dark, where the curves are steep.
    const double value = i / 3 % 2 == 0 ? uniform(random) : std::pow(uniform(random), 4.0);
    rgb[i] = static_cast<T>(std::is_integral_v<T> ? std::round(value * kWhite<T>) : value);
  }
  return rgb;
}

template <class T>
reference::Rgb encoded(const T* pixel) {
  return {pixel[0] / kWhite<T>, pixel[1] / kWhite<T>, pixel[2] / kWhite<T>};
}

template <class T>
ImageView<const T> row_of(const std::vector<T>& samples, std::size_t channels) {
  return {samples.data(), 1, samples.size() / channels, channels};
}
template <class T>
ImageView<T> row_of(std::vector<T>& samples, std::size_t channels) {
  return {samples.data(), 1, samples.size() / channels, channels};
}

double largest_error(const reference::Lab& expected, const float* lab) {
  return std::max({std::abs(expected.l - lab[0]), std::abs(expected.a - lab[1]),
                   std::abs(expected.b - lab[2])});
}

}  // namespace

TEST_CASE("reference: published values of L*a*b*") {
  // Of the sRGB primaries under D65, by CSS Color Module Level 4 and the CIE's formulas.
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

TEST_CASE("targets are listed, forced and refused by name") {
  const auto names = cpu_targets();
  REQUIRE(!names.empty());
  const char* wanted = std::getenv("COLORLAB_FORCE_TARGET");
  const bool forced = wanted != nullptr && *wanted != '\0';
  CHECK(active_target() == (forced ? std::string(wanted) : names.front()));
  const bool plain = names.back() == "SCALAR" || names.back() == "EMU128" ||
                     names.back() == "SSE2" || names.back() == "NEON";
  CHECK(plain);
  force_target(names.back());
  CHECK(active_target() == names.back());
  CHECK(cpu_targets() == names);
  force_target("");
  CHECK(active_target() == names.front());
  const Error error = colorlab::testing::error_of([] { force_target("MMX"); });
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK(std::string(error.what()).find(names.front()) != std::string::npos);
}

TEST_CASE_TEMPLATE("RGB to Lab and L* stay within the bound", T, std::uint8_t, std::uint16_t,
                   float) {
  const auto rgb = random_rgb<T>(200'003, 1);
  on_each_target([&] {
    std::vector<float> lab(rgb.size()), l(rgb.size() / 3);
    rgb_to_lab<T>(row_of(rgb, 3), row_of(lab, 3), 1);
    lightness<T>(row_of(rgb, 3), row_of(l, 1), 1);
    double worst = 0, worst_l = 0;
    for (std::size_t i = 0; i < rgb.size(); i += 3) {
      const auto expected = reference::lab_from_rgb(encoded(&rgb[i]));
      worst = std::max(worst, largest_error(expected, &lab[i]));
      worst_l = std::max(worst_l, std::abs(expected.l - l[i / 3]));
    }
    CHECK(worst <= kBound);
    CHECK(worst_l <= kBound);
  });
}

TEST_CASE_TEMPLATE("every grey's L* stays within the bound", T, std::uint8_t, std::uint16_t,
                   float) {
  std::vector<T> grey;
  const int codes = sizeof(T) == 1 ? 256 : 65536;
  for (int i = 0; i < codes; ++i) {
    grey.push_back(std::is_integral_v<T> ? static_cast<T>(i) : static_cast<T>(i / 65535.0));
  }
  on_each_target([&] {
    std::vector<float> l(grey.size());
    lightness<T>(row_of(grey, 1), row_of(l, 1), 1);
    double worst = 0;
    for (std::size_t i = 0; i < grey.size(); ++i) {
      worst = std::max(worst, std::abs(reference::lightness_of_grey(grey[i] / kWhite<T>) - l[i]));
    }
    CHECK(worst <= kBound);
    CHECK(l.front() == doctest::Approx(0).epsilon(1e-5));
    CHECK(l.back() == doctest::Approx(100).epsilon(1e-6));
  });
}

// Sanitizers are tens of times slower: under them every 17th red is tried (0 and 255 among them),
// and the ordinary builds try all colours.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kRedStep = 17;
#else
constexpr int kRedStep = 1;
#endif

TEST_CASE("all 16,777,216 8-bit colours survive") {
  on_each_target([] {
    std::vector<std::uint8_t> rgb(3 << 16), back(rgb.size());
    std::vector<float> lab(rgb.size());
    std::size_t lost = 0;
    double worst = 0;
    for (int r = 0; r < 256; r += kRedStep) {
      for (std::size_t i = 0; i < (1U << 16); ++i) {
        rgb[3 * i] = static_cast<std::uint8_t>(r);
        rgb[3 * i + 1] = static_cast<std::uint8_t>(i >> 8);
        rgb[3 * i + 2] = static_cast<std::uint8_t>(i);
      }
      rgb_to_lab<std::uint8_t>(row_of(rgb, 3), row_of(lab, 3), 1);
      lab_to_rgb<std::uint8_t>(row_of(lab, 3), row_of(back, 3), Gamut::chroma, 1);
      lost += rgb != back;
      const std::size_t i = static_cast<std::size_t>(r) * 257 * 3;  // one pixel of each plane
      worst = std::max(worst, largest_error(reference::lab_from_rgb(encoded(&rgb[i])), &lab[i]));
    }
    CHECK(lost == 0);  // planes of 65,536 colours
    CHECK(worst <= kBound);
  });
}

TEST_CASE_TEMPLATE("Lab to RGB agrees with the reference", T, std::uint8_t, std::uint16_t, float) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> lightness_of(-5, 105), ab_of(-130, 130);
  std::vector<float> lab(3 * 60'001);
  for (std::size_t i = 0; i < lab.size(); i += 3) {
    const float strength = static_cast<float>(i % 5) / 4;  // from grey to far outside sRGB
    lab[i] = lightness_of(random);
    lab[i + 1] = strength * ab_of(random);
    lab[i + 2] = strength * ab_of(random);
  }
  // Code values, or units for float. Reduced chroma stops within 0.005 of the largest C*.
  const double rounding = sizeof(T) == 1 ? 0.505 : sizeof(T) == 2 ? 0.7 : 6e-6;
  for (const Gamut gamut : {Gamut::clip, Gamut::chroma}) {
    on_each_target([&] {
      std::vector<T> rgb(lab.size());
      lab_to_rgb<T>(row_of(lab, 3), row_of(rgb, 3), gamut, 1);
      double worst = 0, worst_delta_l = 0, worst_excess = 0;
      for (std::size_t i = 0; i < lab.size(); i += 3) {
        const reference::Lab given = reference::sanitised({lab[i], lab[i + 1], lab[i + 2]});
        const auto expected = reference::rgb_from_lab(given, gamut);
        if (gamut == Gamut::chroma && reference::chroma_scale(given) < 1) {
          // The gamut's edge is compared by what it promises: L* kept, chroma the largest.
          const auto made = reference::lab_from_rgb(encoded(&rgb[i]));
          worst_delta_l = std::max(worst_delta_l, std::abs(made.l - given.l));
          const double scale = reference::chroma_scale(given);
          const auto reached = std::hypot(made.a, made.b);
          if (sizeof(T) > 1) {
            worst_excess =
                std::max(worst_excess, std::abs(reached - scale * std::hypot(given.a, given.b)));
          }
          continue;
        }
        const double wanted[3] = {expected.r, expected.g, expected.b};
        for (std::size_t c = 0; c < 3; ++c) {
          worst = std::max(worst, std::abs(wanted[c] * kWhite<T> - rgb[i + c]));
        }
      }
      CHECK(worst <= rounding);
      CHECK(worst_delta_l <= (sizeof(T) == 1 ? 0.5 : 0.01));
      CHECK(worst_excess <= 0.05);
    });
  }
}

TEST_CASE("NaN, infinities and values out of range are defined") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  on_each_target([] {
    // Odd values beside ordinary ones: no lane may disturb another.
    const std::vector<float> rgb = {kNan, kInf, -kInf, 2.0F, -1.0F, 0.5F, 0.25F, kNan, 1.0F};
    const std::vector<float> same = {0.0F, 1.0F, 0.0F, 1.0F, 0.0F, 0.5F, 0.25F, 0.0F, 1.0F};
    std::vector<float> lab(9), expected(9);
    rgb_to_lab<float>(row_of(rgb, 3), row_of(lab, 3), 1);
    rgb_to_lab<float>(row_of(same, 3), row_of(expected, 3), 1);
    CHECK(lab == expected);
    const std::vector<float> wild = {kNan, kNan,  kNan, 50, kInf, 0, 50, kNan, -kInf,  kInf, 0,
                                     0,    -kInf, 0,    0,  200,  5, 5,  50,   -4e30F, 3e30F};
    const std::vector<float> tame = {0, 0, 0, 50, 1000, 0, 50, 0,  -1000, 100, 0,
                                     0, 0, 0, 0,  100,  5, 5,  50, -1000, 1000};
    for (const Gamut gamut : {Gamut::clip, Gamut::chroma}) {
      std::vector<float> made(wild.size()), wanted(wild.size());
      lab_to_rgb<float>(row_of(wild, 3), row_of(made, 3), gamut, 1);
      lab_to_rgb<float>(row_of(tame, 3), row_of(wanted, 3), gamut, 1);
      CHECK(made == wanted);
      for (const float sample : made) CHECK((sample >= 0 && sample <= 1));
    }
  });
}

TEST_CASE("every layout gives the same bits, and no byte beside the pixels is touched") {
  constexpr std::size_t kHeight = 5, kWidth = 131, kPixels = kHeight * kWidth;
  const auto rgb = random_rgb<std::uint8_t>(kPixels, 3);
  on_each_target([&] {
    std::vector<float> lab(3 * kPixels);
    rgb_to_lab<std::uint8_t>(ImageView<const std::uint8_t>(rgb.data(), kHeight, kWidth, 3),
                             ImageView<float>(lab.data(), kHeight, kWidth, 3), 1);
    // Planes in, planes out.
    std::vector<std::uint8_t> planes(rgb.size());
    std::vector<float> lab_planes(lab.size());
    for (std::size_t i = 0; i < rgb.size(); ++i) planes[i % 3 * kPixels + i / 3] = rgb[i];
    rgb_to_lab(PixelView<const std::uint8_t>::planar(planes.data(), kHeight, kWidth, 3),
               PixelView<float>::planar(lab_planes.data(), kHeight, kWidth, 3), 1);
    for (std::size_t i = 0; i < rgb.size(); ++i) {
      REQUIRE(lab_planes[i % 3 * kPixels + i / 3] == lab[i]);
    }
    // Upside down, mirrored and BGR, into rows with room between pixels and at their ends.
    constexpr std::ptrdiff_t kPixelStride = 5, kRowStride = kPixelStride * kWidth + 7;
    std::vector<float> roomy(kRowStride * kHeight, -7.0F);
    std::vector<std::uint8_t> turned(rgb.rbegin(), rgb.rend());
    const PixelView<const std::uint8_t> reversed(turned.data() + turned.size() - 1, kHeight, kWidth,
                                                 3, -3 * static_cast<std::ptrdiff_t>(kWidth), -3,
                                                 -1);
    rgb_to_lab(reversed,
               PixelView<float>(roomy.data(), kHeight, kWidth, 3, kRowStride, kPixelStride, 1), 1);
    for (std::size_t y = 0; y < kHeight; ++y) {
      for (std::ptrdiff_t at = 0; at < kRowStride; ++at) {
        const bool pixel =
            at < kPixelStride * static_cast<std::ptrdiff_t>(kWidth) && at % kPixelStride < 3;
        const float found = roomy[y * kRowStride + at];
        const std::size_t x = static_cast<std::size_t>(at / kPixelStride);
        REQUIRE(found == (pixel ? lab[3 * (y * kWidth + x) + at % kPixelStride] : -7.0F));
      }
    }
    // And back.
    std::vector<std::uint8_t> back(rgb.size());
    lab_to_rgb(
        PixelView<const float>(roomy.data(), kHeight, kWidth, 3, kRowStride, kPixelStride, 1),
        PixelView<std::uint8_t>::planar(back.data(), kHeight, kWidth, 3), Gamut::chroma, 1);
    CHECK(back == planes);
  });
}

TEST_CASE("the number of threads changes no bit") {
  constexpr std::size_t kHeight = 1030, kWidth = 1023;
  const auto rgb = random_rgb<std::uint8_t>(kHeight * kWidth, 4);
  const ImageView<const std::uint8_t> image(rgb.data(), kHeight, kWidth, 3);
  std::vector<float> one(rgb.size()), lab(rgb.size());
  std::vector<std::uint8_t> first(rgb.size()), back(rgb.size());
  rgb_to_lab<std::uint8_t>(image, ImageView<float>(one.data(), kHeight, kWidth, 3), 1);
  for (std::size_t i = 1; i < one.size(); i += 3) one[i] *= 1.5F;  // some leave the gamut
  lab_to_rgb<std::uint8_t>(ImageView<const float>(one.data(), kHeight, kWidth, 3),
                           ImageView<std::uint8_t>(first.data(), kHeight, kWidth, 3), Gamut::chroma,
                           1);
  for (const int threads : {2, 3, 8}) {
    rgb_to_lab<std::uint8_t>(image, ImageView<float>(lab.data(), kHeight, kWidth, 3), threads);
    for (std::size_t i = 1; i < lab.size(); i += 3) lab[i] *= 1.5F;
    REQUIRE(lab == one);
    lab_to_rgb<std::uint8_t>(ImageView<const float>(lab.data(), kHeight, kWidth, 3),
                             ImageView<std::uint8_t>(back.data(), kHeight, kWidth, 3),
                             Gamut::chroma, threads);
    REQUIRE(back == first);
  }
}

TEST_CASE("shapes that do not agree are refused, empty ones are nothing") {
  std::vector<std::uint8_t> rgb(36);
  std::vector<float> lab(36);
  const auto refused = [](const auto& call) {
    return colorlab::testing::code_of(call) == ErrorCode::shape;
  };
  using Bytes = ImageView<const std::uint8_t>;
  CHECK(refused(
      [&] { rgb_to_lab<std::uint8_t>(Bytes(rgb.data(), 3, 4, 3), {lab.data(), 4, 3, 3}, 1); }));
  CHECK(refused(
      [&] { rgb_to_lab<std::uint8_t>(Bytes(rgb.data(), 3, 4, 1), {lab.data(), 3, 4, 3}, 1); }));
  CHECK(refused(
      [&] { lightness<std::uint8_t>(Bytes(rgb.data(), 3, 4, 2), {lab.data(), 3, 4, 1}, 1); }));
  rgb_to_lab<std::uint8_t>(Bytes(rgb.data(), 0, 4, 3), {lab.data(), 0, 4, 3}, 1);
  rgb_to_lab<std::uint8_t>(Bytes(rgb.data(), 4, 0, 3), {lab.data(), 4, 0, 3}, 4);
}
