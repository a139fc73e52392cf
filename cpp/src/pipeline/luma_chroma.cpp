#include "colorlab/luma_chroma.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/aligned.hpp"
#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"
#include "colorlab/row_pipeline.hpp"
#include "pipeline/bands_ahead.hpp"
#include "pipeline/field_of.hpp"
#include "pipeline/paint_band.hpp"
#include "pipeline/row_kernels.hpp"

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
  const auto field = pipeline::field_of<std::uint16_t>(half, ab_low, method, threads, cancel);
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

namespace {

// A grey photo's rows, averaged two by two.
class HalvedRows : public RowSource {
 public:
  explicit HalvedRows(RowSource& grey) : grey_(grey), whole_(grey.shape()) {}

  [[nodiscard]] RowShape shape() const override {
    return {(whole_.height + 1) / 2, (whole_.width + 1) / 2, 1, Depth::u16};
  }
  void rewind() override {
    grey_.rewind();
    waiting_ = Image();
    read_ = 0;
  }
  [[nodiscard]] Image next(CancelToken* cancel) override {
    // Pairs of rows may lie across bands: the last one of an odd number waits for the next band.
    Image rows = std::exchange(waiting_, Image());
    while (read_ < whole_.height && rows.height() < 2) {
      Image more = grey_.next(cancel);
      pipeline::check_band(whole_, read_, more);
      rows = joined(rows, std::move(more));
    }
    if (rows.height() == 0) return {};
    const bool waits = rows.height() % 2 != 0 && read_ < whole_.height;
    const std::size_t used = rows.height() - (waits ? 1 : 0);
    const auto view = std::as_const(rows).view<std::uint8_t>();
    if (waits) {
      waiting_ = Image(1, whole_.width, 1, Depth::u8);
      std::copy_n(view.row(used), whole_.width, waiting_.view<std::uint8_t>().data);
    }
    Image half((used + 1) / 2, shape().width, 1, Depth::u16);
    halve({view.data, used, whole_.width, 1}, half.view<std::uint16_t>(), 1);
    return half;
  }

 private:
  Image joined(const Image& first, Image more) {
    read_ += more.height();
    if (first.height() == 0) return more;
    Image both(first.height() + more.height(), whole_.width, 1, Depth::u8);
    std::copy_n(first.data(), first.bytes(), both.data());
    std::copy_n(more.data(), more.bytes(), both.data() + first.bytes());
    return both;
  }

  RowSource& grey_;
  RowShape whole_;
  Image waiting_;
  std::size_t read_ = 0;  // rows of the photo
};

// Colours in 16 bits, passed on as Cb and Cr.
class CbcrSink : public RowSink {
 public:
  CbcrSink(RowSink& cbcr, const RowShape& half) : cbcr_(cbcr), half_(half) {}

  [[nodiscard]] RowShape shape() const override {
    return {half_.height, half_.width, 3, Depth::u16};
  }
  void write(const Image& band, CancelToken* cancel) override {
    Image chroma(band.height(), band.width(), 2, Depth::u8);
    const auto rgb = band.view<std::uint16_t>();
    const auto rows = chroma.view<std::uint8_t>();
    const auto& kernels = pipeline::row_kernels();
    for (std::size_t y = 0; y < rows.height; ++y) {
      kernels.cbcr(rgb.row(y), rows.width, rows.row(y));
    }
    cbcr_.write(chroma, cancel);
  }

 private:
  RowSink& cbcr_;
  RowShape half_;
};

}  // namespace

Certificate chroma_rows_for_luma(RowSource& grey, ImageView<const float> ab_low, RowSink& cbcr,
                                 Upsample method, int threads, CancelToken* cancel) {
  const RowShape photo = grey.shape();
  if (photo.channels != 1 || photo.depth != Depth::u8 || photo.height == 0 || photo.width == 0) {
    throw Error(ErrorCode::shape, "chroma is added to a grey photo of 8 bits");
  }
  HalvedRows half(grey);
  const RowShape shape = half.shape();
  if (cbcr.shape() != RowShape{shape.height, shape.width, 2, Depth::u8}) {
    throw Error(ErrorCode::shape, "cbcr must be half as large as the photo, with 2 channels");
  }
  CbcrSink colors(cbcr, shape);
  return recolor_rows(half, ab_low, {}, colors, {Preserve::luma, method, threads}, cancel);
}

}  // namespace colorlab
