#include "resample/row_reducer.hpp"

#include <algorithm>
#include <utility>

#include "resample/row_kernels.hpp"
#include "resample/row_resizer.hpp"

namespace colorlab::resample {

RowReducer::RowReducer(std::size_t source_height, std::size_t source_width, ImageView<float> target)
    : rows_(source_height, target.height),
      columns_(source_width, target.width),
      target_(target),
      samples_(source_width * target.channels) {}

void RowReducer::push(const float* row) {
  const RowKernels& kernels = row_kernels();
  // Rows of the target that this one is a part of: two at most where the image shrinks.
  for (std::size_t y = done_; y < target_.height && rows_.first(y) <= next_; ++y) {
    if (y - done_ == active_.size()) active_.emplace_back(samples_, 0.0F);
    const auto weights = rows_.weights(y);
    kernels.accumulate(row, weights[next_ - rows_.first(y)], samples_, active_[y - done_].data());
  }
  ++next_;
  while (!active_.empty() && rows_.first(done_) + rows_.weights(done_).size() == next_) {
    resize_row(active_.front().data(), columns_, target_.channels, target_.row(done_));
    active_.pop_front();
    ++done_;
  }
}

}  // namespace colorlab::resample
