// One row of a photo in colour, and what became of its lightness.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "colorlab/image_view.hpp"
#include "colorlab/pipeline.hpp"
#include "pipeline/lab_rows.hpp"
#include "pipeline/row_kernels.hpp"
#include "resample/chroma_field.hpp"

namespace colorlab::pipeline {

// A row's share of a Certificate.
struct RowRecord {
  Difference l, luma;  // luma in 0..1
  std::size_t reduced = 0;
};

template <class T>
class RowPainter {
 public:
  RowPainter(ImageView<const T> image, const resample::ChromaField& field, ImageView<T> rgb,
             Preserve preserve)
      : image_(image),
        rgb_(rgb),
        preserve_(preserve),
        width_(image.width),
        chroma_(field, 0, image.width),
        kernels_(row_kernels()),
        rows_((preserve == Preserve::luma ? kAllRows : kSimpleRows) * image.width) {}

  void paint(std::size_t y) {
    lightness_of_row(image_.row(y), image_.channels, width_, row(kL));
    chroma_.row(y, row(kL), row(kA), row(kB));
    if (preserve_ == Preserve::luma) {
      paint_keeping_luma(y);
    } else {
      reduced_ = rgb_of_row<T>(row(kL), width_, width_, ImageView<T>(rgb_.row(y), 1, width_, 3));
    }
  }

  // Of the row painted last.
  RowRecord measure(std::size_t y) {
    const auto& pixels = kernels_.of<T>();
    RowRecord record;
    record.reduced = reduced_;
    lightness_of_row(rgb_.row(y), 3, width_, row(kMeasured));
    record.l = kernels_.difference(row(kMeasured), row(kL), width_);
    // Lightness and chroma have served; their rows are taken for luma.
    pixels.luma(image_.row(y), image_.channels, width_, row(kL));
    pixels.luma(rgb_.row(y), 3, width_, row(kMeasured));
    record.luma = kernels_.difference(row(kMeasured), row(kL), width_);
    return record;
  }

 private:
  // Rows of Lab lie one after the other, as those of R'G'B' do.
  enum Row : std::size_t {
    kL,
    kA,
    kB,
    kMeasured,
    kSimpleRows,
    kSolvedL = kSimpleRows,  // for luma: another Lab
    kSolvedA,
    kSolvedB,
    kWanted,
    kRed,
    kGreen,
    kBlue,
    kLow,
    kAtLow,
    kHigh,
    kAtHigh,
    kSide,
    kAllRows
  };
  // Brackets shrink faster than by half a step; 10 steps leave under a tenth of an 8-bit code.
  static constexpr int kLumaSteps = 10;

  float* row(std::size_t which) { return rows_.data() + which * width_; }

  // Moves L* until Y' of the colour, reduced to the gamut, is the photo's. Y' rises with L* at
  // constant a*b*, from black to white, so that the bracket starts with all there is.
  void paint_keeping_luma(std::size_t y) {
    const auto& pixels = kernels_.of<T>();
    const Planes rgb{{row(kRed), row(kGreen), row(kBlue)}};
    const Brackets brackets{row(kLow), row(kAtLow), row(kHigh), row(kAtHigh), row(kSide)};
    pixels.luma(image_.row(y), image_.channels, width_, row(kWanted));
    std::copy_n(row(kL), 3 * width_, row(kSolvedL));
    std::fill_n(row(kLow), width_, 0.0F);
    std::fill_n(row(kHigh), width_, 100.0F);
    std::fill_n(row(kSide), width_, 0.0F);
    for (std::size_t x = 0; x < width_; ++x) {
      row(kAtLow)[x] = -row(kWanted)[x];
      row(kAtHigh)[x] = 1.0F - row(kWanted)[x];
    }
    const auto apart = static_cast<std::ptrdiff_t>(width_);
    const PixelView<float> shown(row(kRed), 1, width_, 3, apart, 1, apart);
    for (int step = 0; step < kLumaSteps; ++step) {
      rgb_of_row<float>(row(kSolvedL), width_, width_, shown);
      kernels_.narrow(rgb, row(kWanted), brackets, width_, row(kSolvedL));
    }
    reduced_ = rgb_of_row<float>(row(kSolvedL), width_, width_, shown);
    pixels.round_to_luma(rgb, row(kWanted), width_, rgb_.row(y));
  }

  ImageView<const T> image_;
  ImageView<T> rgb_;
  Preserve preserve_;
  std::size_t width_;
  resample::ChromaRows chroma_;
  const RowKernels& kernels_;
  std::vector<float> rows_;
  std::size_t reduced_ = 0;  // pixels of the row painted last that lost chroma
};

}  // namespace colorlab::pipeline
