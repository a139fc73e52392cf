// The transfer functions and CIE's f on vectors of floats, for every target. Bounds are against
// reference.hpp; tests/cpp/test_color.cpp holds what they add up to.

// Included once per target; see foreach_target.h.
#if defined(COLORLAB_COLOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLORLAB_COLOR_MATH_INL_H_
#undef COLORLAB_COLOR_MATH_INL_H_
#else
#define COLORLAB_COLOR_MATH_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "color/constants.hpp"
#include "color/segments.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::color::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// c0 + c1 x + c2 x^2 + ..., by Horner's rule.
template <std::size_t kTerms>
HWY_INLINE V Polynomial(D d, V x, const float (&c)[kTerms]) {
  V sum = hn::Set(d, c[kTerms - 1]);
  for (std::size_t i = kTerms - 1; i-- > 0;) sum = hn::MulAdd(sum, x, hn::Set(d, c[i]));
  return sum;
}

// About x^(-1/root) for 0 < x, to a few per cent: the logarithm that a float's bits are, divided.
HWY_INLINE V InverseRootEstimate(D d, V x, float root, float magic) {
  const hn::RebindToSigned<D> di;
  const V bits = hn::ConvertTo(d, hn::BitCast(di, x));
  const V scaled = hn::MulAdd(bits, hn::Set(d, -1.0F / root), hn::Set(d, magic));
  return hn::BitCast(d, hn::ConvertTo(di, scaled));
}

// NaN reads as 0.
HWY_INLINE V ZeroIfNaN(V x) { return hn::IfThenElseZero(hn::Eq(x, x), x); }
HWY_INLINE V Clamp(D d, V x, float low, float high) {
  return hn::Min(hn::Max(x, hn::Set(d, low)), hn::Set(d, high));
}

// A matrix' row times a vector.
HWY_INLINE V Dot(D d, const Row& row, V x, V y, V z) {
  const V sum = hn::MulAdd(hn::Set(d, static_cast<float>(row[1])), y,
                           hn::Mul(hn::Set(d, static_cast<float>(row[0])), x));
  return hn::MulAdd(hn::Set(d, static_cast<float>(row[2])), z, sum);
}

// EOTF for x in 0..1; relative error below 4e-7. x^2.4 = x^2 * x z^3 (1 - h)^(-3/5), where z is
// about x^(-1/5) and h = 1 - x z^5.
HWY_INLINE V Decode(D d, V encoded) {
  constexpr float kSeries[] = {0.60000044F, 0.48000133F, 0.41584250F,
                               0.37413520F, 0.35754094F, 0.33728561F};
  const V x = hn::MulAdd(encoded, hn::Set(d, static_cast<float>(1 / (1 + kOffset))),
                         hn::Set(d, static_cast<float>(kOffset / (1 + kOffset))));
  const V z = InverseRootEstimate(d, x, 5, 1277905859.0F);
  const V z2 = hn::Mul(z, z), xz = hn::Mul(x, z);
  const V h = hn::NegMulAdd(xz, hn::Mul(z2, z2), hn::Set(d, 1.0F));
  const V root = hn::Mul(xz, z2);
  const V corrected = hn::MulAdd(hn::Mul(root, h), Polynomial(d, h, kSeries), root);
  const V linear = hn::Mul(encoded, hn::Set(d, static_cast<float>(1 / kLinearSlope)));
  return hn::IfThenElse(hn::Le(encoded, hn::Set(d, static_cast<float>(kDecodeThreshold))), linear,
                        hn::Mul(hn::Mul(x, x), corrected));
}

// OETF for 0..1, times kScale. kFine: error below 5e-7 (polynomial of degree 8 in x^(1/4)), else
// below 7e-6 (degree 5), which is 0.002 of an 8-bit code.
template <bool kFine>
HWY_INLINE V EncodeByRoots(D d, V x, float scale) {
  constexpr float kShort[] = {-0.061340127F, 0.16202536F, 1.2554077F,
                              -0.57748830F,  0.28953728F, -0.068148546F};
  constexpr float kLong[] = {-0.057718292F, 0.11145863F, 1.5463361F,   -1.4822593F, 1.9654380F,
                             -1.9812100F,   1.3321915F,  -0.52603692F, 0.091800421F};
  const V root = hn::Sqrt(hn::Sqrt(x));
  V power = hn::Zero(d);
  if constexpr (kFine) {
    power = Polynomial(d, root, kLong);
  } else {
    power = Polynomial(d, root, kShort);
  }
  const V linear = hn::Mul(x, hn::Set(d, static_cast<float>(kLinearSlope)));
  const V encoded =
      hn::IfThenElse(hn::Le(x, hn::Set(d, static_cast<float>(kEncodeThreshold))), linear, power);
  return hn::Mul(encoded, hn::Set(d, scale));
}

// CIE's f below epsilon.
HWY_INLINE V LinearF(D d, V t) {
  return hn::MulAdd(t, hn::Set(d, static_cast<float>(kKappa / 116)), hn::Set(d, 16.0F / 116.0F));
}

