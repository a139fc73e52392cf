// The tiled executor against the simple one, and the plan's promises.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/tile.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;

std::vector<float> picture(std::size_t height, std::size_t width) {
  std::vector<float> pixels(height * width);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<float>((i * 2654435761U) % 1000) / 7.0F;
  }
  return pixels;
}

// The mean of each pixel's neighbourhood of (2 radius + 1)^2, cut at the image's borders; what is
// there beyond the tile comes through the halo.
TileFunction<float, float> blur(std::size_t radius) {
  return [radius](ImageView<const float> pixels, const Tile& tile, ImageView<float> result) {
    const std::size_t down = tile.write.top - tile.read.top;
    const std::size_t across = tile.write.left - tile.read.left;
    for (std::size_t y = 0; y < result.height; ++y) {
      for (std::size_t x = 0; x < result.width; ++x) {
        float sum = 0;
        std::size_t held = 0;
        const std::size_t cy = y + down, cx = x + across;
        for (std::size_t v = cy - std::min(cy, radius); v <= cy + radius && v < pixels.height;
             ++v) {
          for (std::size_t u = cx - std::min(cx, radius); u <= cx + radius && u < pixels.width;
               ++u, ++held) {
            sum += pixels.row(v)[u];
          }
        }
        result.row(y)[x] = sum / static_cast<float>(held);
      }
    }
  };
}

TEST_CASE("tiles cover each pixel once, with halo inside the image") {
  for (const std::size_t side : {1U, 7U, 64U, 100U, 1000U}) {
    const TilePlan plan(97, 203, {side, 5, 0});
    std::vector<int> written(97 * 203, 0);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const Tile tile = plan[i];
      REQUIRE(tile.read.bottom() <= 97);
      REQUIRE(tile.read.right() <= 203);
      CHECK(tile.write.top - tile.read.top == std::min<std::size_t>(5, tile.write.top));
      CHECK(tile.read.right() == std::min<std::size_t>(203, tile.write.right() + 5));
      for (std::size_t y = tile.write.top; y < tile.write.bottom(); ++y) {
        for (std::size_t x = tile.write.left; x < tile.write.right(); ++x) ++written[y * 203 + x];
      }
    }
    CHECK(std::all_of(written.begin(), written.end(), [](int count) { return count == 1; }));
  }
}

TEST_CASE("blend weights sum to one everywhere") {
  for (const TileOptions& options : {TileOptions{64, 0, 16}, TileOptions{64, 3, 32},
                                     TileOptions{50, 0, 1}, TileOptions{7, 0, 3}}) {
    const TilePlan plan(131, 90, options);
    std::vector<double> sums(131 * 90, 0.0);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const Tile tile = plan[i];
      const auto rows = plan.row_window(tile.row);
      const auto columns = plan.column_window(tile.column);
      REQUIRE(rows.size() == tile.write.height);
      for (std::size_t y = 0; y < rows.size(); ++y) {
        for (std::size_t x = 0; x < columns.size(); ++x) {
          sums[(tile.write.top + y) * 90 + tile.write.left + x] +=
              static_cast<double>(rows[y]) * columns[x];
        }
      }
    }
    for (const double sum : sums) REQUIRE(sum == doctest::Approx(1.0).epsilon(1e-6));
  }
}

TEST_CASE(
    "the tiled executor equals the simple one, bit for bit, for every tile size and threads") {
  const std::size_t height = 1300, width = 1100;
  const auto image = picture(height, width);
  const ImageView<const float> source(image.data(), height, width, 1);
  std::vector<float> whole(image.size()), tiled(image.size());
  run_whole<float, float>(source, {whole.data(), height, width, 1}, blur(2));
  for (const std::size_t side : {64U, 256U, 512U, 1024U}) {
    for (const int threads : {1, 2, 3, 8}) {
      std::fill(tiled.begin(), tiled.end(), -1.0F);
      run_tiled<float, float>(source, {tiled.data(), height, width, 1},
                              TilePlan(height, width, {side, 2, 0}), blur(2), threads);
      CHECK(tiled == whole);
    }
  }
  // One pixel of halo less is not enough: the comparison can fail.
  run_tiled<float, float>(source, {tiled.data(), height, width, 1},
                          TilePlan(height, width, {64, 1, 0}), blur(2), 1);
  CHECK(tiled != whole);
}

