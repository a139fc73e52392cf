// Colour added to a grey JPEG leaves its luma coefficients alone, bit for bit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "colorlab/lossless_luma.hpp"
#include "io/exif.hpp"
#include "io/jpeg_coefficients.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
using colorlab::testing::code_of;
using Data = std::vector<std::uint8_t>;

struct Samples {
  std::size_t height, width, channels;
  Data data;
  [[nodiscard]] ImageView<const std::uint8_t> view() const {
    return {data.data(), height, width, channels};
  }
};

Samples noisy(std::size_t height, std::size_t width, std::size_t channels) {
  std::mt19937 random(3);
  Samples samples{height, width, channels, {}};
  for (std::size_t i = 0; i < height * width * channels; ++i) {
    samples.data.push_back(static_cast<std::uint8_t>((i / channels % width) * 2 + random() % 40));
  }
  return samples;
}

// A component's table and coefficients.
Data coefficients(const Data& jpeg, std::size_t component) {
  const Limits limits;
  io::JpegCoefficients read(jpeg, limits);
  read.read();
  const jpeg_component_info& info = read.component(component);
  Data all;
  for (const UINT16 value : info.quant_table->quantval) {
    all.push_back(static_cast<std::uint8_t>(value >> 8));
    all.push_back(static_cast<std::uint8_t>(value));
  }
  for (JDIMENSION y = 0; y < info.height_in_blocks; ++y) {
    const auto* row = reinterpret_cast<const std::uint8_t*>(read.row(component, y));
    all.insert(all.end(), row, row + info.width_in_blocks * sizeof(JBLOCK));
  }
  return all;
}

int sampling(const Data& jpeg) {
  const Limits limits;
  io::JpegCoefficients read(jpeg, limits);
  return read.component(0).h_samp_factor * 10 + read.component(0).v_samp_factor;
}

}  // namespace

TEST_CASE("luma coefficients are the source's, whatever the sides and sampling") {
  for (const auto& [height, width] :
       {std::pair{1, 1}, {8, 8}, {9, 7}, {16, 16}, {17, 33}, {40, 56}, {41, 64}}) {
    const auto rows = static_cast<std::size_t>(height), columns = static_cast<std::size_t>(width);
    const Data grey = encode_jpeg(noisy(rows, columns, 1).view(), 83);
    for (const std::size_t part : {1U, 2U}) {
      const Samples chroma = noisy((rows + part - 1) / part, (columns + part - 1) / part, 2);
      const Data color = add_chroma_to_jpeg(grey, chroma.view(), 90, {}, {});
      CHECK(coefficients(color, 0) == coefficients(grey, 0));
      // A single pixel's half is itself.
      CHECK(sampling(color) == (part == 1 || rows * columns == 1 ? 11 : 22));
      ReadOptions luma;
      luma.mode = ReadMode::grey;
      const Image before = decode(grey, luma), after = decode(color, luma);
      REQUIRE(before.bytes() == after.bytes());
      CHECK(std::memcmp(before.data(), after.data(), before.bytes()) == 0);
      CHECK(decode(color, {}).channels() == 3);
      CHECK(probe(color, {}).channels == 3);
    }
  }
}

TEST_CASE("the chroma given is the chroma shown") {
  const Data grey = encode_jpeg(noisy(48, 64, 1).view(), 90);
  Samples chroma{48, 64, 2, Data(48 * 64 * 2)};
  for (std::size_t i = 0; i < chroma.data.size(); i += 2) {
    chroma.data[i] = 90;
    chroma.data[i + 1] = 170;
  }
  const Image image = decode(add_chroma_to_jpeg(grey, chroma.view(), 95, {}, {}), {});
  ReadOptions luma;
  luma.mode = ReadMode::grey;
  const Image y = decode(grey, luma);
  int compared = 0;
  for (std::size_t i = 0; i < 48 * 64; ++i) {
    const int l = int(y.data()[i]), r = int(image.data()[3 * i]), b = int(image.data()[3 * i + 2]);
    if (l < 70 || l > 180) continue;  // inside the gamut
    ++compared;
    CHECK(std::abs(r - (l + 1.402 * (170 - 128))) <= 3);  // JFIF
    CHECK(std::abs(b - (l + 1.772 * (90 - 128))) <= 3);
  }
  CHECK(compared > 500);
}

