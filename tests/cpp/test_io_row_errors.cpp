// Rows that cannot be had or kept: errors that stay, and never rows of another place or size.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "colorlab/io.hpp"
#include "colorlab/lossless_luma.hpp"
#include "io/jpeg_coefficients.hpp"
#include "row_images.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
using namespace colorlab::testing;
namespace fs = std::filesystem;

constexpr Format kFormats[] = {Format::jpeg, Format::png, Format::tiff};

// New content for the same file: whoever has it open sees it.
void overwrite(const fs::path& path, std::span<const std::uint8_t> bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

Image grey_noise(std::size_t height, std::size_t width) {
  return noise(height, width, 1, Depth::u8);
}

}  // namespace

TEST_CASE("a file that becomes another one while it is read is an error") {
  const Folder folder;
  const fs::path path = folder / "image", other = folder / "other";
  for (const Format format : kFormats) {
    write(path, format, noise(40, 30, 3, Depth::u8), 40);
    write(other, format, noise(80, 400, 3, Depth::u8), 80);
    RowReader reader(path, {.band_rows = 4});
    CHECK(reader.next(nullptr).height() == 4);
    overwrite(path, bytes_of(other));
    const ErrorCode code = code_of([&] { reader.rewind(); });
    // A TIFF's new directory may lie behind the end of the old file.
    CHECK((code == ErrorCode::corrupt_image || code == ErrorCode::truncated_image));
    CHECK(code_of([&] { (void)reader.next(nullptr); }) == code);
  }
}

TEST_CASE("a file that becomes another one before its colours are known is an error") {
  const Folder folder;
  const fs::path path = folder / "image", other = folder / "other";
  // Grey of colours that are not sRGB's: the decoder starts anew to give the colours.
  Metadata linear;
  linear.icc = srgb_icc(3);
  for (const char* tag : {"rTRC", "gTRC", "bTRC"}) {
    const auto at = std::search(linear.icc.begin(), linear.icc.end(), tag, tag + 4);
    REQUIRE(at != linear.icc.end());
    const auto offset = static_cast<std::size_t>(at[6]) << 8 | at[7];
    std::memcpy(&linear.icc[offset], "curv\0\0\0\0\0\0\0\0", 12);  // no points: linear
  }
  for (const Format format : {Format::jpeg, Format::png}) {
    write(path, format, noise(40, 30, 3, Depth::u8), 40, {.metadata = linear});
    write(other, format, noise(80, 400, 3, Depth::u8), 80, {.metadata = linear});
    RowReader reader(path, {.mode = ReadMode::grey, .band_rows = 4});
    overwrite(path, bytes_of(other));
    for (int i = 0; i < 2; ++i) {
      CHECK(code_of([&] { (void)reader.next(nullptr); }) == ErrorCode::corrupt_image);
    }
  }
}

TEST_CASE("after an error no rows come until the reader is rewound") {
  const Folder folder;
  const fs::path path = folder / "image";
  const Image image = grey_noise(64, 50);
  for (const Format format : kFormats) {
    RowWriteOptions options;
    options.quality = 100;
    options.tile_height = options.tile_width = 16;
    write(path, format, image, 64, options);
    const Image expected = decode(bytes_of(path), {.mode = ReadMode::unchanged});
    RowReader reader(path, {.band_rows = 32});
    int asked = 0;
    CancelToken token([&asked] { return ++asked > 0; });
    CHECK(code_of([&] { (void)reader.next(&token); }) == ErrorCode::cancelled);
    CHECK(code_of([&] { (void)reader.next(nullptr); }) == ErrorCode::cancelled);
    reader.rewind();
    CHECK(equal(all_rows(reader), expected));
  }
}

TEST_CASE("a writer that failed makes no file, whatever it is given afterwards") {
  const Folder folder;
  const fs::path path = folder / "image";
  const Image image = grey_noise(64, 50);
  for (const Format format : kFormats) {
    RowWriter writer(path, format, {64, 50, 1, Depth::u8}, {});
    CancelToken token;
    writer.write(rows_of(image, 0, 16), nullptr);
    token.cancel();
    CHECK(code_of([&] { writer.write(rows_of(image, 16, 8), &token); }) == ErrorCode::cancelled);
    CHECK(code_of([&] { writer.write(rows_of(image, 16, 48), nullptr); }) == ErrorCode::cancelled);
    CHECK(code_of([&] { writer.finish(); }) == ErrorCode::cancelled);
  }
  CHECK(folder.count() == 0);
}

