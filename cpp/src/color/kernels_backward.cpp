// L*a*b* to sRGB by rows. Colours outside sRGB are listed while a strip is made and done again,
// many at a time, with reduced chroma.
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
    const hn::Rebind<T, D> dt;  // of 0..white: nothing is left to saturate
    hn::StoreU(hn::DemoteTo(dt, hn::NearestInt(code)), dt, to);
  }
}

// Where a strip's colours go: to three planes, or, with AVX-512, packed at once.
template <class T>
struct PlanesSink {
  const Encoder<T>& encode;
  T* to[3];

  HWY_INLINE void Store(D d, std::size_t i, V red, V green, V blue) const {
    StoreChannel<T>(d, encode, red, to[0] + i);
    StoreChannel<T>(d, encode, green, to[1] + i);
    StoreChannel<T>(d, encode, blue, to[2] + i);
  }
};

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
constexpr bool kPacks = true;

struct alignas(64) PackOrder {
  std::uint8_t bytes[64];    // the 48 bytes of 16 pixels, from anywhere (VBMI)
  std::uint8_t in_lane[64];  // 12 bytes of four pixels within each 128-bit lane
  std::int32_t lanes[16];    // and three of each lane's four words
};
constexpr PackOrder pack_order() {
  PackOrder order{};
  for (int i = 0; i < 64; ++i) {
    const int pixel = i / 3, sample = i % 3, in_lane = i % 16;
    order.bytes[i] = static_cast<std::uint8_t>(i < 48 ? 4 * pixel + sample : 0);
    order.in_lane[i] =
        static_cast<std::uint8_t>(in_lane < 12 ? 4 * (in_lane / 3) + in_lane % 3 : 0x80);
  }
  for (int i = 0; i < 16; ++i) order.lanes[i] = i < 12 ? 4 * (i / 3) + i % 3 : 3;
  return order;
}

struct PackedSink {
  const Encoder<std::uint8_t>& encode;
  std::uint8_t* to;

  HWY_INLINE __m512i Code(D d, V linear) const {
    return _mm512_cvtps_epi32(encode(d, Clamp(d, linear, 0, 1)).raw);
  }
  HWY_INLINE void Store(D d, std::size_t i, V red, V green, V blue) const {
    static constexpr PackOrder kOrder = pack_order();
    const __m512i high =
        _mm512_or_si512(_mm512_slli_epi32(Code(d, green), 8), _mm512_slli_epi32(Code(d, blue), 16));
    const __m512i pixels = _mm512_or_si512(Code(d, red), high);
#if HWY_TARGET == HWY_AVX3_DL
    const __m512i packed = _mm512_permutexvar_epi8(_mm512_load_si512(kOrder.bytes), pixels);
#else
    const __m512i packed =
        _mm512_permutexvar_epi32(_mm512_load_si512(kOrder.lanes),
                                 _mm512_shuffle_epi8(pixels, _mm512_load_si512(kOrder.in_lane)));
#endif
    auto* at = to + 3 * i;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm512_castsi512_si256(packed));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at + 32), _mm512_extracti32x4_epi32(packed, 2));
  }
};
#else
constexpr bool kPacks = false;
#endif

// The pixels of a strip that sRGB does not show.
struct Listed {
  std::int32_t at[kStrip + kMaxLanes];
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
  hn::Store(hn::Zero(d), d, search.low + i);
  hn::Store(Excess(d, search, i, hn::Zero(d)), d, search.inside + i);
  hn::Store(high, d, search.high + i);
  hn::Store(Excess(d, search, i, high), d, search.outside + i);
  hn::Store(hn::Zero(d), d, search.side + i);
}

