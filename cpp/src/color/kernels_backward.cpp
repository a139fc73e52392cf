// L*a*b* to sRGB by rows. Colours outside sRGB are listed while a strip is made and done again,
// many at a time, with reduced chroma.
#include <limits>
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
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::color::HWY_NAMESPACE {
namespace {

constexpr int kSteps = 18;            // of the search for the largest chroma; five are usual
constexpr float kLargestAb = 110.0F;  // |a*| and |b*| of every sRGB colour are below
constexpr auto kTolerance = static_cast<float>(kGamutTolerance);
constexpr float kFound = kTolerance / 8;  // the search ends within this of where it aims
constexpr std::size_t kMaxLanes = 64;     // of any target's vector of floats

// Where a strip's L*a*b* comes from.
struct LabRow {
  Row3<const float> lab;

  HWY_INLINE void Load(D d, std::size_t i, V& l, V& a, V& b) const {
    LoadPixels(d, lab, i, l, a, b);
  }
  HWY_INLINE void FetchAhead(std::size_t i) const {
    if (lab.step == 3) {
      for (std::size_t line = 0; line < 3; ++line) {
        hwy::Prefetch(lab.channel[0] + 3 * i + 16 * line);
      }
    } else {
      for (const float* channel : lab.channel) hwy::Prefetch(channel + i);
    }
  }
  HWY_INLINE void At(std::size_t i, float& l, float& a, float& b) const {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(i) * lab.step;
    l = lab.channel[0][at];
    a = lab.channel[1][at];
    b = lab.channel[2][at];
  }
  [[nodiscard]] LabRow from(std::size_t i) const { return {lab.from(i)}; }
};

HWY_INLINE void Sanitise(D d, V& l, V& a, V& b) {
  constexpr auto kMax = static_cast<float>(kMaxChromaticity);
  l = Clamp(d, ZeroIfNaN(l), 0, 100);
  a = Clamp(d, ZeroIfNaN(a), -kMax, kMax);
  b = Clamp(d, ZeroIfNaN(b), -kMax, kMax);
}

// Unbounded linear light. fy = (L* + 16) / 116, y = its inverse.
HWY_INLINE void LinearOf(D d, V fy, V y, V a, V b, V& red, V& green, V& blue) {
  const V x = FInverse(d, hn::MulAdd(a, hn::Set(d, 1.0F / 500.0F), fy));
  const V z = FInverse(d, hn::NegMulAdd(b, hn::Set(d, 1.0F / 200.0F), fy));
  red = Dot(d, kRgbFromXyz[0], x, y, z);
  green = Dot(d, kRgbFromXyz[1], x, y, z);
  blue = Dot(d, kRgbFromXyz[2], x, y, z);
}
HWY_INLINE V FyOf(D d, V l) {
  return hn::MulAdd(l, hn::Set(d, 1.0F / 116.0F), hn::Set(d, 16.0F / 116.0F));
}

// NaN is out of gamut.
HWY_INLINE hn::Mask<D> OutOfGamut(D d, V red, V green, V blue) {
  const V low = hn::Min(red, hn::Min(green, blue)), high = hn::Max(red, hn::Max(green, blue));
  return hn::Not(
      hn::And(hn::Ge(low, hn::Set(d, -kTolerance)), hn::Le(high, hn::Set(d, 1.0F + kTolerance))));
}

template <class T>
constexpr float kWhite = std::is_floating_point_v<T> ? 1.0F
                         : sizeof(T) == 1            ? 255.0F
                                                     : 65535.0F;
template <class T>
using Encoder = EncodeCurve<(sizeof(T) > 1)>;

template <class T>
HWY_INLINE V CodeOf(D d, const Encoder<T>& encode, V linear) {
  return encode(d, Clamp(d, linear, 0, 1));
}

// Clamps linear light, encodes and stores it.
template <class T>
HWY_INLINE void StoreChannel(D d, const Encoder<T>& encode, V linear, T* to) {
  const V code = CodeOf<T>(d, encode, linear);
  if constexpr (std::is_floating_point_v<T>) {
    hn::StoreU(Clamp(d, code, 0, 1), d, to);
  } else {
    // In 2^23..2^24 floats are integers: the sum's lowest bits are the code, rounded to nearest.
    const hn::RebindToSigned<D> di;
    const hn::Rebind<T, D> dt;
    const auto sum = hn::BitCast(di, hn::Add(code, hn::Set(d, 8388608.0F)));
    const auto low = hn::And(sum, hn::Set(di, std::numeric_limits<T>::max()));
    hn::StoreU(hn::DemoteTo(dt, low), dt, to);
  }
}

// Pixels that sRGB does not show. Neither this nor Search is set to zeros before it is filled.
struct Listed {                                // NOLINT(cppcoreguidelines-pro-type-member-init)
  static constexpr std::size_t kReach = 8192;  // pixels that are listed together
  std::int32_t at[kReach + kMaxLanes];
  std::size_t count = 0;
};

// Pixels on their way to the largest share of their a* and b* that sRGB shows: it lies between
// `low` and `high`, where Excess is `inside` and `outside`; `side` is the end that moved last.
struct Search {
  static constexpr std::size_t kPixels = 128;
  alignas(64) float fy[kPixels], y[kPixels], a[kPixels], b[kPixels], low[kPixels], inside[kPixels],
      high[kPixels], outside[kPixels], side[kPixels];
};

// How far a pixel with this share of its chroma is beyond the edge that the search aims at, in
// linear light; negative within. What is found, to within kFound, must not be out of gamut.
HWY_INLINE V Excess(D d, const Search& search, std::size_t i, V share) {
  V red, green, blue;
  LinearOf(d, hn::Load(d, search.fy + i), hn::Load(d, search.y + i),
           hn::Mul(hn::Load(d, search.a + i), share), hn::Mul(hn::Load(d, search.b + i), share),
           red, green, blue);
  const V low = hn::Min(red, hn::Min(green, blue)), high = hn::Max(red, hn::Max(green, blue));
  return hn::Sub(hn::Max(hn::Neg(low), hn::Sub(high, hn::Set(d, 1.0F))),
                 hn::Set(d, kTolerance - kFound));
}

HWY_INLINE void Begin(Search& search, std::size_t i) {
  const D d;
  V l = hn::Load(d, search.fy + i), a = hn::Load(d, search.a + i), b = hn::Load(d, search.b + i);
  Sanitise(d, l, a, b);
  const V fy = FyOf(d, l), y = FInverse(d, fy);
  hn::Store(fy, d, search.fy + i);
  hn::Store(y, d, search.y + i);
  hn::Store(a, d, search.a + i);
  hn::Store(b, d, search.b + i);
  const V largest = hn::Max(hn::Max(hn::Abs(a), hn::Abs(b)), hn::Set(d, kLargestAb));
  const V high = hn::Div(hn::Set(d, kLargestAb), largest);
  const V one = hn::Set(d, 1.0F);
  const V without = hn::Sub(hn::Max(hn::Neg(y), hn::Sub(y, one)), hn::Set(d, kTolerance - kFound));
  const V excess = Excess(d, search, i, high);
  const auto found = hn::Le(excess, hn::Set(d, kFound));  // it was listed for being absurd only
  hn::Store(hn::IfThenElseZero(found, high), d, search.low + i);
  hn::Store(hn::IfThenElse(found, hn::Zero(d), without), d, search.inside + i);
  hn::Store(high, d, search.high + i);
  hn::Store(hn::IfThenElse(found, one, excess), d, search.outside + i);
  hn::Store(hn::Zero(d), d, search.side + i);
}

// One step of regula falsi, where an end that stays is scaled down as Anderson and Bjorck do;
// returns whether it was the last one that these pixels need.
HWY_INLINE bool Narrow(Search& search, std::size_t i) {
  const D d;
  const V zero = hn::Zero(d), one = hn::Set(d, 1.0F);
  const V low = hn::Load(d, search.low + i), high = hn::Load(d, search.high + i);
  const V inside = hn::Load(d, search.inside + i), outside = hn::Load(d, search.outside + i);
  const V way = hn::Div(inside, hn::Sub(inside, outside));
  const V share = hn::MulAdd(hn::Sub(high, low), way, low);
  const V excess = Excess(d, search, i, share);
  const auto fits = hn::Le(excess, zero);
  const auto found = hn::Le(hn::Abs(excess), hn::Set(d, kFound));
  const V moved = hn::IfThenElse(fits, hn::Neg(one), one);
  const auto again = hn::Eq(hn::Load(d, search.side + i), moved);
  const V left = hn::NegMulAdd(excess, hn::Div(one, hn::IfThenElse(fits, inside, outside)), one);
  const V scale = hn::IfThenElse(hn::Gt(left, zero), left, hn::Set(d, 0.5F));
  const V staying = hn::IfThenElse(fits, outside, inside);
  const V kept = hn::IfThenElse(again, hn::Mul(staying, scale), staying);
  // What is found stays: the way to it from itself is 0.
  hn::Store(hn::IfThenElse(hn::Or(fits, found), share, low), d, search.low + i);
  hn::Store(hn::IfThenElse(found, zero, hn::IfThenElse(fits, excess, kept)), d, search.inside + i);
  hn::Store(hn::IfThenElse(fits, high, share), d, search.high + i);
  hn::Store(hn::IfThenElse(found, one, hn::IfThenElse(fits, kept, excess)), d, search.outside + i);
  hn::Store(moved, d, search.side + i);
  return hn::AllTrue(d, found);
}

// Does the listed pixels again, at the largest chroma that sRGB shows. Their searches go side by
// side, for each step waits long for the one before. Returns how many lost chroma.
template <class T>
HWY_NOINLINE std::size_t ReduceChroma(const LabRow& source, const Encoder<T>& encode,
                                      const Listed& listed, const Row3<T>& to) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  Search search;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::size_t reduced = 0;
  for (std::size_t begin = 0; begin < listed.count; begin += Search::kPixels) {
    const std::size_t n = HWY_MIN(Search::kPixels, listed.count - begin);
    for (std::size_t i = 0; i < n || i % lanes != 0; ++i) {  // lanes left over take the last pixel
      source.At(static_cast<std::size_t>(listed.at[begin + HWY_MIN(i, n - 1)]), search.fy[i],
                search.a[i], search.b[i]);
    }
    for (std::size_t i = 0; i < n; i += lanes) Begin(search, i);
    bool found = false;
    for (int step = 0; step < kSteps && !found; ++step) {
      found = true;
      for (std::size_t i = 0; i < n; i += lanes) found &= Narrow(search, i);
    }
    for (std::size_t i = 0; i < n; i += lanes) {
      const V share = hn::Load(d, search.low + i);
      V red, green, blue;
      LinearOf(d, hn::Load(d, search.fy + i), hn::Load(d, search.y + i),
               hn::Mul(hn::Load(d, search.a + i), share), hn::Mul(hn::Load(d, search.b + i), share),
               red, green, blue);
      alignas(64) T rgb[3][kMaxLanes];
      StoreChannel<T>(d, encode, red, rgb[0]);
      StoreChannel<T>(d, encode, green, rgb[1]);
      StoreChannel<T>(d, encode, blue, rgb[2]);
      for (std::size_t lane = 0; lane < HWY_MIN(lanes, n - i); ++lane) {
        const std::ptrdiff_t at = listed.at[begin + i + lane] * to.step;
        for (int c = 0; c < 3; ++c) to.channel[c][at] = rgb[c][lane];
        reduced += search.low[i + lane] < 1 ? 1 : 0;
      }
    }
  }
  return reduced;
}

// Linear light of one strip, unbounded; with kChroma, what sRGB does not show is listed. So are
// NaN and values out of range, for each gives three channels that are NaN or out of gamut: only
// what is clipped must be sanitised here. `first` is the strip's place in the list's reach.
template <bool kChroma>
HWY_INLINE void LinearOfStrip(const LabRow& source, std::size_t n, std::size_t first,
                              float (&linear)[3][kStrip], Listed& listed) {
  const D d;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    V l, a, b, red, green, blue;
    source.Load(d, i, l, a, b);
    if (i % 16 == 0) source.FetchAhead(i + kStrip);
    if constexpr (!kChroma) Sanitise(d, l, a, b);
    const V fy = FyOf(d, l);
    LinearOf(d, fy, FInverse(d, fy), a, b, red, green, blue);
    if constexpr (kChroma) {
      const auto out = OutOfGamut(d, red, green, blue);
      if (HWY_UNLIKELY(!hn::AllFalse(d, out))) {
        const hn::RebindToSigned<D> di;
        listed.count += hn::CompressStore(hn::Iota(di, static_cast<std::int32_t>(first + i)),
                                          hn::RebindMask(di, out), di, listed.at + listed.count);
      }
    }
    hn::Store(red, d, linear[0] + i);
    hn::Store(green, d, linear[1] + i);
    hn::Store(blue, d, linear[2] + i);
  }
}

