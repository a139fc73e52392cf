// One row of a photo in colour, and what became of its lightness.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/aligned.hpp"
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

// Works on pieces of rows, so that everything between the photo and its colours stays in the inner
// caches.
template <class T>
class RowPainter {
 public:
  // `image` and `rgb` are the photo's rows from `top` on; `field` is the whole photo's.
  RowPainter(ImageView<const T> image, const resample::ChromaField& field, ImageView<T> rgb,
             Preserve preserve, std::size_t top)
      : image_(image),
        rgb_(rgb),
        top_(top),
        preserve_(preserve),
        chroma_(field),
        kernels_(row_kernels()),
        rows_(aligned_rows<float>(kRows * kPiece)) {}

  // Row y of `image`.
  void paint(std::size_t y) {
    for_each_piece([&](std::size_t x, std::size_t n) { paint(y, x, n); });
  }

  RowRecord paint_and_measure(std::size_t y) {
    RowRecord record;
    for_each_piece([&](std::size_t x, std::size_t n) {
      record.reduced += paint(y, x, n);
      measure(y, x, n, record);
    });
    return record;
  }

 private:
  // Rows of Lab lie one after the other, as those of R'G'B' do.
  enum Row : std::size_t {
    kL,
    kA,
    kB,
    kMeasured,
    kSolvedL,  // for luma: another Lab
    kSolvedA,
    kSolvedB,
    kWanted,
    kRed,
    kGreen,
    kBlue,
    kLow,
    kHigh,
    kPlace,
    kValue,
    kRows
  };
  static constexpr std::size_t kPiece = 1024;  // pixels
  static constexpr int kLumaSteps = 12;        // at most; four or five are usual

  float* row(std::size_t which) { return rows_.get() + which * kPiece; }
  const T* photo(std::size_t y, std::size_t x) const { return image_.row(y) + x * image_.channels; }
  T* painted(std::size_t y, std::size_t x) const { return rgb_.row(y) + 3 * x; }

  template <class Piece>
  void for_each_piece(const Piece& piece) {
    for (std::size_t x = 0; x < image_.width; x += kPiece) {
      piece(x, std::min(kPiece, image_.width - x));
    }
  }

  // Returns how many pixels lost chroma.
  std::size_t paint(std::size_t y, std::size_t x, std::size_t n) {
    lightness_of_row(photo(y, x), image_.channels, n, row(kL));
    chroma_.row(top_ + y, x, n, row(kL), row(kA), row(kB));
    if (preserve_ == Preserve::luma) return paint_keeping_luma(y, x, n);
    return rgb_of_row<T>(row(kL), kPiece, n, ImageView<T>(painted(y, x), 1, n, 3));
  }

  // Of the piece painted last.
  void measure(std::size_t y, std::size_t x, std::size_t n, RowRecord& record) {
    const auto& pixels = kernels_.photo.of<T>();
    lightness_of_row(painted(y, x), 3, n, row(kMeasured));
    record.l += kernels_.difference(row(kMeasured), row(kL), n);
    // Lightness and chroma have served; their rows are taken for luma.
    pixels.luma(photo(y, x), image_.channels, n, row(kL));
    pixels.luma(painted(y, x), 3, n, row(kMeasured));
    record.luma += kernels_.difference(row(kMeasured), row(kL), n);
  }

  // Moves L* until Y' of the colour, reduced to the gamut, is the photo's. Y' rises with L* at
  // constant a*b*, from black to white; the first secant is that from black to the photo's L*.
  std::size_t paint_keeping_luma(std::size_t y, std::size_t x, std::size_t n) {
    const auto& pixels = kernels_.photo.of<T>();
    const Planes rgb{{row(kRed), row(kGreen), row(kBlue)}};
    const Search search{row(kLow), row(kHigh), row(kPlace), row(kValue)};
    pixels.luma(photo(y, x), image_.channels, n, row(kWanted));
    std::copy_n(row(kL), 3 * kPiece, row(kSolvedL));
    std::fill_n(search.low, n, 0.0F);
    std::fill_n(search.high, n, 100.0F);
    std::fill_n(search.place, n, 0.0F);
    for (std::size_t i = 0; i < n; ++i) search.value[i] = -row(kWanted)[i];
    const auto apart = static_cast<std::ptrdiff_t>(kPiece);
    const PixelView<float> shown(row(kRed), 1, n, 3, apart, 1, apart);
    std::size_t reduced = 0;
    for (int step = 0; step < kLumaSteps; ++step) {
      reduced = rgb_of_row<float>(row(kSolvedL), kPiece, n, shown);
      if (kernels_.narrow(rgb, row(kWanted), search, n, row(kSolvedL)) <= kLumaFound) break;
    }
    pixels.round_to_luma(rgb, row(kWanted), n, painted(y, x));
    return reduced;
  }

  ImageView<const T> image_;
  ImageView<T> rgb_;
  std::size_t top_;
  Preserve preserve_;
  resample::ChromaRows chroma_;
  const RowKernels& kernels_;
  AlignedRows<float> rows_;
};

}  // namespace colorlab::pipeline
