#include <algorithm>
#include <cstdint>
#include <vector>

#include "colorlab/pipeline.hpp"
#include "pipeline/field_of.hpp"
#include "pipeline/paint_band.hpp"

namespace colorlab {
namespace pipeline {

Certificate summarise(std::span<const RowRecord> rows, std::size_t width) {
  Certificate certificate;
  double reduced = 0;
  for (const RowRecord& row : rows) {
    certificate.max_delta_l = std::max<double>(certificate.max_delta_l, row.l.max);
    certificate.mean_delta_l += row.l.sum;
    certificate.max_delta_luma =
        std::max(certificate.max_delta_luma, 255.0 * static_cast<double>(row.luma.max));
    certificate.mean_delta_luma += 255.0 * row.luma.sum;
    reduced += static_cast<double>(row.reduced);
  }
  const double pixels = static_cast<double>(rows.size()) * static_cast<double>(width);
  certificate.mean_delta_l /= pixels;
  certificate.mean_delta_luma /= pixels;
  certificate.reduced_chroma = reduced / pixels;
  return certificate;
}

}  // namespace pipeline

namespace {

// `records` are of all rows, or null.
template <class T>
void paint(ImageView<const T> image, ImageView<const float> ab_low, ImageView<T> rgb,
           Preserve preserve, Upsample method, pipeline::RowRecord* records, int threads,
           CancelToken* cancel) {
  pipeline::check_photo(image);
  if (rgb.height != image.height || rgb.width != image.width || rgb.channels != 3) {
    throw Error(ErrorCode::shape,
                "the coloured photo must be as large as the photo, with 3 channels");
  }
  const auto field = pipeline::field_of(image, ab_low, method, threads, cancel);
  pipeline::paint_band(image, field, rgb, preserve, 0, records, threads, cancel);
}

}  // namespace

template <class T>
Certificate recolor(ImageView<const T> image, ImageView<const float> ab_low, ImageView<T> rgb,
                    Preserve preserve, Upsample method, int threads, CancelToken* cancel) {
  std::vector<pipeline::RowRecord> records(image.height);
  paint(image, ab_low, rgb, preserve, method, records.data(), threads, cancel);
  return pipeline::summarise(records, image.width);
}

template <class T>
void recolor_uncertified(ImageView<const T> image, ImageView<const float> ab_low, ImageView<T> rgb,
                         Preserve preserve, Upsample method, int threads, CancelToken* cancel) {
  paint(image, ab_low, rgb, preserve, method, nullptr, threads, cancel);
}

#define COLORLAB_RECOLOR(T)                                                                        \
  template Certificate recolor(ImageView<const T>, ImageView<const float>, ImageView<T>, Preserve, \
                               Upsample, int, CancelToken*);                                       \
  template void recolor_uncertified(ImageView<const T>, ImageView<const float>, ImageView<T>,      \
                                    Preserve, Upsample, int, CancelToken*);
COLORLAB_RECOLOR(std::uint8_t)
COLORLAB_RECOLOR(std::uint16_t)
COLORLAB_RECOLOR(float)
#undef COLORLAB_RECOLOR

}  // namespace colorlab
