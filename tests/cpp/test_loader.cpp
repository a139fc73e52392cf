// The loader's promises: order, resumption, replacement of unreadable photos, shutdown.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "colorlab/loader.hpp"
#include "loader/draws.hpp"
#include "loader/tar_index.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
using colorlab::testing::code_of;
namespace fs = std::filesystem;

class Photos {
 public:
  // `count` photos of one colour each, in a folder of their own.
  explicit Photos(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t height = 40 + i, width = 60;
      std::vector<std::uint8_t> samples(height * width * 3);
      for (std::size_t s = 0; s < samples.size(); ++s) {
        samples[s] = static_cast<std::uint8_t>(40 * i + 20 * (s % 3));
      }
      const ImageView<const std::uint8_t> view(samples.data(), height, width, 3);
      const std::string file = "photo" + std::to_string(i);
      if (i % 2 == 0) {
        write_file_atomically(folder_ / (file + ".png"), encode_png(view, 1), false);
      } else {
        write_file_atomically(folder_ / (file + ".JPG"), encode_jpeg(view, 90), false);
      }
    }
  }
  [[nodiscard]] const fs::path& path() const { return folder_.path(); }

  void add(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

 private:
  colorlab::testing::Folder folder_;
};

LoaderOptions small(int threads) {
  LoaderOptions options;
  options.batch = 3;
  options.crop = 16;
  options.threads = threads;
  options.queue = 2;
  options.seed = 5;
  return options;
}

std::vector<float> take(const std::vector<PhotoItem>& items, const LoaderOptions& options,
                        int batches) {
  PhotoLoader loader(items, options);
  const std::size_t pixels = options.batch * options.crop * options.crop;
  std::vector<float> all, lightness(pixels), ab(2 * pixels);
  for (int i = 0; i < batches; ++i) {
    loader.next(lightness.data(), ab.data());
    all.insert(all.end(), lightness.begin(), lightness.end());
    all.insert(all.end(), ab.begin(), ab.end());
  }
  CHECK(loader.next_sample() == options.first_sample + options.batch * std::size_t(batches));
  return all;
}

}  // namespace

TEST_CASE("an epoch's order is a permutation, another one each time") {
  for (const std::uint64_t count : {1U, 2U, 3U, 5U, 64U, 1000U}) {
    for (const std::uint64_t key : {0U, 1U, 99U}) {
      std::set<std::uint64_t> seen;
      for (std::uint64_t i = 0; i < count; ++i) seen.insert(loader::permute(i, count, key));
      CHECK(seen.size() == count);
      CHECK(*seen.rbegin() == count - 1);
    }
  }
  const loader::PhotoDraw draw(50, {}, 3);
  std::set<std::size_t> first, second;
  bool same = true;
  for (std::uint64_t k = 0; k < 50; ++k) {
    first.insert(draw(k, 0));
    second.insert(draw(k + 50, 0));
    same = same && draw(k, 0) == draw(k + 50, 0);
  }
  CHECK(first.size() == 50);
  CHECK(second.size() == 50);
  CHECK_FALSE(same);
}

TEST_CASE("weights are kept, and photos without weight never drawn") {
  const loader::PhotoDraw draw(4, {1, 0, 3, 0}, 9);
  std::vector<int> counts(4);
  for (std::uint64_t k = 0; k < 20000; ++k) ++counts[draw(k, 0)];
  CHECK(counts[1] == 0);
  CHECK(counts[3] == 0);
  CHECK(std::abs(counts[2] / 20000.0 - 0.75) < 0.02);
  CHECK_THROWS_AS(loader::PhotoDraw(2, {1}, 0), Error);
  CHECK_THROWS_AS(loader::PhotoDraw(2, {0, 0}, 0), Error);
  CHECK_THROWS_AS(loader::PhotoDraw(2, {1, -1}, 0), Error);
  CHECK_THROWS_AS(loader::PhotoDraw(2, {1, NAN}, 0), Error);
  CHECK_THROWS_AS(loader::PhotoDraw(0, {}, 0), Error);
}

