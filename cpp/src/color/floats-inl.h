// Vectors of pixels from and to rows of any sample type, interleaved or planar.

// Included once per target; see foreach_target.h.
#if defined(COLORLAB_COLOR_FLOATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLORLAB_COLOR_FLOATS_INL_H_
#undef COLORLAB_COLOR_FLOATS_INL_H_
#else
#define COLORLAB_COLOR_FLOATS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "color/kernels.hpp"
#include "color/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::color::HWY_NAMESPACE {

// The values themselves: integers are not scaled.
HWY_INLINE V LoadSamples(D d, const float* from) { return hn::LoadU(d, from); }
HWY_INLINE V LoadSamples(D d, const std::uint16_t* from) {
  const hn::Rebind<std::uint16_t, D> d16;
  const hn::RebindToSigned<D> di;
  return hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d16, from)));
}

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL

// Six permutations of 16 floats each way, half of what the general shuffles take.
struct alignas(64) Order {
  std::int32_t at[16];
  [[nodiscard]] HWY_INLINE __m512i load() const { return _mm512_load_si512(at); }
};
// Where a third of 16 interleaved pixels finds its samples: first red (0..15) or green (16..31),
// then those or blue (16..31).
constexpr Order FirstOf(int third) {
  Order order{};
  for (int i = 0; i < 16; ++i) {
    const int sample = 16 * third + i;
    order.at[i] = sample % 3 == 1 ? 16 + sample / 3 : sample / 3;
  }
  return order;
}
constexpr Order ThenOf(int third) {
  Order order{};
  for (int i = 0; i < 16; ++i) {
    const int sample = 16 * third + i;
    order.at[i] = sample % 3 == 2 ? 16 + sample / 3 : i;
  }
  return order;
}
// Where a channel finds its samples: in the first two thirds of 16 interleaved pixels, then in the
// last one.
constexpr Order ChannelFirst(int channel) {
  Order order{};
  for (int i = 0; i < 16; ++i) order.at[i] = (3 * i + channel) % 32;
  return order;
}
constexpr Order ChannelThen(int channel) {
  Order order{};
  for (int i = 0; i < 16; ++i) {
    const int sample = 3 * i + channel;
    order.at[i] = sample < 32 ? i : 16 + sample - 32;
  }
  return order;
}

template <int kThird>
HWY_INLINE void StoreThird(V v0, V v1, V v2, float* to) {
  static constexpr Order kFirst = FirstOf(kThird), kThen = ThenOf(kThird);
  const __m512 first = _mm512_permutex2var_ps(v0.raw, kFirst.load(), v1.raw);
  _mm512_storeu_ps(to + 16 * kThird, _mm512_permutex2var_ps(first, kThen.load(), v2.raw));
}
HWY_INLINE void StoreInterleaved(D, V v0, V v1, V v2, float* to) {
  StoreThird<0>(v0, v1, v2, to);
  StoreThird<1>(v0, v1, v2, to);
  StoreThird<2>(v0, v1, v2, to);
}
template <int kChannel>
HWY_INLINE V LoadChannel(__m512 p0, __m512 p1, __m512 p2) {
  static constexpr Order kFirst = ChannelFirst(kChannel), kThen = ChannelThen(kChannel);
  const __m512 first = _mm512_permutex2var_ps(p0, kFirst.load(), p1);
  return V{_mm512_permutex2var_ps(first, kThen.load(), p2)};
}
HWY_INLINE void LoadInterleaved(D, const float* from, V& v0, V& v1, V& v2) {
  __m512 p0 = _mm512_loadu_ps(from), p1 = _mm512_loadu_ps(from + 16),
         p2 = _mm512_loadu_ps(from + 32);
  // Loaded once: compilers would load again for each channel, and these cross cache lines.
  asm("" : "+v"(p0), "+v"(p1), "+v"(p2));
  v0 = LoadChannel<0>(p0, p1, p2);
  v1 = LoadChannel<1>(p0, p1, p2);
  v2 = LoadChannel<2>(p0, p1, p2);
}

#else

HWY_INLINE void StoreInterleaved(D d, V v0, V v1, V v2, float* to) {
  hn::StoreInterleaved3(v0, v1, v2, d, to);
}
HWY_INLINE void LoadInterleaved(D d, const float* from, V& v0, V& v1, V& v2) {
  hn::LoadInterleaved3(d, from, v0, v1, v2);
}

#endif

template <int kStep>
HWY_INLINE void StorePixels(D d, V v0, V v1, V v2, const Row3<float>& row, std::size_t i) {
  if constexpr (kStep == 3) {
    StoreInterleaved(d, v0, v1, v2, row.channel[0] + 3 * i);
  } else {
    hn::StoreU(v0, d, row.channel[0] + i);
    hn::StoreU(v1, d, row.channel[1] + i);
    hn::StoreU(v2, d, row.channel[2] + i);
  }
}

HWY_INLINE void LoadPixels(D d, const Row3<const float>& row, std::size_t i, V& v0, V& v1, V& v2) {
  if (row.step == 3) {
    LoadInterleaved(d, row.channel[0] + 3 * i, v0, v1, v2);
  } else {
    v0 = hn::LoadU(d, row.channel[0] + i);
    v1 = hn::LoadU(d, row.channel[1] + i);
    v2 = hn::LoadU(d, row.channel[2] + i);
  }
}

HWY_INLINE void LoadPixels(D d, const Row3<const std::uint16_t>& row, std::size_t i, V& v0, V& v1,
                           V& v2) {
  if (row.step == 3) {
    const hn::Rebind<std::uint16_t, D> d16;
    const hn::RebindToSigned<D> di;
    hn::Vec<decltype(d16)> r, g, b;
    hn::LoadInterleaved3(d16, row.channel[0] + 3 * i, r, g, b);
    v0 = hn::ConvertTo(d, hn::PromoteTo(di, r));
    v1 = hn::ConvertTo(d, hn::PromoteTo(di, g));
    v2 = hn::ConvertTo(d, hn::PromoteTo(di, b));
  } else {
    v0 = LoadSamples(d, row.channel[0] + i);
    v1 = LoadSamples(d, row.channel[1] + i);
    v2 = LoadSamples(d, row.channel[2] + i);
  }
}

HWY_INLINE void Interleave(const std::uint16_t (*from)[kStrip], std::size_t n, std::uint16_t* to) {
  const hn::CappedTag<std::uint16_t, kBlock> d16;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d16)) {
    hn::StoreInterleaved3(hn::Load(d16, from[0] + i), hn::Load(d16, from[1] + i),
                          hn::Load(d16, from[2] + i), d16, to + 3 * i);
  }
}
HWY_INLINE void Interleave(const float (*from)[kStrip], std::size_t n, float* to) {
  const D d;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    StoreInterleaved(d, hn::Load(d, from[0] + i), hn::Load(d, from[1] + i),
                     hn::Load(d, from[2] + i), to + 3 * i);
  }
}

}  // namespace colorlab::color::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
