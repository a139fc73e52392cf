// L*a*b*, or lightness and a*b* between two rows, to sRGB by rows. Colours outside sRGB are listed
// while a strip is made and done again, many at a time, with reduced chroma.
#include <type_traits>

#include "color/dispatch.hpp"
#include "color/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "color/kernels_backward.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file again for each target:
#include "color/bytes-inl.h"
#include "color/floats-inl.h"
#include "color/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::color::HWY_NAMESPACE {
namespace {

constexpr int kHalvings = 15;          // of the chroma scale: within 0.005 of the largest C*
constexpr float kLargestAb = 110.0F;   // |a*| and |b*| of every sRGB colour are below
constexpr std::size_t kMaxLanes = 64;  // of any target's vector of floats

// Where a strip's L*a*b* comes from.
struct LabRow {
  Row3<const float> lab;

  HWY_INLINE void Load(D d, std::size_t i, V& l, V& a, V& b) const {
    LoadPixels(d, lab, i, l, a, b);
  }
  HWY_INLINE void At(std::size_t i, float& l, float& a, float& b) const {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(i) * lab.step;
    l = lab.channel[0][at];
    a = lab.channel[1][at];
    b = lab.channel[2][at];
  }
  [[nodiscard]] LabRow from(std::size_t i) const { return {lab.from(i)}; }
};

struct RecolorRow {
  const float* l;
  ChromaRows ab;

  HWY_INLINE void Load(D d, std::size_t i, V& lightness, V& a, V& b) const {
    const V w = hn::Set(d, ab.weight);
    const V a0 = hn::LoadU(d, ab.a[0] + i), b0 = hn::LoadU(d, ab.b[0] + i);
    lightness = hn::LoadU(d, l + i);
    a = hn::MulAdd(w, hn::Sub(hn::LoadU(d, ab.a[1] + i), a0), a0);
    b = hn::MulAdd(w, hn::Sub(hn::LoadU(d, ab.b[1] + i), b0), b0);
  }
  HWY_INLINE void At(std::size_t i, float& lightness, float& a, float& b) const {
    lightness = l[i];
    a = ab.a[0][i] + ab.weight * (ab.a[1][i] - ab.a[0][i]);
    b = ab.b[0][i] + ab.weight * (ab.b[1][i] - ab.b[0][i]);
  }
  [[nodiscard]] RecolorRow from(std::size_t i) const {
    return {l + i, {{ab.a[0] + i, ab.a[1] + i}, {ab.b[0] + i, ab.b[1] + i}, ab.weight}};
  }
};

HWY_INLINE void Sanitise(D d, V& l, V& a, V& b) {
  constexpr auto kMax = static_cast<float>(kMaxChromaticity);
  l = Clamp(d, ZeroIfNaN(l), 0, 100);
  a = Clamp(d, ZeroIfNaN(a), -kMax, kMax);
  b = Clamp(d, ZeroIfNaN(b), -kMax, kMax);
}

HWY_INLINE V Channel(D d, const Row& row, V x, V y, V z) {
  const V sum = hn::MulAdd(hn::Set(d, static_cast<float>(row[1])), y,
                           hn::Mul(hn::Set(d, static_cast<float>(row[0])), x));
  return hn::MulAdd(hn::Set(d, static_cast<float>(row[2])), z, sum);
}

// Unbounded linear light. fy = (L* + 16) / 116, y = its inverse.
HWY_INLINE void LinearOf(D d, V fy, V y, V a, V b, V& red, V& green, V& blue) {
  const V x = FInverse(d, hn::MulAdd(a, hn::Set(d, 1.0F / 500.0F), fy));
  const V z = FInverse(d, hn::NegMulAdd(b, hn::Set(d, 1.0F / 200.0F), fy));
  red = Channel(d, kRgbFromXyz[0], x, y, z);
  green = Channel(d, kRgbFromXyz[1], x, y, z);
  blue = Channel(d, kRgbFromXyz[2], x, y, z);
}
HWY_INLINE V FyOf(D d, V l) {
  return hn::MulAdd(l, hn::Set(d, 1.0F / 116.0F), hn::Set(d, 16.0F / 116.0F));
}

HWY_INLINE hn::Mask<D> OutOfGamut(D d, V red, V green, V blue) {
  constexpr auto kTolerance = static_cast<float>(kGamutTolerance);
  const V low = hn::Min(red, hn::Min(green, blue)), high = hn::Max(red, hn::Max(green, blue));
  return hn::Or(hn::Lt(low, hn::Set(d, -kTolerance)), hn::Gt(high, hn::Set(d, 1.0F + kTolerance)));
}

template <class T>
constexpr float kWhite = std::is_floating_point_v<T> ? 1.0F
                         : sizeof(T) == 1            ? 255.0F
                                                     : 65535.0F;
template <class T>
using Encoder = EncodeCurve<(sizeof(T) > 1)>;

// Clamps linear light, encodes and stores it.
template <class T>
HWY_INLINE void StoreChannel(D d, const Encoder<T>& encode, V linear, T* to) {
  const V code = encode(d, Clamp(d, linear, 0, 1));
  if constexpr (std::is_floating_point_v<T>) {
    hn::StoreU(Clamp(d, code, 0, 1), d, to);
  } else {
    const hn::Rebind<T, D> dt;
    hn::StoreU(hn::DemoteTo(dt, hn::NearestInt(code)), dt, to);
  }
}

// Does the `count` listed pixels of a strip again, at the largest chroma that sRGB shows.
template <class T, class Source>
HWY_NOINLINE void ReduceChroma(const Source& source, const Encoder<T>& encode,
                               const std::uint32_t* list, std::size_t count, T* const (&to)[3]) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t begin = 0; begin < count; begin += lanes) {
    alignas(64) float lab[3][kMaxLanes] = {};
    const std::size_t n = HWY_MIN(lanes, count - begin);
    for (std::size_t i = 0; i < n; ++i) {
      source.At(list[begin + i], lab[0][i], lab[1][i], lab[2][i]);
    }
    V l = hn::Load(d, lab[0]), a = hn::Load(d, lab[1]), b = hn::Load(d, lab[2]);
    Sanitise(d, l, a, b);
    const V fy = FyOf(d, l), y = FInverse(d, fy);
    V low = hn::Zero(d), red, green, blue;
    const V largest = hn::Max(hn::Max(hn::Abs(a), hn::Abs(b)), hn::Set(d, kLargestAb));
    V step = hn::Div(hn::Set(d, kLargestAb), largest);
    for (int i = 0; i < kHalvings; ++i) {
      step = hn::Mul(step, hn::Set(d, 0.5F));
      const V scale = hn::Add(low, step);
      LinearOf(d, fy, y, hn::Mul(a, scale), hn::Mul(b, scale), red, green, blue);
      low = hn::IfThenElse(OutOfGamut(d, red, green, blue), low, scale);
    }
    LinearOf(d, fy, y, hn::Mul(a, low), hn::Mul(b, low), red, green, blue);
    alignas(64) T rgb[3][kMaxLanes];
    StoreChannel<T>(d, encode, red, rgb[0]);
    StoreChannel<T>(d, encode, green, rgb[1]);
    StoreChannel<T>(d, encode, blue, rgb[2]);
    for (std::size_t i = 0; i < n; ++i) {
      for (int c = 0; c < 3; ++c) to[c][list[begin + i]] = rgb[c][i];
    }
  }
}