// One step of regula falsi, with Illinois' halving of the end that stays; returns whether it was
// the last one that these pixels need.
HWY_INLINE bool Narrow(Search& search, std::size_t i) {
  const D d;
  const V zero = hn::Zero(d), half = hn::Set(d, 0.5F);
  V low = hn::Load(d, search.low + i), high = hn::Load(d, search.high + i);
  V inside = hn::Load(d, search.inside + i), outside = hn::Load(d, search.outside + i);
  const V side = hn::Load(d, search.side + i);
  const V way = hn::Div(inside, hn::Sub(inside, outside));
  const V share = hn::MulAdd(hn::Sub(high, low), way, low);
  const V excess = Excess(d, search, i, share);
  const auto fits = hn::Le(excess, zero);
  const auto found = hn::Le(hn::Abs(excess), hn::Set(d, kFound));
  outside = hn::IfThenElse(hn::And(fits, hn::Lt(side, zero)), hn::Mul(outside, half), outside);
  inside = hn::IfThenElse(hn::AndNot(fits, hn::Gt(side, zero)), hn::Mul(inside, half), inside);
  low = hn::IfThenElse(hn::Or(fits, found), share, low);
  inside = hn::IfThenElse(fits, excess, inside);
  high = hn::IfThenElse(fits, high, share);
  outside = hn::IfThenElse(fits, outside, excess);
  // What is found stays: the way to it from itself is 0.
  hn::Store(low, d, search.low + i);
  hn::Store(hn::IfThenElse(found, zero, inside), d, search.inside + i);
  hn::Store(high, d, search.high + i);
  hn::Store(hn::IfThenElse(found, hn::Set(d, 1.0F), outside), d, search.outside + i);
  hn::Store(hn::IfThenElse(fits, hn::Set(d, -1.0F), hn::Set(d, 1.0F)), d, search.side + i);
  return hn::AllTrue(d, found);
}

// Does the listed pixels of a strip again, at the largest chroma that sRGB shows. Their searches go
// side by side, for each step waits long for the one before.
template <class T>
HWY_NOINLINE void ReduceChroma(const LabRow& source, const Encoder<T>& encode, const Listed& listed,
                               const Row3<T>& to) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  Search search;
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
      PlanesSink<T>{encode, {rgb[0], rgb[1], rgb[2]}}.Store(d, 0, red, green, blue);
      for (std::size_t lane = 0; lane < HWY_MIN(lanes, n - i); ++lane) {
        const std::ptrdiff_t at = listed.at[begin + i + lane] * to.step;
        for (int c = 0; c < 3; ++c) to.channel[c][at] = rgb[c][lane];
      }
    }
  }
}

// One strip to a sink, clipped; with kChroma, what had to be clipped is listed.
template <bool kChroma, class Sink>
HWY_INLINE void StripTo(const Sink& sink, const LabRow& source, std::size_t n, Listed& listed) {
  const D d;
  listed.count = 0;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    V l, a, b, red, green, blue;
    source.Load(d, i, l, a, b);
    Sanitise(d, l, a, b);
    const V fy = FyOf(d, l);
    LinearOf(d, fy, FInverse(d, fy), a, b, red, green, blue);
    if constexpr (kChroma) {
      const auto out = OutOfGamut(d, red, green, blue);
      if (HWY_UNLIKELY(!hn::AllFalse(d, out))) {
        const hn::RebindToSigned<D> di;
        listed.count += hn::CompressStore(hn::Iota(di, static_cast<std::int32_t>(i)),
                                          hn::RebindMask(di, out), di, listed.at + listed.count);
      }
    }
    sink.Store(d, i, red, green, blue);
  }
}

template <class T, bool kChroma>
HWY_INLINE std::size_t ToRgb(const LabRow& source, const Row3<T>& rgb, std::size_t n) {
  const Encoder<T> encode(kWhite<T>);
  alignas(64) T planes[3][kStrip];
  Listed listed;
  std::size_t reduced = 0;
  for (std::size_t i = 0; i < n; i += kStrip) {
    const std::size_t count = HWY_MIN(kStrip, n - i);
    const LabRow from = source.from(i);
    const Row3<T> to = rgb.from(i);
    if (rgb.step == 1) {
      const PlanesSink<T> sink{encode, {to.channel[0], to.channel[1], to.channel[2]}};
      StripTo<kChroma>(sink, from, count, listed);
    } else if constexpr (kPacks && sizeof(T) == 1) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
      StripTo<kChroma>(PackedSink{encode, to.channel[0]}, from, count, listed);
#endif
    } else {
      const PlanesSink<T> sink{encode, {planes[0], planes[1], planes[2]}};
      StripTo<kChroma>(sink, from, count, listed);
      Interleave(planes, count, to.channel[0]);
    }
    if (listed.count > 0) ReduceChroma<T>(from, encode, listed, to);
    reduced += listed.count;
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
