// Files row by row: equal to whole images, in any bands, and whole or not at all.
#include <doctest/doctest.h>
#include <tiffio.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "colorlab/row_files.hpp"
#include "row_images.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
namespace fs = std::filesystem;
using namespace colorlab::testing;

TEST_CASE("rows that were written are the rows that are read, whatever the bands") {
  const Folder folder;
  const fs::path path = folder / "image";
  for (const Depth depth : {Depth::u8, Depth::u16}) {
    for (const std::size_t channels : {1U, 2U, 3U, 4U}) {
      const Image image = noise(61, 83, channels, depth);
      for (const std::size_t band : {1U, 7U, 61U}) {
        for (const std::size_t tile : {0U, 16U, 48U}) {
          RowWriteOptions options;
          options.tile_height = tile;
          options.tile_width = tile == 0 ? 0 : 32;
          write(path, Format::tiff, image, band, options);
          RowReader reader(path, {.band_rows = band + 2});
          CHECK(reader.tile_height() == tile);
          CHECK(equal(all_rows(reader), image));
          reader.rewind();
          CHECK(equal(all_rows(reader), image));
        }
        write(path, Format::png, image, band);
        RowReader reader(path, {.band_rows = band});
        CHECK(equal(all_rows(reader), image));
      }
    }
  }
}

TEST_CASE("a file read by rows gives what decode gives, from a path and from memory") {
  const Folder folder;
  const fs::path path = folder / "image";
  const Image image = noise(75, 53, 3, Depth::u8);
  for (const Format format : {Format::jpeg, Format::png, Format::tiff}) {
    write(path, format, image, 10);
    const auto bytes = bytes_of(path);
    for (const ReadMode mode : {ReadMode::rgb, ReadMode::grey, ReadMode::unchanged}) {
      const Image whole = decode(bytes, {.mode = mode});
      RowReader from_path(path, {.mode = mode, .band_rows = 4});
      CHECK(equal(all_rows(from_path), whole));
      RowReader from_memory(bytes, {.mode = mode, .band_rows = 9});
      CHECK(equal(all_rows(from_memory), whole));
    }
  }
}

TEST_CASE("a compressed strip of many rows gives them one by one") {
  const Folder folder;
  const fs::path path = folder / "image.tif";
  const Image image = noise(3000, 3200, 1, Depth::u8);
  {
    const std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff(TIFFOpen(path.c_str(), "w"), TIFFClose);
    TIFFSetField(tiff.get(), TIFFTAG_IMAGEWIDTH, 3200);
    TIFFSetField(tiff.get(), TIFFTAG_IMAGELENGTH, 3000);
    TIFFSetField(tiff.get(), TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff.get(), TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    TIFFSetField(tiff.get(), TIFFTAG_COMPRESSION, COMPRESSION_LZW);
    TIFFSetField(tiff.get(), TIFFTAG_ROWSPERSTRIP, 3000);
    Image copy = rows_of(image, 0, 3000);
    REQUIRE(TIFFWriteEncodedStrip(tiff.get(), 0, copy.data(), static_cast<tmsize_t>(copy.bytes())) >
            0);
  }
  RowReader reader(path, {.band_rows = 100});
  CHECK(reader.next(nullptr).height() == 100);
  reader.rewind();
  CHECK(equal(all_rows(reader), decode(bytes_of(path), {.mode = ReadMode::unchanged})));
}

TEST_CASE("files cut short end in the error of decode, or are filled as it fills them") {
  const Folder folder;
  const fs::path path = folder / "image";
  const Image image = noise(40, 30, 3, Depth::u8);
  for (const Format format : {Format::jpeg, Format::png, Format::tiff}) {
    write(path, format, image, 40);
    const auto bytes = bytes_of(path);
    for (std::size_t size = 0; size < bytes.size(); size += 37) {
      std::ofstream(path, std::ios::binary | std::ios::trunc)
          .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(size));
      const std::span<const std::uint8_t> part(bytes.data(), size);
      for (const OnTruncated on_truncated : {OnTruncated::error, OnTruncated::fill}) {
        std::string whole = "pixels", rows = "pixels";
        Image expected, got;
        try {
          expected = decode(part, {.mode = ReadMode::unchanged, .on_truncated = on_truncated});
        } catch (const Error& error) {
          whole = code_name(error.code());
        }
        try {
          RowReader reader(path, {.on_truncated = on_truncated, .band_rows = 3});
          got = all_rows(reader);
        } catch (const Error& error) {
          rows = code_name(error.code());
          CHECK(error.path() == path.string());
        }
        CHECK(rows == whole);
        if (whole == "pixels" && rows == "pixels") CHECK(equal(got, expected));
      }
    }
  }
}

TEST_CASE("a writer that is not finished leaves nothing, nor does one that is refused") {
  const Folder folder;
  const fs::path path = folder / "image";
  const Image image = noise(20, 30, 3, Depth::u8);
  const RowShape shape{20, 30, 3, Depth::u8};
  for (const Format format : {Format::jpeg, Format::png, Format::tiff}) {
    {
      RowWriter writer(path, format, shape, {});
      writer.write(rows_of(image, 0, 5), nullptr);
      CHECK_THROWS_AS(writer.finish(), Error);
      CHECK_THROWS_AS(writer.write(image, nullptr), Error);  // 15 rows are missing, not 20
    }
    CHECK(folder.count() == 0);
  }
  CHECK_THROWS_AS(RowWriter(path, Format::webp, shape, {}), Error);
  CHECK_THROWS_AS(RowWriter(path, Format::jpeg, {20, 30, 4, Depth::u8}, {}), Error);
  CHECK_THROWS_AS(RowWriter(path, Format::png, {0, 30, 3, Depth::u8}, {}), Error);
  CHECK(folder.count() == 0);
}

TEST_CASE("reading and writing stop when they are cancelled") {
  const Folder folder;
  const fs::path path = folder / "image";
  const Image image = noise(64, 64, 1, Depth::u8);
  CancelToken token;
  token.cancel();
  for (const Format format : {Format::jpeg, Format::png, Format::tiff}) {
    write(path, format, image, 64);
    RowReader reader(path);
    CHECK(code_of([&] { (void)reader.next(&token); }) == ErrorCode::cancelled);
    fs::remove(path);
    {
      RowWriter writer(path, format, {64, 64, 1, Depth::u8}, {});
      CHECK_THROWS_AS(writer.write(image, &token), Error);
    }
    CHECK(folder.count() == 0);
  }
}

TEST_CASE("a TIFF that may pass 4 GiB is a BigTIFF") {
  const Folder folder;
  const fs::path path = folder / "image";
  // Only its header is looked at: the writer is given no row.
  RowWriter writer(path, Format::tiff, {40000, 40000, 3, Depth::u8}, {});
  std::string start(4, ' ');
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    std::ifstream(entry.path(), std::ios::binary).read(start.data(), 4);
  }
  CHECK(start == std::string("II+\0", 4));
}

}  // namespace