TEST_CASE("a colour JPEG's luma is kept and its chroma replaced") {
  const Data color = encode_jpeg(noisy(33, 40, 3).view(), 80);  // 4:2:0
  const Data again = add_chroma_to_jpeg(color, noisy(33, 40, 2).view(), 90, {}, {});
  CHECK(coefficients(again, 0) == coefficients(color, 0));
}

TEST_CASE("the orientation stays in the tag, and the chroma given upright fits it") {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    Metadata metadata;
    metadata.exif = io::with_orientation({}, orientation);
    const Data grey = encode_jpeg(Samples{24, 40, 1, Data(24 * 40, 128)}.view(), 95, metadata);
    const ImageInfo upright = probe(grey, {});
    // Left half one colour, right half another, as displayed.
    Samples chroma{upright.height, upright.width, 2, {}};
    for (std::size_t i = 0; i < upright.height * upright.width; ++i) {
      const bool left = i % upright.width < upright.width / 2;
      chroma.data.push_back(left ? 90 : 150);
      chroma.data.push_back(128);
    }
    const Metadata carried = read_metadata(grey, {});
    const Data color = add_chroma_to_jpeg(grey, chroma.view(), 95, carried, {});
    CHECK(read_metadata(color, {}).orientation == orientation);
    CHECK(coefficients(color, 0) == coefficients(grey, 0));
    const Image image = decode(color, {});
    REQUIRE(image.width() == upright.width);
    const auto view = image.view<std::uint8_t>();
    CHECK(view.row(upright.height / 2)[2] < 100);
    CHECK(view.row(upright.height / 2)[3 * (upright.width - 1) + 2] > 140);
  }
}

TEST_CASE("what cannot be kept is refused") {
  const Samples chroma = noisy(16, 16, 2);
  const Samples pixels = noisy(16, 16, 1);
  const Data grey = encode_jpeg(pixels.view(), 90);
  const auto refused = [&](const Data& data, const Samples& planes, int quality = 90) {
    return code_of([&] { (void)add_chroma_to_jpeg(data, planes.view(), quality, {}, {}); });
  };
  CHECK(refused(encode_png(pixels.view(), 4), chroma) == ErrorCode::unsupported_format);
  CHECK(refused(grey, noisy(16, 15, 2)) == ErrorCode::shape);
  CHECK(refused(grey, noisy(16, 16, 3)) == ErrorCode::shape);
  CHECK(refused(grey, chroma, 0) == ErrorCode::invalid_argument);
  const Data cut(grey.begin(), grey.end() - 40);
  CHECK(refused(cut, chroma) == ErrorCode::truncated_image);
  Limits small;
  small.max_pixels = 255;
  CHECK(code_of([&] { (void)add_chroma_to_jpeg(grey, chroma.view(), 90, {}, small); }) ==
        ErrorCode::image_too_large);
  // A grey profile of gamma 1: the luma is not sRGB's.
  Metadata metadata;
  metadata.icc = srgb_icc(1);
  const std::string tag = "kTRC";
  const auto at = std::search(metadata.icc.begin(), metadata.icc.end(), tag.begin(), tag.end());
  REQUIRE(at != metadata.icc.end());
  const auto offset = static_cast<std::size_t>(at[6]) << 8 | at[7];
  std::fill_n(metadata.icc.begin() + static_cast<std::ptrdiff_t>(offset) + 8, 4, std::uint8_t{0});
  std::memcpy(&metadata.icc[offset], "curv\0\0\0\0\0\0\0\0", 12);  // no points: linear
  CHECK(refused(encode_jpeg(pixels.view(), 90, metadata), chroma) == ErrorCode::unsupported_format);
}
