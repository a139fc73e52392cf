#include "colorlab/luma_chroma.hpp"

#include <algorithm>
#include <vector>

#include "base/aligned.hpp"
#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"
#include "pipeline/paint_band.hpp"
#include "pipeline/reduce_lightness.hpp"
#include "pipeline/row_kernels.hpp"
#include "resample/chroma_field.hpp"

namespace colorlab {
namespace {

// Averages of two by two pixels; at odd ends the last ones count twice.
void halve(ImageView<const std::uint8_t> grey, ImageView<std::uint16_t> half, int threads) {
  const auto& kernels = pipeline::row_kernels();
  parallel_rows(half.height, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t y = begin; y < end; ++y) {
      const std::uint8_t* upper = grey.row(2 * y);
      const std::uint8_t* lower = grey.row(std::min(2 * y + 1, grey.height - 1));
      const std::size_t pairs = grey.width / 2;
      kernels.halve(upper, lower, pairs, half.row(y));
      if (pairs == half.width) continue;
      const std::uint8_t above[] = {upper[2 * pairs], upper[2 * pairs]};
      const std::uint8_t below[] = {lower[2 * pairs], lower[2 * pairs]};
      kernels.halve(above, below, 1, half.row(y) + pairs);
    }
  });
}

}  // namespace

Certificate chroma_for_luma(ImageView<const std::uint8_t> grey, ImageView<const float> ab_low,
                            ImageView<std::uint8_t> cbcr, Upsample method, int threads,
                            CancelToken* cancel) {
  if (grey.pixels() == 0 || grey.channels != 1) {
    throw Error(ErrorCode::shape, "chroma is added to a grey photo of at least one pixel");
  }
  const std::size_t height = (grey.height + 1) / 2, width = (grey.width + 1) / 2;
  if (cbcr.height != height || cbcr.width != width || cbcr.channels != 2) {
    throw Error(ErrorCode::shape, "cbcr must be half as large as the photo, with 2 channels");
  }
  threads = threads_for(height * width, threads);
  const auto averages = aligned_rows<std::uint16_t>(height * width);
  const ImageView<std::uint16_t> half(averages.get(), height, width, 1);
  halve(grey, half, threads);
  const resample::LowChroma low(ab_low, height, width);
  std::vector<float> l_low;
  ImageView<float> guide;
  if (method == Upsample::guided) {
    l_low.resize(low.view().pixels());
    guide = {l_low.data(), low.view().height, low.view().width, 1};
    pipeline::reduce_lightness<std::uint16_t>(half, guide, threads, cancel);
  }
  const resample::ChromaField field(low, guide, height, width, method);
  std::vector<pipeline::RowRecord> records(height);
  parallel_rows(height, threads, [&](std::size_t begin, std::size_t end) {
    const auto& kernels = pipeline::row_kernels();
    const auto row = aligned_rows<std::uint16_t>(3 * width);
    const ImageView<std::uint16_t> rgb(row.get(), height, width, 3, 0);  // each row in its place
    pipeline::RowPainter<std::uint16_t> painter(half, field, rgb, Preserve::luma, 0);
    for (std::size_t y = begin; y < end; ++y) {
      if (cancel != nullptr) cancel->check();
      records[y] = painter.paint_and_measure(y);
      kernels.cbcr(row.get(), width, cbcr.row(y));
    }
  });
  return pipeline::summarise(records, width);
}

}  // namespace colorlab
