// Colour differences against their published test data; colourfulness against its definition.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/metrics.hpp"

namespace {

using namespace colorlab;

// L*, a*, b* twice and dE00: Sharma, Wu & Dalal 2005, table 1.
constexpr double kSharma[34][7] = {{50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425},
                                   {50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615},
                                   {50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412},
                                   {50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000},
                                   {50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000},
                                   {50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000},
                                   {50, 0, 0, 50, -1, 2, 2.3669},
                                   {50, -1, 2, 50, 0, 0, 2.3669},
                                   {50, 2.4900, -0.0010, 50, -2.4900, 0.0009, 7.1792},
                                   {50, 2.4900, -0.0010, 50, -2.4900, 0.0010, 7.1792},
                                   {50, 2.4900, -0.0010, 50, -2.4900, 0.0011, 7.2195},
                                   {50, 2.4900, -0.0010, 50, -2.4900, 0.0012, 7.2195},
                                   {50, -0.0010, 2.4900, 50, 0.0009, -2.4900, 4.8045},
                                   {50, -0.0010, 2.4900, 50, 0.0010, -2.4900, 4.8045},
                                   {50, -0.0010, 2.4900, 50, 0.0011, -2.4900, 4.7461},
                                   {50, 2.5000, 0, 50, 0, -2.5000, 4.3065},
                                   {50, 2.5000, 0, 73, 25, -18, 27.1492},
                                   {50, 2.5000, 0, 61, -5, 29, 22.8977},
                                   {50, 2.5000, 0, 56, -27, -3, 31.9030},
                                   {50, 2.5000, 0, 58, 24, 15, 19.4535},
                                   {50, 2.5000, 0, 50, 3.1736, 0.5854, 1.0000},
                                   {50, 2.5000, 0, 50, 3.2972, 0, 1.0000},
                                   {50, 2.5000, 0, 50, 1.8634, 0.5757, 1.0000},
                                   {50, 2.5000, 0, 50, 3.2592, 0.3350, 1.0000},
                                   {60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644},
                                   {63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630},
                                   {61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731},
                                   {35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645},
                                   {22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373},
                                   {36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146},
                                   {90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441},
                                   {90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381},
                                   {6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377},
                                   {2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082}};

}  // namespace

TEST_CASE("CIEDE2000 gives Sharma's 34 differences, either way round") {
  std::vector<double> first, second;
  for (const auto& row : kSharma) {
    for (int i = 0; i < 3; ++i) {
      first.push_back(row[i]);
      second.push_back(row[3 + i]);
    }
  }
  std::vector<double> there(34), back(34);
  const ImageView<const double> a(first.data(), 34, 1, 3), b(second.data(), 34, 1, 3);
  delta_e(a, b, ImageView<double>(there.data(), 34, 1, 1), DeltaE::ciede2000, 1);
  delta_e(b, a, ImageView<double>(back.data(), 34, 1, 1), DeltaE::ciede2000, 1);
  for (std::size_t i = 0; i < 34; ++i) {
    CAPTURE(i);
    CHECK(std::abs(there[i] - kSharma[i][6]) < 5e-5);
    CHECK(std::abs(back[i] - kSharma[i][6]) < 5e-5);
  }
}

TEST_CASE("CIE 1976 difference is the distance") {
  const std::vector<double> a = {50, 10, -20, 1, 2, 3}, b = {53, 14, -8, 1, 2, 3};
  std::vector<double> distance(2);
  delta_e(ImageView<const double>(a.data(), 1, 2, 3), ImageView<const double>(b.data(), 1, 2, 3),
          ImageView<double>(distance.data(), 1, 2, 1), DeltaE::cie76, 1);
  CHECK(distance[0] == doctest::Approx(13));
  CHECK(distance[1] == 0);
  CHECK_THROWS_AS(delta_e(ImageView<const double>(a.data(), 1, 2, 3),
                          ImageView<const double>(b.data(), 2, 1, 3),
                          ImageView<double>(distance.data(), 1, 2, 1), DeltaE::cie76, 1),
                  Error);
}

TEST_CASE("colourfulness: both variants, all sample types, any threads") {
  // Opponents (rg, yb): (255, 127.5) and (-255, 127.5).
  const std::vector<std::uint8_t> bytes = {255, 0, 0, 0, 255, 0};
  const PixelView<const std::uint8_t> view(ImageView<const std::uint8_t>(bytes.data(), 1, 2, 3));
  CHECK(colorfulness(view, Colorfulness::hasler, 1) == doctest::Approx(255 + 0.3 * 127.5));
  CHECK(colorfulness(view, Colorfulness::absolute, 1) ==
        doctest::Approx(0.3 * std::hypot(255, 127.5)));
  const std::vector<float> units = {1, 0, 0, 0, 1, 0};
  CHECK(colorfulness(PixelView<const float>(ImageView<const float>(units.data(), 1, 2, 3)),
                     Colorfulness::hasler, 1) == doctest::Approx(255 + 0.3 * 127.5));
  std::vector<std::uint16_t> deep(3 * 700 * 800);
  for (std::size_t i = 0; i < deep.size(); ++i) {
    deep[i] = static_cast<std::uint16_t>(i * 2654435761U >> 7);
  }
  const PixelView<const std::uint16_t> large(
      ImageView<const std::uint16_t>(deep.data(), 700, 800, 3));
  const double one = colorfulness(large, Colorfulness::hasler, 1);
  CHECK(one > 10);
  CHECK(colorfulness(large, Colorfulness::hasler, 2) == one);
  const std::vector<std::uint8_t> greys(300, 77);
  CHECK(colorfulness(
            PixelView<const std::uint8_t>(ImageView<const std::uint8_t>(greys.data(), 10, 10, 3)),
            Colorfulness::hasler, 1) == 0);
}
