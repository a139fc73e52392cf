// Low-resolution chroma as a field that can be asked for any row at full resolution.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "colorlab/image_view.hpp"
#include "colorlab/resample.hpp"
#include "resample/row_kernels.hpp"

namespace colorlab::resample {

// Checked a* and b*, nowhere larger than the photo that they are for.
class LowChroma {
 public:
  // Throws Error(shape) unless `ab` is h x w x 2 and not empty, Error(invalid_argument) unless its
  // values are finite and within +-1000. Area-reduces what is larger than height x width.
  LowChroma(ImageView<const float> ab, std::size_t height, std::size_t width);
  [[nodiscard]] ImageView<const float> view() const { return view_; }

 private:
  std::vector<float> reduced_;
  ImageView<const float> view_;
};

// Where along an axis each full-size sample lies between low-resolution ones.
struct LinearAxis {
  LinearAxis(std::size_t low, std::size_t full);
  std::vector<std::int32_t> index;  // of the sample before; the one after may be `low` (see planes)
  std::vector<float> fraction;      // of the way to the sample after, 0..1
};

class ChromaField {
 public:
  // `l_low` is the photo's lightness area-reduced to the size of `ab`; only guided reads it.
  ChromaField(const LowChroma& ab, ImageView<const float> l_low, std::size_t height,
              std::size_t width, Upsample method);

 private:
  friend class ChromaRows;
  bool guided_;
  std::size_t planes_;  // a, b; or those of GuidedPlane
  std::size_t low_height_;
  std::size_t stride_;         // of a plane's rows: their last sample is there twice
  std::vector<float> values_;  // plane after plane, then kReadAhead more
  LinearAxis rows_, columns_;
};

// One thread's way through a field: pieces of rows asked for in any order, cheapest going down. A
// pixel's value depends on its place alone.
class ChromaRows {
 public:
  explicit ChromaRows(const ChromaField& field);

  // a* and b* of columns [x, x + n) of row y; `l` is their lightness (L*; read by guided only).
  void row(std::size_t y, std::size_t x, std::size_t n, const float* l, float* a, float* b);

 private:
  // A low-resolution row of all planes, stretched to full width.
  const float* wide(std::size_t low_y);

  const ChromaField& field_;
  const RowKernels& kernels_;
  std::size_t stride_;  // of a slot's planes, of whole cache lines
  std::array<AlignedRows<float>, 2> slots_;
  std::array<std::size_t, 2> held_;
};

}  // namespace colorlab::resample
