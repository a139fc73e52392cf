// How the samples of one axis combine when it is resized: the same plan serves rows and columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace colorlab::resample {

// Target sample i = sum over k of weights(i)[k] * source[first(i) + k]; the weights sum to 1.
class AxisPlan {
 public:
  // Exact area (box) averages where the axis shrinks; linear interpolation with half-pixel centres,
  // clamped at the ends, where it grows; the samples themselves where it keeps its size. The
  // positions are exact integers, so that no size drifts. Both sizes are at least 1.
  AxisPlan(std::size_t source, std::size_t target);

  [[nodiscard]] std::size_t size() const { return offsets_.size() - 1; }
  // Every target sample is the source's.
  [[nodiscard]] bool keeps() const { return keeps_; }
  [[nodiscard]] std::size_t first(std::size_t i) const { return first_[i]; }
  [[nodiscard]] std::span<const float> weights(std::size_t i) const {
    return {weights_.data() + offsets_[i], offsets_[i + 1] - offsets_[i]};
  }

 private:
  std::vector<std::size_t> first_;
  std::vector<std::size_t> offsets_{0};
  std::vector<float> weights_;
  bool keeps_;
};

}  // namespace colorlab::resample
