// L* of an image's rows on demand, so that no full-size plane of it is ever held.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "colorlab/image_view.hpp"
#include "pipeline/lab_rows.hpp"

namespace colorlab::pipeline {

// Remembers the last two rows; the pointer lives until two other rows have been asked for.
template <class T>
class LightnessRows {
 public:
  explicit LightnessRows(ImageView<const T> image) : image_(image) {
    for (auto& row : rows_) row.resize(image.width);
  }

  const float* operator()(std::size_t y) {
    std::vector<float>& row = rows_[y % 2];
    if (held_[y % 2] != y) {
      held_[y % 2] = y;
      lightness_of_row(image_.row(y), image_.channels, image_.width, row.data());
    }
    return row.data();
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  ImageView<const T> image_;
  std::array<std::vector<float>, 2> rows_;
  std::array<std::size_t, 2> held_{kNone, kNone};
};

}  // namespace colorlab::pipeline
