// Resizing as rows come: what resize_rows makes, from rows that are given once, one after the
// other.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "colorlab/image_view.hpp"
#include "resample/axis.hpp"

namespace colorlab::resample {

class RowReducer {
 public:
  // `target` must outlive this; it is filled from the top down.
  RowReducer(std::size_t source_height, std::size_t source_width, ImageView<float> target);

  // The next row of the source: source_width pixels of target.channels samples.
  void push(const float* row);

 private:
  AxisPlan rows_, columns_;
  ImageView<float> target_;
  std::size_t samples_;
  std::size_t next_ = 0;                   // row of the source
  std::size_t done_ = 0;                   // rows of the target
  std::deque<std::vector<float>> active_;  // sums of the target's rows from done_ on
};

}  // namespace colorlab::resample
