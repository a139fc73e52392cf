// Low-resolution chroma as a field that can be asked for any row at full resolution.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "colorlab/image_view.hpp"
#include "colorlab/resample.hpp"
#include "resample/axis.hpp"

namespace colorlab::resample {

// Throws Error(shape) unless `ab_low` is h x w x 2 and not empty, Error(invalid_argument) unless
// its values are finite and within +-1000.
void check_ab(ImageView<const float> ab_low);

class ChromaField {
 public:
  // `l_low` is the lightness area-reduced to the size of `ab_low`; only guided reads it.
  ChromaField(ImageView<const float> ab_low, ImageView<const float> l_low, std::size_t height,
              std::size_t width, Upsample method);

  [[nodiscard]] std::size_t height() const { return rows_.size(); }
  [[nodiscard]] std::size_t width() const { return columns_.size(); }
  [[nodiscard]] bool guided() const { return planes_ == 4; }

 private:
  friend class ChromaRows;
  std::size_t low_height_, low_width_;
  std::size_t planes_;         // a, b; or s_a, t_a, s_b, t_b
  std::vector<float> values_;  // plane after plane
  AxisPlan rows_, columns_;
};

// One thread's way through a field: columns [left, left + width) of rows asked for in any order,
// cheapest going down. A pixel's value depends on its place alone.
class ChromaRows {
 public:
  ChromaRows(const ChromaField& field, std::size_t left, std::size_t width);

  // a* and b* of row y; `l` is its lightness (L*, `width` values; read by guided only).
  void row(std::size_t y, const float* l, float* a, float* b);

 private:
  const float* wide(std::size_t low_y);  // a low-resolution row of all planes, stretched to `width`

  const ChromaField& field_;
  std::size_t left_, width_;
  std::array<std::vector<float>, 2> slots_;
  std::array<std::size_t, 2> held_;
};

}  // namespace colorlab::resample