// CIE's f for t >= 0; relative error below 2e-7. cbrt(t) = t z^2 (1 - h)^(-2/3), where z is about
// t^(-1/3) and h = 1 - t z^3.
HWY_INLINE V FByRoots(D d, V t) {
  constexpr float kSeries[] = {0.66666675F, 0.55553615F, 0.49378100F, 0.45859912F, 0.43033305F};
  const V z = InverseRootEstimate(d, t, 3, 1419900954.0F);
  const V root = hn::Mul(t, hn::Mul(z, z));
  const V h = hn::NegMulAdd(root, z, hn::Set(d, 1.0F));
  const V power = hn::MulAdd(hn::Mul(root, h), Polynomial(d, h, kSeries), root);
  return hn::IfThenElse(hn::Le(t, hn::Set(d, static_cast<float>(kEpsilon))), LinearF(d, t), power);
}

// The inverse of CIE's f, for any value.
HWY_INLINE V FInverse(D d, V f) {
  const V linear = hn::MulSub(f, hn::Set(d, static_cast<float>(116 / kKappa)),
                              hn::Set(d, static_cast<float>(16 / kKappa)));
  return hn::IfThenElse(hn::Gt(f, hn::Set(d, static_cast<float>(kFEpsilon))),
                        hn::Mul(f, hn::Mul(f, f)), linear);
}

// The curves as objects, made before a loop. Where one permutation looks up any lane of a table,
// piecewise polynomials do the same as the roots in fewer operations.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_AVX2

template <class Table>
class Piecewise {
 public:
  explicit Piecewise(const Table& table) {
    for (std::size_t i = 0; i < kTerms; ++i) Hold(i, table.c[i]);
  }
  HWY_INLINE V operator()(D d, V x) const {
    constexpr std::uint32_t kPosition = (1U << Table::kShift) - 1;
    const hn::RebindToUnsigned<D> du;
    const auto bits = hn::BitCast(du, x);
    const auto segment = hn::ShiftRight<Table::kShift>(bits);  // its lowest bits count
    const auto within = hn::Or(hn::And(bits, hn::Set(du, kPosition)), hn::Set(du, 0x3F800000));
    const V at = hn::Sub(hn::BitCast(d, within), hn::Set(d, 1.0F + Table::kHalf));
    V sum = Term(segment.raw, kTerms - 1);
    for (std::size_t i = kTerms - 1; i-- > 0;) sum = hn::MulAdd(sum, at, Term(segment.raw, i));
    return sum;
  }

 private:
  static constexpr std::size_t kTerms = std::extent_v<decltype(Table::c)>;
#if HWY_TARGET == HWY_AVX2
  static_assert(Table::kCount == 8);
  void Hold(std::size_t i, const float* c) { held_[i] = _mm256_load_ps(c); }
  HWY_INLINE V Term(__m256i segment, std::size_t i) const {
    return V{_mm256_permutevar8x32_ps(held_[i], segment)};
  }
  __m256 held_[kTerms];
#else
  static_assert(Table::kCount == 32);
  void Hold(std::size_t i, const float* c) {
    low_[i] = _mm512_load_ps(c);
    high_[i] = _mm512_load_ps(c + 16);
  }
  HWY_INLINE V Term(__m512i segment, std::size_t i) const {
    return V{_mm512_permutex2var_ps(low_[i], segment, high_[i])};
  }
  __m512 low_[kTerms], high_[kTerms];
#endif
};

#endif

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL

class FCurve {
 public:
  HWY_INLINE V operator()(D d, V t) const {
    return hn::IfThenElse(hn::Le(t, hn::Set(d, static_cast<float>(kEpsilon))), LinearF(d, t),
                          root_(d, t));
  }

 private:
  Piecewise<Segments<5, 4>> root_{f_segments()};
};

template <bool kFine>
class EncodeCurve {
 public:
  explicit EncodeCurve(float scale) : scale_(scale) {}
  HWY_INLINE V operator()(D d, V x) const {
    const V argument =
        hn::MulAdd(x, hn::Set(d, kEncodeArgument.scale), hn::Set(d, kEncodeArgument.shift));
    const V linear = hn::Mul(x, hn::Set(d, static_cast<float>(kLinearSlope) * scale_));
    return hn::IfThenElse(hn::Le(x, hn::Set(d, static_cast<float>(kEncodeThreshold))), linear,
                          hn::Mul(power_(d, argument), hn::Set(d, scale_)));
  }

 private:
  Piecewise<Segments<5, 4>> power_{encode_segments()};
  float scale_;
};

#else

class FCurve {
 public:
  HWY_INLINE V operator()(D d, V t) const { return FByRoots(d, t); }
};

template <bool kFine>
class EncodeCurve {
 public:
  explicit EncodeCurve(float scale) : scale_(scale) {}
  HWY_INLINE V operator()(D d, V x) const { return EncodeByRoots<kFine>(d, x, scale_); }

 private:
  float scale_;
};

#endif

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_AVX2

template <>
class EncodeCurve<false> {
 public:
  explicit EncodeCurve(float) {}  // always 255
  HWY_INLINE V operator()(D d, V x) const {
    constexpr Affine kArgument = encode_8bit_argument();
    return code_(d, hn::MulAdd(x, hn::Set(d, kArgument.scale), hn::Set(d, kArgument.shift)));
  }

 private:
#if HWY_TARGET == HWY_AVX2
  Piecewise<Segments<6, 1>> code_{encode_segments_8bit_of_8()};
#else
  Piecewise<Segments<4, 4>> code_{encode_segments_8bit()};
#endif
};

#endif

}  // namespace colorlab::color::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
