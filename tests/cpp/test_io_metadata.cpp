// Metadata between formats, the provenance note, profiles.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "io/color_profile.hpp"
#include "io/exif.hpp"
#include "io/photoshop.hpp"

namespace {

using namespace colorlab;
using Data = std::vector<std::uint8_t>;

// A big-endian block: orientation 6, a copyright text, and a thumbnail's directory after it.
const Data kExif = {'M',  'M',  0, 42, 0, 0, 0, 8,                    // header
                    0,    2,                                          // two entries
                    0x01, 0x12, 0, 3,  0, 0, 0, 1, 0,   6,   0,   0,  // orientation
                    0x82, 0x98, 0, 2,  0, 0, 0, 4, 'M', 'e', '.', 0,  // copyright
                    0,    0,    0, 38, 0, 0, 0, 0, 0,   0};           // next

Data bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_of(const Data& data) { return {data.begin(), data.end()}; }

Metadata everything(std::size_t channels) {
  Metadata metadata;
  metadata.exif = io::upright_exif(kExif);
  metadata.xmp = bytes_of("<rdf:RDF>about</rdf:RDF>");
  metadata.iptc = {0x1C, 2, 80, 0, 3, 'M', 'e', '.'};
  metadata.icc = srgb_icc(channels);
  metadata.comment = "a comment";
  metadata.dpi_x = 300;
  metadata.dpi_y = 150;
  return metadata;
}

// A long profile needs several of a JPEG's markers.
Data padded_profile() {
  Data icc = srgb_icc(3);
  icc.resize(200'000);
  for (std::size_t i = 0; i < 4; ++i)
    icc[i] = static_cast<std::uint8_t>(icc.size() >> (24 - 8 * i));
  return icc;
}

// sRGB's profile with powers for curves.
Data power_profile(double gamma, std::size_t channels) {
  Data icc = srgb_icc(channels);
  const auto code = static_cast<unsigned>(std::lround(gamma * 256));
  const Data curve = {'c',
                      'u',
                      'r',
                      'v',
                      0,
                      0,
                      0,
                      0,
                      0,
                      0,
                      0,
                      1,
                      static_cast<std::uint8_t>(code >> 8),
                      static_cast<std::uint8_t>(code)};
  for (const std::string tag : {"kTRC", "rTRC", "gTRC", "bTRC"}) {
    const auto at = std::search(icc.begin(), icc.end(), tag.begin(), tag.end());
    REQUIRE((at != icc.end()) == ((tag == "kTRC") == (channels == 1)));
    if (at == icc.end()) continue;
    const auto offset = static_cast<std::size_t>(at[6]) << 8 | at[7];
    std::copy(curve.begin(), curve.end(), icc.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  return icc;
}

// What sRGB has for a sample of such a profile, both 0..1, in double precision.
double srgb_of_power(double sample, double gamma) {
  const double linear = std::pow(sample, std::round(gamma * 256) / 256);
  return (linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055);
}

Image ramp() {
  Image image(1, 256, 1, Depth::u8);
  for (int code = 0; code < 256; ++code) image.data()[code] = static_cast<std::byte>(code);
  return image;
}

}  // namespace

TEST_CASE("every format carries what it can") {
  const Data samples(5 * 4 * 3, 77);
  const ImageView<const std::uint8_t> view(samples.data(), 5, 4, 3);
  const Metadata given = everything(3);
  struct Case {
    Data data;
    bool iptc, comment, dpi, icc;
  };
  for (const Case& each : {Case{encode_jpeg(view, 90, given), true, true, true, true},
                           Case{encode_png(view, 4, given), true, true, true, false},
                           Case{encode_tiff(view, 4, given), true, false, true, true},
                           Case{encode_webp(view, 90, false, given), false, false, false, true}}) {
    const Metadata got = read_metadata(each.data, {});
    CHECK(io::exif_orientation(got.exif) == 1);
    CHECK(text_of(got.exif).find("Me.") != std::string::npos);
    CHECK(got.xmp == given.xmp);
    CHECK((got.iptc == given.iptc) == each.iptc);
    CHECK((got.comment == given.comment) == each.comment);
    CHECK((got.icc == given.icc) == each.icc);  // PNG says sRGB in a chunk of its own
    if (each.dpi) {
      CHECK(got.dpi_x == doctest::Approx(300).epsilon(1e-4));
      CHECK(got.dpi_y == doctest::Approx(150).epsilon(1e-4));
    }
    CHECK(decode(each.data, {}).height() == 5);
  }
}

TEST_CASE("a long profile is split over a JPEG's markers and joined again") {
  const Data samples(3, 77);
  Metadata metadata;
  metadata.icc = padded_profile();
  const ImageView<const std::uint8_t> view(samples.data(), 1, 1, 3);
  CHECK(read_metadata(encode_jpeg(view, 90, metadata), {}).icc == metadata.icc);
  CHECK(read_metadata(encode_png(view, 4, metadata), {}).icc == metadata.icc);
}

TEST_CASE("EXIF is made upright and loses its thumbnail, in both byte orders") {
  const Data upright = io::upright_exif(kExif);
  REQUIRE(upright.size() == kExif.size());
  CHECK(io::exif_orientation(kExif) == 6);
  CHECK(io::exif_orientation(upright) == 1);
  CHECK(std::all_of(upright.begin() + 34, upright.begin() + 38, [](int b) { return b == 0; }));
  const Data little = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0,  0x12, 1, 3,
                       0,   1,   0,  0, 0, 8, 0, 0, 0, 26, 0,    0, 0};
  CHECK(io::exif_orientation(io::upright_exif(little)) == 1);
  CHECK(io::upright_exif(bytes_of("nonsense")).empty());
  for (std::size_t size = 0; size < kExif.size(); ++size) {
    (void)io::upright_exif(std::span(kExif).first(size));
  }
}

TEST_CASE("IPTC is found behind other Photoshop blocks") {
  const Data iptc = {0x1C, 2, 5, 0, 1, 'x'};
  Data blocks = {'8', 'B', 'I', 'M', 3, 0xED, 2, 'a', 'b', 0, 0, 0, 0, 3, 1, 2, 3, 0};
  const Data ours = io::photoshop_of_iptc(iptc);
  blocks.insert(blocks.end(), ours.begin(), ours.end());
  CHECK(io::iptc_of_photoshop(blocks) == iptc);
  for (std::size_t size = 0; size + 1 < blocks.size(); ++size) {
    CHECK(io::iptc_of_photoshop(std::span(blocks).first(size)).empty());
  }
}

TEST_CASE("the note is written once, and what the packet says stays") {
  Metadata metadata;
  metadata.xmp = bytes_of("<x><rdf:RDF>mine</rdf:RDF></x>");
  metadata.comment = "mine";
  const Metadata once = with_provenance(metadata, {"colorlab 1", "a<b", "2"});
  const Metadata twice = with_provenance(once, {"colorlab 1", "other", ""});
  CHECK(text_of(once.xmp).find("a&lt;b") != std::string::npos);
  CHECK(text_of(twice.xmp).find("a&lt;b") == std::string::npos);
  CHECK(text_of(twice.xmp).find("<rdf:RDF>mine<rdf:Description") != std::string::npos);
  CHECK(text_of(twice.xmp).ends_with("/></rdf:RDF></x>"));
  CHECK(twice.comment ==
        "mine\nThe colour of this photograph is machine-made (colorlab 1, model other)");
}

TEST_CASE("what somebody wrote after the note stays") {
  Metadata metadata;
  metadata.comment = "mine";
  Metadata noted = with_provenance(metadata, {"colorlab 1", "first", "2"});
  noted.comment += "\nSeen at Grandmother's";
  CHECK(with_provenance(noted, {"colorlab 1", "other", ""}).comment ==
        "mine\nSeen at Grandmother's\n"
        "The colour of this photograph is machine-made (colorlab 1, model other)");
}

TEST_CASE(
    "profiles: sRGB is the identity, what cannot be used is ignored, CMYK is always converted") {
  CHECK(io::ToSrgb({}, io::ColorModel::rgb).identity());
  CHECK(io::ToSrgb(srgb_icc(3), io::ColorModel::rgb).identity());
  CHECK(io::ToSrgb(srgb_icc(1), io::ColorModel::grey).identity());
  CHECK(io::ToSrgb(srgb_icc(3), io::ColorModel::grey).identity());
  CHECK(io::ToSrgb(bytes_of("garbage"), io::ColorModel::rgb).identity());
  io::ToSrgb inks({}, io::ColorModel::cmyk);
  CHECK_FALSE(inks.identity());
  Image image(1, 2, 4, Depth::u8);
  constexpr std::uint8_t kInks[] = {0, 0, 0, 0, 255, 0, 0, 51};
  std::memcpy(image.data(), kInks, sizeof(kInks));
  const Image rgb = inks.apply(std::move(image));
  constexpr std::uint8_t kExpected[] = {255, 255, 255, 0, 204, 204};
  REQUIRE(rgb.bytes() == sizeof(kExpected));
  CHECK(std::memcmp(rgb.data(), kExpected, sizeof(kExpected)) == 0);
  CHECK_THROWS_AS((void)srgb_to_icc(Image(1, 1, 3, Depth::u8), srgb_icc(1)), Error);
}

TEST_CASE("profiles that were met before mean the same, in any order, on any thread") {
  const std::vector<double> gammas = {1.0, 1.4, 1.8, 2.6, 3.0, 1.2};  // more than are kept
  const auto holds = [&](std::size_t which) {
    io::ToSrgb to_srgb(power_profile(gammas[which], 1), io::ColorModel::grey);
    const Image moved = to_srgb.apply(ramp());
    for (int code = 0; code < 256; ++code) {
      const double wanted = 255 * srgb_of_power(code / 255.0, gammas[which]);
      if (std::abs(std::to_integer<int>(moved.data()[code]) - wanted) > 0.51) return false;
    }
    return true;
  };
  for (std::size_t turn = 0; turn < 40; ++turn) {
    CHECK(holds(turn * turn % gammas.size()));
    CHECK(holds(turn % 2));
  }
  // One object used by many threads at once, made on another.
  io::ToSrgb shared(power_profile(1.8, 1), io::ColorModel::grey);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int each = 0; each < 4; ++each) {
    threads.emplace_back([&, each] {
      for (int turn = 0; turn < 20; ++turn) {
        const Image moved = shared.apply(ramp());
        if (std::abs(std::to_integer<int>(moved.data()[128]) -
                     255 * srgb_of_power(128 / 255.0, 1.8)) > 0.51)
          ++wrong;
        if (!holds(static_cast<std::size_t>(each + turn) % gammas.size())) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("profiles of 16 bits are exact, in shadows and at the edge of the gamut, too") {
  for (const double gamma : {1.0, 1.8, 2.6}) {
    Image image(1, 4096, 3, Depth::u16);
    const auto view = image.view<std::uint16_t>();
    for (std::size_t x = 0; x < 4096; ++x) {
      const std::uint16_t samples[3] = {static_cast<std::uint16_t>(x * 16),
                                        static_cast<std::uint16_t>(x % 7 == 0 ? 0 : 65535 - x * 9),
                                        static_cast<std::uint16_t>(x)};
      std::copy_n(samples, 3, view.row(0) + 3 * x);
    }
    const std::vector<std::uint16_t> given(view.row(0), view.row(0) + std::size_t{3} * 4096);
    const Image moved =
        io::ToSrgb(power_profile(gamma, 3), io::ColorModel::rgb).apply(std::move(image));
    const auto* got = moved.view<std::uint16_t>().row(0);
    double worst = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
      worst = std::max(worst, std::abs(got[i] - 65535 * srgb_of_power(given[i] / 65535.0, gamma)));
    }
    CHECK(worst < 16);  // of 65535: a profile holds its matrix in steps of 1/65536
  }
}
