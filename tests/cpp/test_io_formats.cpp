// Round trips, orientation, sniffing, truncation and limits of the codecs.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "io/exif.hpp"
#include "io/sniff.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
using Data = std::vector<std::uint8_t>;

template <class T>
struct Pixels {
  std::size_t height, width, channels;
  std::vector<T> samples;
  [[nodiscard]] ImageView<const T> view() const {
    return {samples.data(), height, width, channels};
  }
};

template <class T>
Pixels<T> noise(std::size_t height, std::size_t width, std::size_t channels) {
  std::mt19937 random(7);
  Pixels<T> pixels{height, width, channels, std::vector<T>(height * width * channels)};
  for (T& sample : pixels.samples) sample = static_cast<T>(random());
  return pixels;
}

Pixels<std::uint8_t> gradient(std::size_t height, std::size_t width) {
  Pixels<std::uint8_t> pixels{height, width, 3, {}};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      pixels.samples.push_back(static_cast<std::uint8_t>(255 * y / height));
      pixels.samples.push_back(static_cast<std::uint8_t>(255 * x / width));
      pixels.samples.push_back(128);
    }
  }
  return pixels;
}

// The core does not write BMP: 24 bits, bottom row first, rows padded to four bytes.
Data bmp_of(const Pixels<std::uint8_t>& pixels) {
  Data data(54);
  const auto put = [&data](std::size_t at, std::size_t value) {
    for (std::size_t i = 0; i < 4; ++i) data[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
  };
  const std::size_t row = (3 * pixels.width + 3) / 4 * 4;
  data[0] = 'B';
  data[1] = 'M';
  put(2, 54 + row * pixels.height);
  put(10, 54);
  put(14, 40);
  put(18, pixels.width);
  put(22, pixels.height);
  put(26, 1 | 24 << 16);
  for (std::size_t y = pixels.height; y-- > 0;) {
    const std::uint8_t* from = pixels.view().row(y);
    for (std::size_t x = 0; x < pixels.width; ++x) {
      for (std::size_t c = 3; c-- > 0;) data.push_back(from[3 * x + c]);
    }
    data.resize((data.size() - 54 + 3) / 4 * 4 + 54);
  }
  return data;
}

// The same pixels in every format.
std::vector<Data> every_format(const Pixels<std::uint8_t>& pixels) {
  return {encode_jpeg(pixels.view(), 80), encode_png(pixels.view(), 6),
          encode_webp(pixels.view(), 80, false), encode_webp(pixels.view(), 80, true),
          bmp_of(pixels)};
}

ErrorCode code_of(const Data& data, const ReadOptions& options = {}) {
  return testing::code_of([&] { (void)decode(data, options); });
}

std::string reason_of(const std::string& text) {
  try {
    (void)decode(Data(text.begin(), text.end()), {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

template <class T>
void check_round_trip(std::size_t height, std::size_t width, std::size_t channels, bool tiff) {
  const auto pixels = noise<T>(height, width, channels);
  ReadOptions unchanged;
  unchanged.mode = ReadMode::unchanged;
  const Data data = tiff ? encode_tiff(pixels.view(), 1) : encode_png(pixels.view(), 1);
  const Image image = decode(data, unchanged);
  REQUIRE(image.bytes() == pixels.samples.size() * sizeof(T));
  CHECK(image.height() == height);
  CHECK(image.channels() == channels);
  const bool same = std::memcmp(image.data(), pixels.samples.data(), image.bytes()) == 0;
  CHECK(same);
  const ImageInfo info = probe(data, {});
  CHECK(info.width == width);
  CHECK(info.channels == channels);
}

}  // namespace

TEST_CASE("PNG and TIFF keep every sample of every kind of pixels") {
  for (const bool tiff : {false, true}) {
    for (std::size_t channels = 1; channels <= 4; ++channels) {
      for (const auto& [height, width] : {std::pair{1, 1}, {1, 65535}, {70, 1}, {33, 47}}) {
        const auto rows = static_cast<std::size_t>(height),
                   columns = static_cast<std::size_t>(width);
        check_round_trip<std::uint8_t>(rows, columns, channels, tiff);
        check_round_trip<std::uint16_t>(rows, columns, channels, tiff);
      }
    }
  }
}

TEST_CASE("JPEG comes back close, grey as stored luma, and reduced") {
  const auto pixels = gradient(65, 101);
  const Data data = encode_jpeg(pixels.view(), 95);
  const Image rgb = decode(data, {});
  REQUIRE(rgb.bytes() == pixels.samples.size());
  double sum = 0;
  for (std::size_t i = 0; i < rgb.bytes(); ++i) {
    sum += std::abs(static_cast<int>(rgb.data()[i]) - int{pixels.samples[i]});
  }
  CHECK(sum / static_cast<double>(rgb.bytes()) < 2.0);
  ReadOptions options;
  options.mode = ReadMode::grey;
  CHECK(decode(data, options).channels() == 1);
  for (const unsigned reduce : {2U, 4U, 8U}) {
    options.reduce = reduce;
    const Image small = decode(data, options);
    CHECK(small.height() == (65 + reduce - 1) / reduce);
    CHECK(small.width() == (101 + reduce - 1) / reduce);
  }
}

TEST_CASE("all eight orientations are undone") {
  // 2 x 3 pixels numbered by rows; as displayed, by hand.
  const std::vector<std::vector<int>> displayed = {
      {0, 1, 2, 3, 4, 5}, {2, 1, 0, 5, 4, 3}, {5, 4, 3, 2, 1, 0}, {3, 4, 5, 0, 1, 2},
      {0, 3, 1, 4, 2, 5}, {3, 0, 4, 1, 5, 2}, {5, 2, 4, 1, 3, 0}, {2, 5, 1, 4, 0, 3}};
  for (std::size_t channels = 1; channels <= 4; ++channels) {
    for (const Depth depth : {Depth::u8, Depth::u16}) {
      for (int orientation = 1; orientation <= 8; ++orientation) {
        Image image(2, 3, channels, depth);
        const std::size_t pixel = image.bytes() / 6;
        for (std::size_t i = 0; i < image.bytes(); ++i) image.data()[i] = std::byte(i / pixel);
        const Image turned = io::apply_orientation(std::move(image), orientation);
        CHECK(turned.height() == (orientation >= 5 ? 3 : 2));
        for (std::size_t i = 0; i < 6; ++i) {
          CHECK(int(turned.data()[i * pixel]) ==
                displayed[static_cast<std::size_t>(orientation - 1)][i]);
        }
      }
    }
  }
}

TEST_CASE("EXIF: both byte orders, and no reading outside of broken blocks") {
  const Data little = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
  const Data big = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0};
  CHECK(io::exif_orientation(little) == 6);
  CHECK(io::exif_orientation(big) == 8);
  for (std::size_t size = 0; size < big.size() - 2; ++size) {
    const Data cut(big.begin(), big.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(io::exif_orientation(cut) == 1);
  }
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    Data broken = little;
    broken[random() % broken.size()] = static_cast<std::uint8_t>(random());
    const int orientation = io::exif_orientation(broken);
    CHECK(orientation >= 1);
    CHECK(orientation <= 8);
  }
}

TEST_CASE("what is no image is named") {
  CHECK(reason_of("Dear diary").find("looks like text") != std::string::npos);
  CHECK(reason_of("  <!DOCTYPE HTML>").find("HTML") != std::string::npos);
  CHECK(reason_of("GIF89a....").find("GIF") != std::string::npos);
  CHECK(reason_of("%PDF-1.7").find("PDF") != std::string::npos);
  CHECK(reason_of("BMW is no bitmap, this is text").find("text") != std::string::npos);
  CHECK(reason_of("").find("empty") != std::string::npos);
  CHECK(reason_of(std::string(64, '\0')).find("zero bytes") != std::string::npos);
  CHECK(reason_of("RIFF....WAVEfmt ").find("RIFF") != std::string::npos);
  CHECK(code_of({'x'}) == ErrorCode::unsupported_format);
  CHECK(code_of({0x89, 'P', 'N'}) == ErrorCode::truncated_image);
}

TEST_CASE("every cut is truncation, and fill keeps a prefix of the rows") {
  const auto pixels = noise<std::uint8_t>(64, 64, 3);
  for (const Data& data : every_format(pixels)) {
    const Image full = decode(data, {});
    for (std::size_t part = 1; part < 20; ++part) {
      const Data cut(data.begin(),
                     data.begin() + static_cast<std::ptrdiff_t>(data.size() * part / 20));
      CHECK(code_of(cut) == ErrorCode::truncated_image);
      ReadOptions fill;
      fill.on_truncated = OnTruncated::fill;
      if (data.size() * part / 20 < 700) continue;  // inside the JPEG's header
      const Image some = decode(cut, fill);
      REQUIRE(some.bytes() == full.bytes());
      const std::size_t row = 64 * 3;
      if (probe(data, {}).format == Format::bmp) continue;  // bottom row first
      std::size_t y = 0;
      while (y < 64 && std::memcmp(some.data() + y * row, full.data() + y * row, row) == 0) ++y;
      const bool within_a_row = y < 64;
      for (std::size_t i = (y + (within_a_row ? 1 : 0)) * row; i < some.bytes(); ++i) {
        REQUIRE(some.data()[i] == std::byte{0});
      }
    }
  }
}

TEST_CASE("limits refuse before pixels exist") {
  const auto pixels = gradient(40, 50);
  for (const Data& data : every_format(pixels)) {
    ReadOptions options;
    options.limits.max_pixels = 1999;
    CHECK(code_of(data, options) == ErrorCode::image_too_large);
    options.limits = {};
    options.limits.max_side = 49;
    CHECK(code_of(data, options) == ErrorCode::image_too_large);
    options.limits = {};
    options.limits.max_decoded_bytes = 5999;
    CHECK(code_of(data, options) == ErrorCode::image_too_large);
    options.limits = {};
    options.limits.max_file_bytes = 10;
    CHECK(code_of(data, options) == ErrorCode::image_too_large);
    options.limits = {};
    options.limits.max_pixels = 2000;
    options.limits.max_side = 50;
    CHECK(decode(data, options).height() == 40);
  }
  CHECK_THROWS_AS((void)encode_jpeg(gradient(1, 65501).view(), 90), Error);
  CHECK_THROWS_AS((void)encode_jpeg(gradient(1, 1).view(), 0), Error);
  CHECK_THROWS_AS((void)encode_jpeg(noise<std::uint8_t>(2, 2, 4).view(), 90), Error);
  CHECK_THROWS_AS((void)encode_png(noise<std::uint8_t>(2, 2, 5).view(), 4), Error);
  CHECK_THROWS_AS((void)encode_png(gradient(0, 2).view(), 4), Error);
  CHECK_THROWS_AS((void)encode_tiff(noise<std::uint8_t>(2, 2, 5).view(), 4), Error);
  CHECK_THROWS_AS((void)encode_tiff(gradient(2, 2).view(), 10), Error);
  CHECK_THROWS_AS((void)encode_webp(gradient(1, 16384).view(), 90, false), Error);
  CHECK_THROWS_AS((void)encode_webp(noise<std::uint8_t>(2, 2, 1).view(), 90, true), Error);
}

TEST_CASE("damaged files give errors or pixels, nothing else") {
  const auto pixels = gradient(48, 48);
  std::mt19937 random(11);
  std::vector<Data> originals = every_format(pixels);
  originals.push_back(encode_tiff(pixels.view(), 4));
  for (const Data& data : originals) {
    for (int i = 0; i < 500; ++i) {
      Data broken = data;
      for (unsigned hits = 1 + random() % 8; hits > 0; --hits) {
        broken[random() % broken.size()] = static_cast<std::uint8_t>(random());
      }
      ReadOptions options;
      options.on_truncated = i % 2 == 0 ? OnTruncated::error : OnTruncated::fill;
      try {
        (void)probe(broken, {});
        (void)decode(broken, options);
      } catch (const Error&) {
        continue;
      }
    }
  }
}