TEST_CASE("a writer is finished once") {
  const Folder folder;
  const fs::path path = folder / "image";
  const Image image = grey_noise(8, 9);
  for (const Format format : kFormats) {
    RowWriter writer(path, format, {8, 9, 1, Depth::u8}, {.overwrite = true});
    writer.write(image, nullptr);
    writer.finish();
    const auto bytes = bytes_of(path);
    CHECK(code_of([&] { writer.finish(); }) == ErrorCode::invalid_argument);
    CHECK(code_of([&] { writer.write(Image(0, 9, 1, Depth::u8), nullptr); }) ==
          ErrorCode::invalid_argument);
    CHECK(bytes_of(path) == bytes);
  }
}

TEST_CASE("an orientation that does not exist is refused") {
  const Folder folder;
  for (const int orientation : {-1, 0, 9, 300}) {
    RowWriteOptions options;
    options.orientation = orientation;
    CHECK(code_of([&] {
            RowWriter(folder / "image", Format::jpeg, {8, 9, 1, Depth::u8}, options);
          }) == ErrorCode::invalid_argument);
    write(folder / "grey.jpg", Format::jpeg, grey_noise(8, 9), 8);
    CHECK(code_of([&] { ChromaRowWriter(folder / "grey.jpg", folder / "out.jpg", options); }) ==
          ErrorCode::invalid_argument);
    CHECK(folder.count() == 1);
    fs::remove(folder / "grey.jpg");
  }
}

TEST_CASE("a file that cannot be read is not called corrupt") {
  const Folder folder;
  const fs::path path = folder / "image";
  const int directory = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const Format format : kFormats) {
    write(path, format, noise(900, 800, 3, Depth::u8), 900);
    RowReader reader(path, {.band_rows = 4});
    (void)reader.next(nullptr);
    // Reading a folder fails, as that of a broken disk would.
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code ignored;
      if (fs::read_symlink(entry.path(), ignored) != path) continue;
      ::dup2(directory, std::stoi(entry.path().filename().string()));
    }
    const Error error = error_of([&] { (void)all_rows(reader); });
    CHECK(error.code() == ErrorCode::input_unreadable);
    CHECK(error.path() == path.string());
  }
  ::close(directory);
}

TEST_CASE("a grey JPEG's luma is joined with chroma row by row, and what cannot be is named") {
  const Folder folder;
  const fs::path grey = folder / "grey.jpg", path = folder / "color.jpg";
  write(grey, Format::jpeg, grey_noise(33, 40), 33);
  const Image chroma = noise(17, 20, 2, Depth::u8);
  {
    ChromaRowWriter writer(grey, path, {.quality = 90});
    CHECK(writer.shape() == RowShape{17, 20, 2, Depth::u8});
    for (std::size_t y = 0; y < 17; y += 5) {
      writer.write(rows_of(chroma, y, std::min<std::size_t>(5, 17 - y)), nullptr);
    }
    writer.finish();
    CHECK(code_of([&] { writer.finish(); }) == ErrorCode::invalid_argument);
  }
  const auto source = bytes_of(grey);
  CHECK(bytes_of(path) == add_chroma_to_jpeg(source, chroma.view<std::uint8_t>(), 90, {}, {}));
  CHECK(may_copy_luma(grey));
  CHECK_FALSE(may_copy_luma(path));

  fs::remove(path);
  ChromaRowWriter writer(grey, path, {});
  CHECK(code_of([&] { writer.write(noise(1, 20, 3, Depth::u8), nullptr); }) == ErrorCode::shape);
  CHECK(code_of([&] { writer.finish(); }) == ErrorCode::shape);
  overwrite(folder / "text.jpg", source);
  overwrite(folder / "text.jpg", std::span(source).first(0));
  for (const char* name : {"text.jpg", "none.jpg"}) {
    const Error error = error_of([&] { (void)may_copy_luma(folder / name); });
    CHECK(error.path() == (folder / name).string());
  }
}

TEST_CASE("a JPEG whose header is refused leaves no memory behind") {
  const Image image = grey_noise(16, 16);
  const auto jpeg = encode_jpeg(image.view<std::uint8_t>(), 90);
  const std::vector<std::uint8_t> cut(jpeg.begin(), jpeg.begin() + 100);
  // The leak check of AddressSanitizer looks at it.
  CHECK_THROWS_AS(io::JpegCoefficients(cut, {}), Error);
  Limits small;
  small.max_pixels = 255;
  CHECK_THROWS_AS(io::JpegCoefficients(jpeg, small), Error);
}