TEST_CASE("blending does not depend on threads, and keeps what tiles agree on") {
  const std::size_t height = 700, width = 900;
  const auto image = picture(height, width);
  const ImageView<const float> source(image.data(), height, width, 1);
  const TilePlan plan(height, width, {256, 2, 64});
  std::vector<float> whole(image.size()), one(image.size()), many(image.size());
  run_whole<float, float>(source, {whole.data(), height, width, 1}, blur(2));
  run_tiled<float, float>(source, {one.data(), height, width, 1}, plan, blur(2), 1);
  for (std::size_t i = 0; i < one.size(); ++i) REQUIRE(std::abs(one[i] - whole[i]) < 1e-4F);
  for (const int threads : {2, 3, 8}) {
    run_tiled<float, float>(source, {many.data(), height, width, 1}, plan, blur(2), threads);
    CHECK(many == one);
  }
}

TEST_CASE("blending hides the seams of tiles that disagree") {
  const std::size_t side = 256;
  const std::vector<float> image(side * side, 0.0F);
  std::vector<float> out(side * side);
  const TileFunction<float, float> number = [](ImageView<const float>, const Tile& tile,
                                               ImageView<float> result) {
    for (std::size_t y = 0; y < result.height; ++y) {
      std::fill_n(result.row(y), result.width, static_cast<float>(tile.column));
    }
  };
  run_tiled<float, float>({image.data(), side, side, 1}, {out.data(), side, side, 1},
                          TilePlan(side, side, {100, 0, 44}), number, 1);
  float steepest = 0;
  for (std::size_t x = 1; x < side; ++x)
    steepest = std::max(steepest, std::abs(out[x] - out[x - 1]));
  CHECK(out.front() == 0.0F);
  CHECK(out.back() == doctest::Approx(3.0));
  CHECK(steepest < 0.05F);
}

TEST_CASE("a cancelled run stops before its next tile, and a failing tile ends it") {
  const std::vector<std::uint8_t> image(512 * 512, 0);
  std::vector<std::uint8_t> out(image.size());
  const ImageView<const std::uint8_t> source(image.data(), 512, 512, 1);
  const ImageView<std::uint8_t> target(out.data(), 512, 512, 1);
  const TilePlan plan(512, 512, {64, 0, 0});
  std::atomic<int> done{0};
  CancelToken token;
  const TileFunction<std::uint8_t, std::uint8_t> function =
      [&](ImageView<const std::uint8_t>, const Tile&, ImageView<std::uint8_t>) {
        if (++done == 5) token.cancel();
      };
  CHECK(colorlab::testing::code_of([&] {
          run_tiled<std::uint8_t, std::uint8_t>(source, target, plan, function, 1, &token);
        }) == ErrorCode::cancelled);
  CHECK(done == 5);
  int asked = 0;
  CancelToken polled([&asked] { return ++asked > 0; });
  CHECK_THROWS_AS(
      (run_tiled<std::uint8_t, std::uint8_t>(source, target, plan, function, 1, &polled)), Error);
  CHECK(asked == 1);
}

TEST_CASE("plans that make no sense are refused") {
  CHECK_THROWS_AS(TilePlan(0, 5, {}), Error);
  CHECK_THROWS_AS(TilePlan(5, 5, {0, 0, 0}), Error);
  CHECK_THROWS_AS(TilePlan(5, 5, {9, 0, 5}), Error);
  CHECK_THROWS_AS(TilePlan(100'000, 100'000, {8, 0, 0}), Error);
  std::vector<std::uint8_t> pixels(16);
  const TileFunction<std::uint8_t, std::uint8_t> nothing =
      [](ImageView<const std::uint8_t>, const Tile&, ImageView<std::uint8_t>) {};
  CHECK_THROWS_AS(
      (run_tiled<std::uint8_t, std::uint8_t>({pixels.data(), 4, 4, 1}, {pixels.data(), 4, 4, 1},
                                             TilePlan(4, 4, {2, 0, 1}), nothing, 1)),
      Error);
}

}  // namespace