TEST_CASE("the same batches for any number of threads and from any start") {
  const Photos photos(5);
  const auto items = index_photos({photos.path()});
  REQUIRE(items.size() == 5);
  const auto expected = take(items, small(1), 6);
  for (const int threads : {2, 3, 8}) CHECK(take(items, small(threads), 6) == expected);
  LoaderOptions later = small(2);
  later.first_sample = 9;
  const auto rest = take(items, later, 3);
  CHECK(std::equal(rest.begin(), rest.end(), expected.begin() + 3 * 3 * 16 * 16 * 3));
  for (const float value : expected) CHECK(std::abs(value) <= 1.2F);
}

TEST_CASE("unreadable photos are replaced and listed once") {
  const Photos photos(3);
  photos.add("bad.jpg", "no photo");
  photos.add("empty.png", "");
  const auto items = index_photos({photos.path()});
  REQUIRE(items.size() == 5);
  CHECK(take(items, small(3), 8) == take(items, small(1), 8));
  PhotoLoader loader(items, small(2));
  std::vector<float> lightness(3 * 256), ab(6 * 256);
  for (int i = 0; i < 10; ++i) loader.next(lightness.data(), ab.data());
  const auto failed = loader.failed();
  REQUIRE(failed.size() == 2);
  CHECK(failed[0].path == (photos.path() / "bad.jpg").string());
  CHECK(failed[0].reason.find("text") != std::string::npos);
}

TEST_CASE("nothing readable is an error that stays, and ends") {
  const Photos photos(0);
  photos.add("bad.jpg", "no photo");
  PhotoLoader loader(index_photos({photos.path()}), small(2));
  std::vector<float> lightness(3 * 256), ab(6 * 256);
  for (int i = 0; i < 2; ++i) {
    CHECK(code_of([&] { loader.next(lightness.data(), ab.data()); }) == ErrorCode::corrupt_image);
  }
}

TEST_CASE("loaders end at once, read or not") {
  const Photos photos(2);
  const auto items = index_photos({photos.path()});
  for (int i = 0; i < 50; ++i) {
    PhotoLoader loader(items, small(1 + i % 4));
    std::vector<float> lightness(3 * 256), ab(6 * 256);
    if (i % 3 == 0) loader.next(lightness.data(), ab.data());
  }
}

TEST_CASE("options and sources that make no sense are refused") {
  const Photos photos(1);
  const auto items = index_photos({photos.path()});
  const auto refused = [&](auto change) {
    LoaderOptions options = small(1);
    change(options);
    return code_of([&] { PhotoLoader(items, options); }) == ErrorCode::invalid_argument;
  };
  CHECK(refused([](LoaderOptions& o) { o.batch = 0; }));
  CHECK(refused([](LoaderOptions& o) { o.crop = 0; }));
  CHECK(refused([](LoaderOptions& o) { o.min_scale = 0; }));
  CHECK(refused([](LoaderOptions& o) { o.min_scale = NAN; }));
  CHECK(refused([](LoaderOptions& o) { o.threads = 0; }));
  CHECK(refused([](LoaderOptions& o) { o.queue = 0; }));
  CHECK(refused([](LoaderOptions& o) { o.weights = {0}; }));
  CHECK(code_of([&] { PhotoLoader({}, small(1)); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { (void)index_photos({photos.path() / "none"}); }) ==
        ErrorCode::file_not_found);
  photos.add("notes.txt", "x");
  CHECK(code_of([&] { (void)index_photos({photos.path() / "notes.txt"}); }) ==
        ErrorCode::unsupported_format);
}

TEST_CASE("broken tars name the place") {
  const Photos photos(0);
  const auto broken = [&](const std::string& content) {
    photos.add("a.tar", content);
    return code_of([&] { (void)loader::index_tar(photos.path() / "a.tar"); }) ==
           ErrorCode::corrupt_image;
  };
  CHECK(broken(""));
  CHECK(broken("short"));
  CHECK(broken(std::string(512, 'x')));
  std::string header(512, '\0');
  std::memcpy(header.data(), "a.jpg", 5);
  std::memcpy(header.data() + 124, "00000001000", 11);
  header[156] = '0';
  std::memset(header.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(header.data() + 148, 8, "%06o", sum);
  CHECK(broken(header));  // its data end early
  photos.add("a.tar", header + std::string(512, 'd'));
  const auto items = loader::index_tar(photos.path() / "a.tar");
  REQUIRE(items.size() == 1);
  CHECK(items[0].offset == 512);
  CHECK(items[0].size == 512);
}