// One strip to three planes; returns how many pixels were listed.
template <class T, bool kChroma, class Source>
HWY_INLINE std::size_t StripToPlanes(const Source& source, const Encoder<T>& encode, std::size_t n,
                                     T* const (&to)[3]) {
  const D d;
  std::uint32_t list[kStrip + kMaxLanes];
  std::size_t listed = 0;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    V l, a, b, red, green, blue;
    source.Load(d, i, l, a, b);
    Sanitise(d, l, a, b);
    const V fy = FyOf(d, l);
    LinearOf(d, fy, FInverse(d, fy), a, b, red, green, blue);
    if constexpr (kChroma) {
      const auto out = OutOfGamut(d, red, green, blue);
      if (HWY_UNLIKELY(!hn::AllFalse(d, out))) {
        std::uint8_t bits[8 + kMaxLanes / 8] = {};
        hn::StoreMaskBits(d, out, bits);
        for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
          list[listed] = static_cast<std::uint32_t>(i + lane);
          listed += (bits[lane / 8] >> (lane % 8)) & 1;
        }
      }
    }
    StoreChannel<T>(d, encode, red, to[0] + i);
    StoreChannel<T>(d, encode, green, to[1] + i);
    StoreChannel<T>(d, encode, blue, to[2] + i);
  }
  if (listed > 0) ReduceChroma<T>(source, encode, list, listed, to);
  return listed;
}

template <class T, bool kChroma, class Source>
HWY_INLINE std::size_t ToRgb(const Source& source, const Row3<T>& rgb, std::size_t n) {
  const Encoder<T> encode(kWhite<T>);
  alignas(64) T planes[3][kStrip];
  std::size_t reduced = 0;
  for (std::size_t i = 0; i < n; i += kStrip) {
    const std::size_t count = HWY_MIN(kStrip, n - i);
    const Row3<T> to = rgb.from(i);
    const bool planar = rgb.step == 1;
    T* const out[3] = {planar ? to.channel[0] : planes[0], planar ? to.channel[1] : planes[1],
                       planar ? to.channel[2] : planes[2]};
    reduced += StripToPlanes<T, kChroma>(source.from(i), encode, count, out);
    if (!planar) Interleave(planes, count, to.channel[0]);
  }
  return reduced;
}

template <class T>
std::size_t LabToRgb(const Row3<const float>& lab, const Row3<T>& rgb, std::size_t n, bool chroma) {
  const LabRow source{lab};
  return chroma ? ToRgb<T, true>(source, rgb, n) : ToRgb<T, false>(source, rgb, n);
}

template <class T>
std::size_t Recolor(const float* l, const ChromaRows& ab, const Row3<T>& rgb, std::size_t n) {
  return ToRgb<T, true>(RecolorRow{l, ab}, rgb, n);
}

}  // namespace

const ForSamples<BackwardRows>* BackwardTable() {
  static constexpr ForSamples<BackwardRows> kTable = {
      {LabToRgb<std::uint8_t>, Recolor<std::uint8_t>},
      {LabToRgb<std::uint16_t>, Recolor<std::uint16_t>},
      {LabToRgb<float>, Recolor<float>}};
  return &kTable;
}

}  // namespace colorlab::color::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colorlab::color {

HWY_EXPORT(BackwardTable);

const ForSamples<BackwardRows>& backward_kernels() {
  ensure_target();
  return *HWY_DYNAMIC_DISPATCH(BackwardTable)();
}

}  // namespace colorlab::color
#endif
