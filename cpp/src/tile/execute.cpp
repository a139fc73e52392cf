#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"
#include "colorlab/tile.hpp"

namespace colorlab {
namespace {

template <class In, class Out>
void check(ImageView<const In> image, ImageView<Out> target) {
  if (image.pixels() == 0 || image.height != target.height || image.width != target.width) {
    throw Error(ErrorCode::shape, "the target must be as large as the image, and not empty");
  }
}

void add_weighted(ImageView<const float> result, const std::vector<float>& rows,
                  const std::vector<float>& columns, ImageView<float> sums) {
  for (std::size_t y = 0; y < result.height; ++y) {
    const float* from = result.row(y);
    float* to = sums.row(y);
    for (std::size_t x = 0; x < result.width; ++x) {
      const float weight = rows[y] * columns[x];
      for (std::size_t c = 0; c < result.channels; ++c) {
        to[x * result.channels + c] += weight * from[x * result.channels + c];
      }
    }
  }
}

// Tiles that share pixels are at most one row or column apart. Those of equal parity in both share
// none and run side by side; the four groups run one after the other, which fixes the order in
// which a pixel's sum is made, whatever the threads.
template <class In>
void run_blended(ImageView<const In> image, ImageView<float> target, const TilePlan& plan,
                 const TileFunction<In, float>& function, int threads, CancelToken* cancel) {
  for (std::size_t y = 0; y < target.height; ++y) {
    std::fill_n(target.row(y), target.width * target.channels, 0.0F);
  }
  for (std::size_t group = 0; group < 4; ++group) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const std::size_t row = i / plan.columns();
      const std::size_t column = i % plan.columns();
      if (row % 2 == group / 2 && column % 2 == group % 2) members.push_back(i);
    }
    parallel_rows(members.size(), threads, [&](std::size_t begin, std::size_t end) {
      std::vector<float> result;
      for (std::size_t m = begin; m < end; ++m) {
        if (cancel != nullptr) cancel->check();
        const Tile tile = plan[members[m]];
        result.assign(tile.write.height * tile.write.width * target.channels, 0.0F);
        const ImageView<float> view(result.data(), tile.write.height, tile.write.width,
                                    target.channels);
        function(crop(image, tile.read), tile, view);
        add_weighted(view, plan.row_window(tile.row), plan.column_window(tile.column),
                     crop(target, tile.write));
      }
    });
  }
}

}  // namespace

template <class In, class Out>
void run_whole(ImageView<const In> image, ImageView<Out> target,
               const TileFunction<In, Out>& function) {
  check(image, target);
  const Rect all{0, 0, image.height, image.width};
  function(image, Tile{all, all, 0, 0}, target);
}

template <class In, class Out>
void run_tiled(ImageView<const In> image, ImageView<Out> target, const TilePlan& plan,
               const TileFunction<In, Out>& function, int threads, CancelToken* cancel) {
  check(image, target);
  if (plan.height() != image.height || plan.width() != image.width) {
    throw Error(ErrorCode::shape, "the plan is for an image of another size");
  }
  const int used = threads_for(image.pixels(), threads);
  if (plan.blends()) {
    if constexpr (std::is_same_v<Out, float>) {
      run_blended(image, target, plan, function, used, cancel);
      return;
    } else {
      throw Error(ErrorCode::invalid_argument, "only float results can be blended");
    }
  }
  parallel_rows(plan.size(), used, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (cancel != nullptr) cancel->check();
      const Tile tile = plan[i];
      function(crop(image, tile.read), tile, crop(target, tile.write));
    }
  });
}

#define COLORLAB_TILE_EXECUTORS(In, Out)                                                      \
  template void run_whole(ImageView<const In>, ImageView<Out>, const TileFunction<In, Out>&); \
  template void run_tiled(ImageView<const In>, ImageView<Out>, const TilePlan&,               \
                          const TileFunction<In, Out>&, int, CancelToken*);
COLORLAB_TILE_EXECUTORS(std::uint8_t, std::uint8_t)
COLORLAB_TILE_EXECUTORS(std::uint16_t, std::uint16_t)
COLORLAB_TILE_EXECUTORS(std::uint8_t, float)
COLORLAB_TILE_EXECUTORS(std::uint16_t, float)
COLORLAB_TILE_EXECUTORS(float, float)
#undef COLORLAB_TILE_EXECUTORS

}  // namespace colorlab
