#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "colorlab/pipeline.hpp"
#include "pipeline/luma.hpp"
#include "pipeline/reduce_lightness.hpp"
#include "pipeline/row_painter.hpp"
#include "resample/chroma_field.hpp"

namespace colorlab {
namespace {

Certificate summarise(const std::vector<pipeline::RowRecord>& rows, std::size_t width) {
  Certificate certificate;
  double reduced = 0;
  for (const auto& row : rows) {
    certificate.max_delta_l = std::max(certificate.max_delta_l, row.max_delta_l);
    certificate.max_delta_luma = std::max(certificate.max_delta_luma, row.max_delta_luma);
    certificate.mean_delta_l += row.sum_delta_l;
    certificate.mean_delta_luma += row.sum_delta_luma;
    reduced += static_cast<double>(row.reduced);
  }
  const double pixels = static_cast<double>(rows.size()) * static_cast<double>(width);
  certificate.mean_delta_l /= pixels;
  certificate.mean_delta_luma /= pixels;
  certificate.reduced_chroma = reduced / pixels;
  return certificate;
}

}  // namespace

template <class T>
Certificate recolor(ImageView<const T> image, ImageView<const float> ab_low, ImageView<T> rgb,
                    Preserve preserve, Upsample method, int threads, CancelToken* cancel) {
  pipeline::check_photo(image);
  if (rgb.height != image.height || rgb.width != image.width || rgb.channels != 3) {
    throw Error(ErrorCode::shape,
                "the coloured photo must be as large as the photo, with 3 channels");
  }
  const resample::LowChroma low(ab_low, image.height, image.width);
  std::vector<float> l_low;
  ImageView<float> guide;
  if (method == Upsample::guided) {
    l_low.resize(low.view().pixels());
    guide = {l_low.data(), low.view().height, low.view().width, 1};
    pipeline::reduce_lightness(image, guide, threads, cancel);
  }
  const resample::ChromaField field(low, guide, image.height, image.width, method);
  // Sums are kept by row and added up in their order: the same for any number of threads.
  std::vector<pipeline::RowRecord> records(image.height);
  parallel_rows(image.height, threads_for(image.pixels(), threads),
                [&](std::size_t begin, std::size_t end) {
                  pipeline::RowPainter<T> painter(image, field, rgb, preserve);
                  for (std::size_t y = begin; y < end; ++y) {
                    if (cancel != nullptr) cancel->check();
                    records[y] = painter.paint(y);
                  }
                });
  return summarise(records, image.width);
}

template Certificate recolor(ImageView<const std::uint8_t>, ImageView<const float>,
                             ImageView<std::uint8_t>, Preserve, Upsample, int, CancelToken*);
template Certificate recolor(ImageView<const std::uint16_t>, ImageView<const float>,
                             ImageView<std::uint16_t>, Preserve, Upsample, int, CancelToken*);
template Certificate recolor(ImageView<const float>, ImageView<const float>, ImageView<float>,
                             Preserve, Upsample, int, CancelToken*);

}  // namespace colorlab
