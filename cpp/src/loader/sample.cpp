#include "loader/sample.hpp"

#include <algorithm>
#include <cmath>

#include "colorlab/color.hpp"
#include "colorlab/io.hpp"
#include "colorlab/resample.hpp"
#include "io/file.hpp"
#include "loader/draws.hpp"

namespace colorlab::loader {
namespace {

struct Square {
  std::size_t y, x, side;
};

// The square of the photo at its full size that this sample shows.
Square choose_square(std::size_t height, std::size_t width, const LoaderOptions& options,
                     std::uint64_t k, std::uint64_t attempt) {
  const auto draw = [&](Purpose purpose) { return uniform(options.seed, k, attempt, purpose); };
  const std::size_t small = std::min(height, width);
  const double scale = options.min_scale + (1.0 - options.min_scale) * draw(Purpose::scale);
  const auto wanted = static_cast<std::size_t>(std::lround(scale * static_cast<double>(small)));
  const std::size_t side = std::clamp<std::size_t>(wanted, 1, small);
  const auto place = [&](std::size_t room, Purpose purpose) {
    return static_cast<std::size_t>(draw(purpose) * static_cast<double>(room + 1));
  };
  return {place(height - side, Purpose::row), place(width - side, Purpose::column), side};
}

// The coarsest JPEG scale that still has a pixel of its own for each pixel of the crop.
unsigned choose_reduce(std::size_t side, std::size_t crop) {
  unsigned reduce = 1;
  while (reduce < 8 && side / (std::size_t{2} * reduce) >= crop) reduce *= 2;
  return reduce;
}

// The square on the grid of that scale, so that every format shows the same part of the photo.
Square snapped(const Square& square, unsigned reduce) {
  const auto down = [reduce](std::size_t value) { return value - value % reduce; };
  return {down(square.y), down(square.x), down(square.side)};
}

template <class T>
void copy_square(ImageView<const T> image, const Square& square, float scale, float* out) {
  const std::size_t row_samples = square.side * image.channels;
  for (std::size_t y = 0; y < square.side; ++y) {
    const T* row = image.row(square.y + y) + square.x * image.channels;
    std::transform(row, row + row_samples, out,
                   [scale](T value) { return static_cast<float>(value) * scale; });
    out += row_samples;
  }
}

void write_sample(const Scratch& scratch, std::size_t side, bool mirror, float ab_scale,
                  const SampleTarget& target) {
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const std::size_t to = y * side + x, from = y * side + (mirror ? side - 1 - x : x);
      target.lightness[to] = scratch.lightness[from] / 50.0F - 1.0F;
      target.ab[2 * to] = scratch.lab[3 * from + 1] / ab_scale;
      target.ab[2 * to + 1] = scratch.lab[3 * from + 2] / ab_scale;
    }
  }
}

}  // namespace

void make_sample(const PhotoItem& item, const LoaderOptions& options, std::uint64_t k,
                 std::uint64_t attempt, Scratch& scratch, const SampleTarget& target) {
  const std::vector<std::uint8_t> bytes =
      io::read_range(item.source, item.offset, item.size, options.limits);
  const ImageInfo info = probe(bytes, options.limits);
  Square square = choose_square(info.height, info.width, options, k, attempt);
  const unsigned reduce = choose_reduce(square.side, options.crop);
  square = snapped(square, reduce);
  ReadOptions reading;
  reading.limits = options.limits;
  if (info.format == Format::jpeg) {
    reading.reduce = reduce;
    square = {square.y / reduce, square.x / reduce, square.side / reduce};
  }
  const Image image = decode(bytes, reading);

  const std::size_t crop = options.crop;
  scratch.crop.resize(square.side * square.side * 3);
  scratch.rgb.resize(crop * crop * 3);
  scratch.lab.resize(crop * crop * 3);
  if (image.depth() == Depth::u16) {
    copy_square(image.view<std::uint16_t>(), square, 1.0F / 65535.0F, scratch.crop.data());
  } else {
    copy_square(image.view<std::uint8_t>(), square, 1.0F / 255.0F, scratch.crop.data());
  }
  resize_area(ImageView<const float>(scratch.crop.data(), square.side, square.side, 3),
              ImageView<float>(scratch.rgb.data(), crop, crop, 3), 1);
  rgb_to_lab<float>(ImageView<const float>(scratch.rgb.data(), crop, crop, 3),
                    ImageView<float>(scratch.lab.data(), crop, crop, 3), 1);
  const bool mirror = options.flip && (hash(options.seed, k, attempt, Purpose::mirror) >> 63) != 0;
  scratch.lightness.resize(crop * crop);
  if (!film_lightness(scratch.rgb, crop, options.film,
                      hash(options.seed, k, attempt, Purpose::film), scratch.film,
                      scratch.lightness)) {
    for (std::size_t i = 0; i < crop * crop; ++i) scratch.lightness[i] = scratch.lab[3 * i];
  }
  write_sample(scratch, crop, mirror, options.ab_scale, target);
}

}  // namespace colorlab::loader
