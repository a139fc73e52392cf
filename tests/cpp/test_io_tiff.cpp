// Kinds of TIFF that colorlab reads but does not write.
#include <doctest/doctest.h>
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/tiff_directory.hpp"
#include "io/tiff_encode.hpp"
#include "row_images.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
using namespace colorlab::testing;
using Data = std::vector<std::uint8_t>;

constexpr std::uint32_t kHeight = 6, kWidth = 9;

// A TIFF of two 8-bit samples a pixel, the second one alpha, in one plane or in two.
Data two_samples(const std::filesystem::path& path, int photometric, bool planar) {
  {
    const std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff(TIFFOpen(path.c_str(), "w"), TIFFClose);
    REQUIRE(tiff != nullptr);
    TIFFSetField(tiff.get(), TIFFTAG_IMAGEWIDTH, kWidth);
    TIFFSetField(tiff.get(), TIFFTAG_IMAGELENGTH, kHeight);
    TIFFSetField(tiff.get(), TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff.get(), TIFFTAG_SAMPLESPERPIXEL, 2);
    TIFFSetField(tiff.get(), TIFFTAG_ROWSPERSTRIP, kHeight);
    TIFFSetField(tiff.get(), TIFFTAG_PHOTOMETRIC, photometric);
    TIFFSetField(tiff.get(), TIFFTAG_PLANARCONFIG,
                 planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    const std::uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(tiff.get(), TIFFTAG_EXTRASAMPLES, 1, &alpha);
    std::array<std::vector<std::uint16_t>, 3> palette;
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < 256; ++i) {
        palette[c].push_back(static_cast<std::uint16_t>(257 * ((i * (c + 3)) % 256)));
      }
    }
    TIFFSetField(tiff.get(), TIFFTAG_COLORMAP, palette[0].data(), palette[1].data(),
                 palette[2].data());
    Data first, second, both;
    for (std::uint32_t i = 0; i < kHeight * kWidth; ++i) {
      first.push_back(static_cast<std::uint8_t>(4 * i));
      second.push_back(static_cast<std::uint8_t>(250 - 3 * i));
      both.insert(both.end(), {first.back(), second.back()});
    }
    const auto write = [&tiff](std::uint32_t strip, Data& samples) {
      const auto size = static_cast<tmsize_t>(samples.size());
      REQUIRE(TIFFWriteEncodedStrip(tiff.get(), strip, samples.data(), size) == size);
    };
    if (planar) {
      write(0, first);
      write(1, second);
    } else {
      write(0, both);
    }
  }
  return bytes_of(path);
}

// Grey of 8 bits in three plain strips, its directory in front.
Data strips_last(std::uint32_t rows, std::uint32_t width) {
  constexpr std::uint16_t kShort = 3, kLong = 4;
  std::uint32_t pixels_at = 0;
  while (true) {
    const auto entry = [](std::uint16_t tag, std::uint16_t type,
                          std::initializer_list<std::uint32_t> values) {
      io::TiffEntry made{tag, type, static_cast<std::uint32_t>(values.size()), {}};
      for (const std::uint32_t value : values) {
        for (int shift = 0; shift < (type == kShort ? 16 : 32); shift += 8) {
          made.value.push_back(static_cast<std::uint8_t>(value >> shift));
        }
      }
      return made;
    };
    const std::uint32_t strip = rows * width;
    io::TiffBuilder builder(8, true, false);
    const std::uint64_t first = builder.add(
        {entry(TIFFTAG_IMAGEWIDTH, kLong, {width}), entry(TIFFTAG_IMAGELENGTH, kLong, {3 * rows}),
         entry(TIFFTAG_BITSPERSAMPLE, kShort, {8}),
         entry(TIFFTAG_PHOTOMETRIC, kShort, {PHOTOMETRIC_MINISBLACK}),
         entry(TIFFTAG_ROWSPERSTRIP, kLong, {rows}),
         entry(TIFFTAG_STRIPOFFSETS, kLong, {pixels_at, pixels_at + strip, pixels_at + 2 * strip}),
         entry(TIFFTAG_STRIPBYTECOUNTS, kLong, {strip, strip, strip})});
    Data data = builder.with_header(first);
    if (data.size() == pixels_at) {
      for (std::uint32_t i = 0; i < 3 * strip; ++i) {
        data.push_back(static_cast<std::uint8_t>(1 + i % 250));
      }
      return data;
    }
    pixels_at = static_cast<std::uint32_t>(data.size());
  }
}

// Where the header of a TIFF goes that is only begun.
class Sink : public io::TiffSink {
 public:
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> data) override {
    if (offset + data.size() > bytes.size()) bytes.resize(offset + data.size());
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes.size(); }
  Data bytes;
};

}  // namespace

TEST_CASE("samples in planes of their own are those of interleaved ones, alpha too") {
  const Folder folder;
  for (const int photometric :
       {PHOTOMETRIC_MINISBLACK, PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_PALETTE}) {
    CAPTURE(photometric);
    const Data together = two_samples(folder / "together.tif", photometric, false);
    const Data apart = two_samples(folder / "apart.tif", photometric, true);
    for (const ReadMode mode : {ReadMode::unchanged, ReadMode::rgb, ReadMode::grey}) {
      const Image expected = decode(together, {.mode = mode});
      CHECK(equal(decode(apart, {.mode = mode}), expected));
      RowReader reader(folder / "apart.tif", {.mode = mode, .band_rows = 4});
      CHECK(equal(all_rows(reader), expected));
    }
    const Image image = decode(together, {.mode = ReadMode::unchanged});
    CHECK(std::to_integer<int>(image.data()[image.channels() - 1]) == 250);
  }
}

TEST_CASE("from memory, too, rows of a cut file are filled as decode fills them") {
  const Data whole = strips_last(50, 40);
  const std::span<const std::uint8_t> part(whole.data(), whole.size() - 60 * 40);
  const Image expected =
      decode(part, {.mode = ReadMode::unchanged, .on_truncated = OnTruncated::fill});
  CHECK(std::to_integer<int>(expected.data()[89 * 40]) != 0);  // inside the strip that is cut
  RowReader reader(part, {.on_truncated = OnTruncated::fill});
  CHECK(equal(all_rows(reader), expected));
}

TEST_CASE("a TIFF is a BigTIFF where its tiles may pass 4 GiB, padding and all") {
  const auto kind_of = [](std::size_t height, std::size_t width, std::size_t tile) {
    Sink sink;
    const auto tiff = io::start_tiff(sink,
                                     {.shape = {height, width, 3, Depth::u8},
                                      .compression = 0,
                                      .tile_height = tile,
                                      .tile_width = tile},
                                     {});
    return std::string(sink.bytes.begin(), sink.bytes.begin() + 4);
  };
  CHECK(kind_of(30'000, 40'000, 0) == std::string("II*\0", 4));
  CHECK(kind_of(30'000, 40'000, 256) == std::string("II*\0", 4));
  CHECK(kind_of(30'000, 40'000, 16'384) == std::string("II+\0", 4));  // 32,768 x 49,152 pixels
}
