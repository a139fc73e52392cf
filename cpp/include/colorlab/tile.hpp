// Large images in pieces: a plan of tiles with halo, weights that blend them, and the executors.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "colorlab/cancel.hpp"
#include "colorlab/image_view.hpp"
#include "colorlab/rect.hpp"

namespace colorlab {

struct TileOptions {
  std::size_t tile = 512;   // side of what a tile writes, in pixels
  std::size_t halo = 0;     // pixels read beyond that on each side, where the image has them
  std::size_t overlap = 0;  // pixels that neighbours both write and that are blended
};

struct Tile {
  Rect write, read;                 // `read` holds `write`
  std::size_t row = 0, column = 0;  // its place among the tiles
};

// Tiles in reading order. They start every tile - overlap pixels; the last of an axis is cut at the
// image's end. Without overlap each pixel is written by exactly one tile.
class TilePlan {
 public:
  // Throws Error(invalid_argument) if a side or `tile` is 0, if `overlap` is more than half of
  // `tile`, or for more than 2^24 tiles.
  TilePlan(std::size_t height, std::size_t width, const TileOptions& options);

  [[nodiscard]] std::size_t size() const { return rows_ * columns_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::size_t height() const { return height_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] bool blends() const { return options_.overlap > 0; }
  [[nodiscard]] Tile operator[](std::size_t i) const;

  // The weights of a tile's rows, and of its columns; a pixel's weight is their product. Over an
  // overlap they are sin^2 and cos^2, so that the weights of all tiles sum to 1 at each pixel.
  [[nodiscard]] std::vector<float> row_window(std::size_t row) const;
  [[nodiscard]] std::vector<float> column_window(std::size_t column) const;

 private:
  std::size_t height_, width_;
  TileOptions options_;
  std::size_t rows_, columns_;
};

// What is done to a tile: `pixels` are those of tile.read; `result` has the size of tile.write.
template <class In, class Out>
using TileFunction =
    std::function<void(ImageView<const In> pixels, const Tile& tile, ImageView<Out> result)>;

// The simple executor: the whole image is one tile. `target` is as large as `image`.
template <class In, class Out>
void run_whole(ImageView<const In> image, ImageView<Out> target,
               const TileFunction<In, Out>& function);

// The tiled executor: the same result, for a function whose output at a pixel depends on nothing
// farther away than the halo; with overlap the weighted sum of the tiles' results (`Out` must then
// be float: Error(invalid_argument)). It holds one tile a thread. Bit-identical over `threads`, and
// without overlap over tile sizes. `cancel` may be null; it is asked before each tile.
template <class In, class Out>
void run_tiled(ImageView<const In> image, ImageView<Out> target, const TilePlan& plan,
               const TileFunction<In, Out>& function, int threads, CancelToken* cancel = nullptr);

}  // namespace colorlab
