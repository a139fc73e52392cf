#include <algorithm>
#include <cmath>
#include <numbers>

#include "colorlab/error.hpp"
#include "colorlab/tile.hpp"

namespace colorlab {
namespace {

constexpr std::size_t kMostTiles = std::size_t{1} << 24;

struct Span {
  std::size_t begin, size;
};

std::size_t count_of(std::size_t length, const TileOptions& options) {
  if (length <= options.tile) return 1;
  const std::size_t step = options.tile - options.overlap;
  return (length - options.tile + step - 1) / step + 1;
}

Span written(std::size_t i, std::size_t length, const TileOptions& options) {
  const std::size_t begin = i * (options.tile - options.overlap);
  return {begin, std::min(options.tile, length - begin)};
}

Span with_halo(const Span& span, std::size_t length, std::size_t halo) {
  const std::size_t begin = span.begin - std::min(span.begin, halo);
  const std::size_t after = length - (span.begin + span.size);
  return {begin, span.begin + span.size + std::min(after, halo) - begin};
}

std::vector<float> window(std::size_t i, std::size_t count, std::size_t length,
                          const TileOptions& options) {
  const std::size_t size = written(i, length, options).size;
  std::vector<float> weights(size, 1.0F);
  for (std::size_t k = 0; k < options.overlap; ++k) {
    const double angle = std::numbers::pi / 2 * (static_cast<double>(k) + 0.5) /
                         static_cast<double>(options.overlap);
    const auto rising = static_cast<float>(std::sin(angle) * std::sin(angle));
    if (i > 0) weights[k] = rising;
    if (i + 1 < count) weights[size - options.overlap + k] = 1.0F - rising;
  }
  return weights;
}

}  // namespace

TilePlan::TilePlan(std::size_t height, std::size_t width, const TileOptions& options)
    : height_(height), width_(width), options_(options) {
  if (height == 0 || width == 0) {
    throw Error(ErrorCode::invalid_argument, "an image without pixels has no tiles");
  }
  if (options.tile == 0) throw Error(ErrorCode::invalid_argument, "tile must be at least 1");
  if (options.overlap > options.tile / 2) {
    throw Error(ErrorCode::invalid_argument, "overlap must be at most half of tile");
  }
  rows_ = count_of(height, options);
  columns_ = count_of(width, options);
  if (rows_ > kMostTiles / columns_) {
    throw Error(ErrorCode::invalid_argument, "tile is too small for this image: over 2^24 tiles");
  }
}

Tile TilePlan::operator[](std::size_t i) const {
  Tile tile;
  tile.row = i / columns_;
  tile.column = i % columns_;
  const Span rows = written(tile.row, height_, options_);
  const Span columns = written(tile.column, width_, options_);
  const Span read_rows = with_halo(rows, height_, options_.halo);
  const Span read_columns = with_halo(columns, width_, options_.halo);
  tile.write = {rows.begin, columns.begin, rows.size, columns.size};
  tile.read = {read_rows.begin, read_columns.begin, read_rows.size, read_columns.size};
  return tile;
}

std::vector<float> TilePlan::row_window(std::size_t row) const {
  return window(row, rows_, height_, options_);
}

std::vector<float> TilePlan::column_window(std::size_t column) const {
  return window(column, columns_, width_, options_);
}

}  // namespace colorlab
