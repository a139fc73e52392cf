#include "resample/row_kernels.hpp"

#include "resample/guided.hpp"

namespace colorlab::resample {
namespace {

void accumulate(const float* row, float weight, std::size_t n, float* sums) {
  for (std::size_t i = 0; i < n; ++i) sums[i] += weight * row[i];
}

void stretch(const float* values, const std::int32_t* index, const float* fraction, std::size_t n,
             float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const float* at = values + index[i];
    out[i] = at[0] + fraction[i] * (at[1] - at[0]);
  }
}

void blend(const float* above, const float* below, float fraction, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = above[i] + fraction * (below[i] - above[i]);
}

void guide(const float* above, const float* below, float fraction, const float* l, std::size_t n,
           float* a, float* b) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto plane = [&](std::size_t p) {
      return above[p * n + i] + fraction * (below[p * n + i] - above[p * n + i]);
    };
    const float detail = l[i] - plane(kL);
    a[i] = plane(kA) + plane(kSlopeA) * detail;
    b[i] = plane(kB) + plane(kSlopeB) * detail;
  }
}

}  // namespace

const RowKernels& row_kernels() {
  static constexpr RowKernels kKernels{accumulate, stretch, blend, guide};
  return kKernels;
}

}  // namespace colorlab::resample
