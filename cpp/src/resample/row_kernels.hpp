// The loops over rows that everything in this layer spends its time in.
#pragma once

#include <cstddef>
#include <cstdint>

namespace colorlab::resample {

inline constexpr std::size_t kReadAhead = 64;  // floats: the widest vector there is

struct RowKernels {
  // sums[i] += weight * row[i]
  void (*accumulate)(const float* row, float weight, std::size_t n, float* sums);
  // out[i] = v + fraction[i] * (values[index[i] + 1] - v), v = values[index[i]]. `index` starts
  // anywhere and then rises by 0 or 1; kReadAhead values may be read beyond the last one needed.
  void (*stretch)(const float* values, const std::int32_t* index, const float* fraction,
                  std::size_t n, float* out);
  // out[i] = above[i] + fraction * (below[i] - above[i])
  void (*blend)(const float* above, const float* below, float fraction, std::size_t n, float* out);
  // `above` and `below` hold rows of the planes of GuidedPlane, `stride` samples apart; with every
  // plane blended as above: a = a + slope_a * (L* - l), b likewise.
  void (*guide)(const float* above, const float* below, std::size_t stride, float fraction,
                const float* l, std::size_t n, float* a, float* b);
};

// Those of the best SIMD target, or of the forced one (colorlab/cpu.hpp).
[[nodiscard]] const RowKernels& row_kernels();

}  // namespace colorlab::resample
