// A loop over a row for the kernels of one SIMD target; include after hwy/foreach_target.h.
#if defined(COLORLAB_FOR_EACH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLORLAB_FOR_EACH_INL_H_
#undef COLORLAB_FOR_EACH_INL_H_
#else
#define COLORLAB_FOR_EACH_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::HWY_NAMESPACE {

// Calls body(tag, i) over [0, n): full vectors of float, then one sample at a time, so that a
// sample's value does not depend on where in a row it stands: that keeps results equal over tiles.
template <class Body>
HWY_INLINE void ForEach(std::size_t n, const Body& body) {
  const hwy::HWY_NAMESPACE::ScalableTag<float> d;
  const std::size_t lanes = hwy::HWY_NAMESPACE::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(d, i);
  const hwy::HWY_NAMESPACE::CappedTag<float, 1> one;
  for (; i < n; ++i) body(one, i);
}

}  // namespace colorlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
