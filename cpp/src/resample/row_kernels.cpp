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
    const auto at = hn::LoadU(di, index + i);
    const auto before = hn::GatherIndex(d, values, at);
    const auto after = hn::GatherIndex(d, values + 1, at);
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

void Guide(const float* HWY_RESTRICT above, const float* HWY_RESTRICT below, float fraction,
           const float* HWY_RESTRICT l, std::size_t n, float* HWY_RESTRICT a,
           float* HWY_RESTRICT b) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto part = hn::Set(d, fraction);
    const auto plane = [&](std::size_t p) HWY_ATTR {
      return Mix(hn::LoadU(d, above + p * n + i), hn::LoadU(d, below + p * n + i), part);
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
