#include "resample/row_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "resample/row_kernels.cpp"
#include "hwy/foreach_target.h"  // compiles this file once per SIMD target
//
#include "base/for_each-inl.h"
#include "color/dispatch.hpp"
#include "hwy/highway.h"
#include "resample/guided.hpp"

HWY_BEFORE_NAMESPACE();
namespace colorlab::resample::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using colorlab::HWY_NAMESPACE::ForEach;

// x + fraction * (y - x)
template <class V>
HWY_INLINE V Mix(V x, V y, V fraction) {
  return hn::MulAdd(fraction, hn::Sub(y, x), x);
}

void Accumulate(const float* HWY_RESTRICT row, float weight, std::size_t n,
                float* HWY_RESTRICT sums) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto sum = hn::MulAdd(hn::Set(d, weight), hn::LoadU(d, row + i), hn::LoadU(d, sums + i));
    hn::StoreU(sum, d, sums + i);
  });
}

void Stretch(const float* HWY_RESTRICT values, const std::int32_t* HWY_RESTRICT index,
             const float* HWY_RESTRICT fraction, std::size_t n, float* HWY_RESTRICT out) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> di;
    // A vector's samples lie within the vector that begins at the first: no gather is needed.
    const float* from = values + index[i];
    const auto at = hn::IndicesFromVec(d, hn::Sub(hn::LoadU(di, index + i), hn::Set(di, index[i])));
    const auto before = hn::TableLookupLanes(hn::LoadU(d, from), at);
    const auto after = hn::TableLookupLanes(hn::LoadU(d, from + 1), at);
    hn::StoreU(Mix(before, after, hn::LoadU(d, fraction + i)), d, out + i);
  });
}

void Blend(const float* HWY_RESTRICT above, const float* HWY_RESTRICT below, float fraction,
           std::size_t n, float* HWY_RESTRICT out) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto mixed = Mix(hn::LoadU(d, above + i), hn::LoadU(d, below + i), hn::Set(d, fraction));
    hn::StoreU(mixed, d, out + i);
  });
}

void Guide(const float* HWY_RESTRICT above, const float* HWY_RESTRICT below, std::size_t stride,
           float fraction, const float* HWY_RESTRICT l, std::size_t n, float* HWY_RESTRICT a,
           float* HWY_RESTRICT b) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto part = hn::Set(d, fraction);
    const auto plane = [&](std::size_t p) HWY_ATTR {
      return Mix(hn::LoadU(d, above + p * stride + i), hn::LoadU(d, below + p * stride + i), part);
    };
    const auto detail = hn::Sub(hn::LoadU(d, l + i), plane(kL));
    hn::StoreU(hn::MulAdd(plane(kSlopeA), detail, plane(kA)), d, a + i);
    hn::StoreU(hn::MulAdd(plane(kSlopeB), detail, plane(kB)), d, b + i);
  });
}

constexpr RowKernels kKernels{Accumulate, Stretch, Blend, Guide};
const RowKernels* Table() { return &kKernels; }

}  // namespace
}  // namespace colorlab::resample::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colorlab::resample {

HWY_EXPORT(Table);

const RowKernels& row_kernels() {
  color::ensure_target();
  return *HWY_DYNAMIC_DISPATCH(Table)();
}

}  // namespace colorlab::resample
#endif