template <class T>
HWY_INLINE void EncodeStrip(const Encoder<T>& encode, const float* HWY_RESTRICT linear,
                            std::size_t n, T* HWY_RESTRICT to) {
  const D d;
  constexpr std::size_t kLanes = hn::MaxLanes(D());
  if constexpr (kPacksFour && sizeof(T) == 1) {
    for (std::size_t i = 0; i < n; i += 4 * kLanes) {
      const auto code = [&](std::size_t k) HWY_ATTR {
        return CodeOf<T>(d, encode, hn::Load(d, linear + i + k * kLanes));
      };
      StoreFour(code(0), code(1), code(2), code(3), to + i);
    }
  } else {
    for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
      StoreChannel<T>(d, encode, hn::Load(d, linear + i), to + i);
    }
  }
}

// A strip goes through the L1 cache twice: short loops keep more vectors in flight than a long one.
template <class T, bool kChroma>
HWY_INLINE std::size_t ToRgb(const LabRow& source, const Row3<T>& rgb, std::size_t n) {
  const Encoder<T> encode(kWhite<T>);
  alignas(64) float linear[3][kStrip];
  alignas(64) T planes[3][kStrip];
  Listed listed;
  std::size_t reduced = 0;
  for (std::size_t begin = 0; begin < n; begin += Listed::kReach) {
    listed.count = 0;
    const LabRow from = source.from(begin);
    const Row3<T> to = rgb.from(begin);
    const std::size_t reach = HWY_MIN(Listed::kReach, n - begin);
    for (std::size_t i = 0; i < reach; i += kStrip) {
      const std::size_t count = HWY_MIN(kStrip, reach - i);
      const Row3<T> strip = to.from(i);
      LinearOfStrip<kChroma>(from.from(i), count, i, linear, listed);
      for (int c = 0; c < 3; ++c) {
        EncodeStrip<T>(encode, linear[c], count, rgb.step == 1 ? strip.channel[c] : planes[c]);
      }
      if (rgb.step == 3) Interleave(planes, count, strip.channel[0]);
    }
    if (listed.count > 0) reduced += ReduceChroma<T>(from, encode, listed, to);
  }
  return reduced;
}

template <class T>
std::size_t LabToRgb(const Row3<const float>& lab, const Row3<T>& rgb, std::size_t n, bool chroma) {
  const LabRow source{lab};
  return chroma ? ToRgb<T, true>(source, rgb, n) : ToRgb<T, false>(source, rgb, n);
}

}  // namespace

const ForSamples<BackwardRows>* BackwardTable() {
  static constexpr ForSamples<BackwardRows> kTable = {
      {LabToRgb<std::uint8_t>}, {LabToRgb<std::uint16_t>}, {LabToRgb<float>}};
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
