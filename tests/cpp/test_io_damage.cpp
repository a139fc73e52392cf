// Small files of every kind, cut at every byte and with bits flipped: errors or pixels, nothing
// else, and nothing left behind. The fuzz targets' corpus is replayed here too.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "../fuzz/targets.hpp"
#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "io/exif.hpp"

namespace {

using namespace colorlab;
namespace fs = std::filesystem;
using Data = std::vector<std::uint8_t>;

struct Seed {
  std::string target;
  Data data;
};

Data rounded_bmp() {  // 8-bit RLE: a run, a literal, a jump, the end
  Data data(54 + 1024 + 16);
  const Data head = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 54, 4, 0, 0, 40, 0,
                     0,   0,   8, 0, 0, 0, 2, 0, 0, 0, 1,  0, 8, 0, 1};
  std::copy(head.begin(), head.end(), data.begin());
  const Data runs = {4, 7, 0, 4, 1, 2, 3, 4, 0, 0, 8, 9, 0, 1, 0, 0};
  std::copy(runs.begin(), runs.end(), data.end() - 16);
  return data;
}

// One file for each way through the decoders that the encoders can make.
std::vector<Seed> seeds() {
  constexpr std::size_t kHeight = 12, kWidth = 10;
  Data samples(kHeight * kWidth * 4);
  std::mt19937 random(1);
  for (auto& sample : samples) sample = static_cast<std::uint8_t>(random() % 90 + 60);
  const auto view = [&](std::size_t channels) {
    return ImageView<const std::uint8_t>(samples.data(), kHeight, kWidth, channels);
  };
  const std::vector<std::uint16_t> deep(kHeight * kWidth * 3, 4660);
  const ImageView<const std::uint16_t> view16(deep.data(), kHeight, kWidth, 3);
  Metadata metadata;
  metadata.exif = io::with_orientation({}, 6);
  metadata.xmp = {'<', 'x', '/', '>'};
  metadata.iptc = {0x1C, 2, 5, 0, 1, 'x'};
  metadata.icc = srgb_icc(3);
  const Data grey = encode_jpeg(view(1), 80);
  return {{"jpeg", encode_jpeg(view(3), 85)},
          {"jpeg", encode_jpeg(view(3), 95, metadata)},
          {"jpeg", grey},
          {"lossless_luma", grey},
          {"png", encode_png(view(4), 4)},
          {"png", encode_png(view16, 4, metadata)},
          {"tiff", encode_tiff(view(3), 4, metadata)},
          {"tiff", encode_tiff(view(2), 0)},
          {"tiff", encode_tiff(view16, 4)},
          {"webp", encode_webp(view(3), 80, false)},
          {"webp", encode_webp(view(4), 80, true, metadata)},
          {"bmp", rounded_bmp()},
          {"exif", metadata.exif},
          {"icc", metadata.icc},
          {"icc", srgb_icc(1)}};
}

void run(const std::string& target, const Data& data) {
  for (const fuzz::Target& each : fuzz::kTargets) {
    if (target == each.name) {
      each.run(data);
      return;
    }
  }
  FAIL("no target " << target);
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("every cut of every file ends in pixels or in an error") {
  for (const Seed& seed : seeds()) {
    CAPTURE(seed.target);
    // Profiles are long and slow to open: a few cuts will do.
    const std::size_t step = seed.target == "icc" ? 37 : 1;
    for (std::size_t size = 0; size <= seed.data.size(); size += step) {
      run(seed.target,
          Data(seed.data.begin(), seed.data.begin() + static_cast<std::ptrdiff_t>(size)));
    }
  }
}

TEST_CASE("flipped bits end in pixels or in an error") {
  std::mt19937 random(20);
  for (const Seed& seed : seeds()) {
    CAPTURE(seed.target);
    // A profile takes a thousand times as long as a small file.
    const int damages = seed.target == "icc" ? 60 : seed.target == "exif" ? 400 : 1500;
    for (int i = 0; i < damages; ++i) {
      Data data = seed.data;
      for (auto flips = 1 + random() % 6; flips > 0; --flips) {
        data[random() % data.size()] ^= static_cast<std::uint8_t>(1U << (random() % 8));
      }
      run(seed.target, data);
    }
  }
}

TEST_CASE("the fuzz targets' corpus") {
  const fs::path corpus = COLORLAB_FUZZ_CORPUS;
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(corpus)) {
    if (!entry.is_regular_file()) continue;
    CAPTURE(entry.path());
    run(entry.path().parent_path().filename().string(), read_file(entry.path(), {}));
    ++files;
  }
  CHECK(files > 0);
}

#ifdef __linux__
TEST_CASE("thousands of errors leave no descriptor and no memory behind") {
  const std::vector<Seed> all = seeds();
  const fs::path path = fs::temp_directory_path() / ("colorlab-" + std::to_string(::getpid()));
  const auto fail_often = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const Seed& seed = all[static_cast<std::size_t>(i) % 12];
      const Data cut(seed.data.begin(),
                     seed.data.begin() + static_cast<std::ptrdiff_t>(seed.data.size() / 2));
      if (i % 50 == 0) write_file_atomically(path, cut, true);
      try {
        (void)read_file(path, {});
        (void)decode(cut, {});
      } catch (const Error&) {
        continue;
      }
    }
  };
  fail_often(500);
  const std::size_t descriptors = open_descriptors(), resident = resident_bytes();
  fail_often(10'000);
  fs::remove(path);
  CHECK(open_descriptors() == descriptors);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A single leaked row buffer each time would be over 10 MB. AddressSanitizer keeps freed memory
  // in quarantine, and its leak check is the sharper one.
  CHECK(resident_bytes() < resident + (4U << 20));
#else
  (void)resident;
#endif
}
#endif
