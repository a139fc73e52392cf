#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "colorlab/row_pipeline.hpp"
#include "pipeline/bands_ahead.hpp"
#include "pipeline/lab_rows.hpp"
#include "pipeline/paint_band.hpp"
#include "resample/row_reducer.hpp"

namespace colorlab {
namespace {

// Calls function(T{}) with the type of the samples.
template <class Function>
void with_depth(Depth depth, const Function& function) {
  if (depth == Depth::u16) {
    function(std::uint16_t{});
  } else {
    function(std::uint8_t{});
  }
}

bool has_alpha(const Image& band) { return band.channels() % 2 == 0; }

// Grey or RGB alone: the band itself, or a copy in `held`.
const Image& without_alpha(const Image& band, Image& held) {
  if (!has_alpha(band)) return band;
  held = Image(band.height(), band.width(), band.channels() - 1, band.depth());
  Image& colors = held;
  with_depth(band.depth(), [&](auto sample) {
    using T = decltype(sample);
    const T* from = band.view<T>().data;
    T* to = colors.view<T>().data;
    for (std::size_t i = 0; i < band.height() * band.width(); ++i, ++from) {
      for (std::size_t c = 0; c < colors.channels(); ++c) *to++ = *from++;
    }
  });
  return held;
}

template <class T, class Out>
Out sample_of(T value) {
  if constexpr (sizeof(Out) < sizeof(T)) {
    return static_cast<Out>((std::uint32_t{value} + 128) / 257);
  } else {
    return value;
  }
}

// RGB with the alpha of `band` where `channels` is 4, and in fewer bits where `Out` is smaller.
template <class T, class Out>
Image joined(const Image& rgb, const Image& band, std::size_t channels) {
  Image out(rgb.height(), rgb.width(), channels, sizeof(Out) == 2 ? Depth::u16 : Depth::u8);
  const T* color = rgb.view<T>().data;
  const bool transparent = has_alpha(band);
  const T* alpha = band.view<T>().data + band.channels() - 1;
  Out* to = out.view<Out>().data;
  for (std::size_t i = 0; i < rgb.height() * rgb.width(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) *to++ = sample_of<T, Out>(*color++);
    if (channels < 4) continue;
    *to++ = sample_of<T, Out>(transparent ? *alpha : std::numeric_limits<T>::max());
    alpha += band.channels();
  }
  return out;
}

Image finished(Image rgb, const Image& band, const RowShape& out) {
  if (out.channels == 3 && out.depth == rgb.depth()) return rgb;
  if (rgb.depth() == Depth::u8) {
    return joined<std::uint8_t, std::uint8_t>(rgb, band, out.channels);
  }
  return out.depth == Depth::u16 ? joined<std::uint16_t, std::uint16_t>(rgb, band, out.channels)
                                 : joined<std::uint16_t, std::uint8_t>(rgb, band, out.channels);
}

void check_shapes(const RowShape& photo, const RowShape& out) {
  if (photo.height == 0 || photo.width == 0 || photo.channels < 1 || photo.channels > 4) {
    throw Error(ErrorCode::shape, "a photo has 1..4 channels and at least one pixel");
  }
  const bool deeper = photo.depth == Depth::u8 && out.depth == Depth::u16;
  if (out.height != photo.height || out.width != photo.width || deeper ||
      (out.channels != 3 && out.channels != 4)) {
    throw Error(ErrorCode::shape,
                "the coloured rows must be as wide and as many as the photo's, with 3 or 4 "
                "channels and no more bits");
  }
}

}  // namespace

void reduce_rows(RowSource& photo, std::span<const ImageView<float>> targets, CancelToken* cancel) {
  const RowShape shape = photo.shape();
  std::vector<resample::RowReducer> reducers;
  for (const ImageView<float>& target : targets) {
    if (target.pixels() == 0 || target.channels != 1) {
      throw Error(ErrorCode::shape, "lightness has one channel and at least one pixel");
    }
    reducers.emplace_back(shape.height, shape.width, target);
  }
  std::vector<float> l(shape.width);
  Image held;
  pipeline::BandsAhead bands(photo, cancel);
  for (Image band = bands.next(); band.height() > 0; band = bands.next()) {
    const Image& colors = without_alpha(band, held);
    with_depth(colors.depth(), [&](auto sample) {
      using T = decltype(sample);
      const auto rows = colors.view<T>();
      for (std::size_t y = 0; y < rows.height; ++y) {
        if (cancel != nullptr) cancel->check();
        pipeline::lightness_of_row(rows.row(y), rows.channels, rows.width, l.data());
        for (resample::RowReducer& reducer : reducers) reducer.push(l.data());
      }
    });
  }
}

Certificate recolor_rows(RowSource& photo, ImageView<const float> ab_low,
                         ImageView<const float> guide, RowSink& out,
                         const RowRecolorOptions& options, CancelToken* cancel) {
  const RowShape shape = photo.shape(), target = out.shape();
  check_shapes(shape, target);
  const resample::LowChroma low(ab_low, shape.height, shape.width);
  std::vector<float> l_low;
  const bool fits =
      guide.channels == 1 && guide.height == low.view().height && guide.width == low.view().width;
  if (options.upsample == Upsample::guided && !fits) {
    l_low.resize(low.view().pixels());
    const ImageView<float> made(l_low.data(), low.view().height, low.view().width, 1);
    reduce_rows(photo, {&made, 1}, cancel);
    guide = made;
  }
  const resample::ChromaField field(low, guide, shape.height, shape.width, options.upsample);
  std::vector<pipeline::RowRecord> records(shape.height);
  pipeline::BandsAhead bands(photo, cancel);
  pipeline::BandsBehind written(out, cancel);
  Image held;
  std::size_t top = 0;
  for (Image band = bands.next(); band.height() > 0; band = bands.next()) {
    const std::size_t rows = band.height();
    const Image& colors = without_alpha(band, held);
    Image rgb(rows, shape.width, 3, shape.depth);
    with_depth(shape.depth, [&](auto sample) {
      using T = decltype(sample);
      pipeline::paint_band<T>(colors.view<T>(), field, rgb.view<T>(), options.preserve, top,
                              &records[top], options.threads, cancel);
    });
    written.write(finished(std::move(rgb), band, target));
    top += rows;
  }
  written.wait();
  return pipeline::summarise(records, shape.width);
}

}  // namespace colorlab
