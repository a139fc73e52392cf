// Colour differences. CIEDE2000 as the scalar reference and, equal to it within 1e-9, by blocks of
// pixels for each SIMD target.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "color/dispatch.hpp"
#include "color/reference.hpp"
#include "colorlab/error.hpp"
#include "colorlab/metrics.hpp"
#include "colorlab/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "color/delta_e.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file again for each target:
#include "hwy/highway.h"

// What all targets share, once.
#ifndef COLORLAB_DELTA_E_SHARED
#define COLORLAB_DELTA_E_SHARED
namespace colorlab::color {

constexpr double kNearlyOpposite = 1e-4;
constexpr double kTwentyFiveTo7 = 6103515625.0;
// Cosines and sines of the formula's angles, degrees.
constexpr double kCos6 = 0.99452189536827333692, kSin6 = 0.10452846326765347140;
constexpr double kCos30 = 0.86602540378443864676, kSin30 = 0.5;
constexpr double kCos63 = 0.45399049973954679157, kSin63 = 0.89100652418836786236;
constexpr double kCos275 = 0.08715574274765817356, kSin275 = -0.99619469809174553230;

constexpr std::size_t kBlock = 128;  // pixels

struct DifferenceBlock {
  // In: L*, a*, b* of both sides.
  double l1[kBlock], a1[kBlock], b1[kBlock], l2[kBlock], a2[kBlock], b2[kBlock];
  // Out: the difference's square without its rotation term, what that term is made of, and where
  // only the reference will do (no hue, or opposite ones: not 0).
  double squares[kBlock], dc_dh[kBlock], mean_c[kBlock], cos[kBlock], sin[kBlock], hard[kBlock];
};

}  // namespace colorlab::color
#endif

HWY_BEFORE_NAMESPACE();
namespace colorlab::color::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

HWY_INLINE V Length(V x, V y) { return hn::Sqrt(hn::Add(hn::Mul(x, x), hn::Mul(y, y))); }

// sqrt(x^7 / (x^7 + 25^7)).
HWY_INLINE V Saturation(D d, V x) {
  const V x3 = hn::Mul(hn::Mul(x, x), x), x7 = hn::Mul(hn::Mul(x3, x3), x);
  return hn::Sqrt(hn::Div(x7, hn::Add(x7, hn::Set(d, kTwentyFiveTo7))));
}

// The reference's steps, in its order; products and sums are rounded one by one, so that all
// targets agree to the last bit.
void DifferenceBlocks(DifferenceBlock& block) {
  const D d;
  const V one = hn::Set(d, 1.0), half = hn::Set(d, 0.5);
  for (std::size_t i = 0; i < kBlock; i += hn::Lanes(d)) {
    const V l1 = hn::LoadU(d, block.l1 + i), l2 = hn::LoadU(d, block.l2 + i);
    const V b1 = hn::LoadU(d, block.b1 + i), b2 = hn::LoadU(d, block.b2 + i);
    const V from1 = hn::LoadU(d, block.a1 + i), from2 = hn::LoadU(d, block.a2 + i);
    const V chroma = hn::Mul(half, hn::Add(Length(from1, b1), Length(from2, b2)));
    const V stretch = hn::Add(one, hn::Mul(half, hn::Sub(one, Saturation(d, chroma))));
    const V a1 = hn::Mul(stretch, from1), a2 = hn::Mul(stretch, from2);
    const V c1 = Length(a1, b1), c2 = Length(a2, b2), product = hn::Mul(c1, c2);

    const V dot = hn::Add(hn::Mul(a1, a2), hn::Mul(b1, b2));
    const V cross = hn::Sub(hn::Mul(a1, b2), hn::Mul(b1, a2));
    const V x = hn::Add(hn::Mul(a1, c2), hn::Mul(a2, c1));
    const V y = hn::Add(hn::Mul(b1, c2), hn::Mul(b2, c1));
    const V scale = hn::Div(one, Length(x, y));
    const V c = hn::Mul(x, scale), s = hn::Mul(y, scale);
    const V two = hn::Set(d, 2.0);
    const V narrow =
        hn::Div(hn::Mul(cross, hn::Set(d, std::numbers::sqrt2)), hn::Sqrt(hn::Add(product, dot)));
    const V wide = hn::CopySign(hn::Sqrt(hn::Mul(two, hn::Sub(product, dot))), cross);
    const auto acute = hn::Gt(dot, hn::Zero(d));
    const V delta_h = hn::IfThenElse(acute, narrow, wide);
    const V limit = hn::Mul(hn::Set(d, kNearlyOpposite), product);
    const auto hard =
        hn::Or(hn::Eq(product, hn::Zero(d)), hn::AndNot(acute, hn::Lt(hn::Abs(cross), limit)));

    const V cos2 = hn::Sub(hn::Mul(c, c), hn::Mul(s, s)), sin2 = hn::Mul(two, hn::Mul(s, c));
    const V cos3 = hn::Sub(hn::Mul(cos2, c), hn::Mul(sin2, s));
    const V sin3 = hn::Add(hn::Mul(sin2, c), hn::Mul(cos2, s));
    const V cos4 = hn::Sub(hn::Mul(cos2, cos2), hn::Mul(sin2, sin2));
    const V sin4 = hn::Mul(two, hn::Mul(sin2, cos2));
    V t = hn::Sub(one, hn::Mul(hn::Set(d, 0.17), hn::Add(hn::Mul(c, hn::Set(d, kCos30)),
                                                         hn::Mul(s, hn::Set(d, kSin30)))));
    t = hn::Add(t, hn::Mul(hn::Set(d, 0.24), cos2));
    t = hn::Add(t, hn::Mul(hn::Set(d, 0.32), hn::Sub(hn::Mul(cos3, hn::Set(d, kCos6)),
                                                     hn::Mul(sin3, hn::Set(d, kSin6)))));
    t = hn::Sub(t, hn::Mul(hn::Set(d, 0.20), hn::Add(hn::Mul(cos4, hn::Set(d, kCos63)),
                                                     hn::Mul(sin4, hn::Set(d, kSin63)))));

    const V mean_c = hn::Mul(half, hn::Add(c1, c2));
    const V l50 = hn::Sub(hn::Mul(half, hn::Add(l1, l2)), hn::Set(d, 50.0));
    const V l50_2 = hn::Mul(l50, l50), root = hn::Sqrt(hn::Add(hn::Set(d, 20.0), l50_2));
    const V k15 = hn::Set(d, 0.015);
    const V dl = hn::Div(hn::Mul(hn::Sub(l2, l1), root), hn::Add(root, hn::Mul(k15, l50_2)));
    const V dc = hn::Div(hn::Sub(c2, c1), hn::Add(one, hn::Mul(hn::Set(d, 0.045), mean_c)));
    const V dh = hn::Div(delta_h, hn::Add(one, hn::Mul(hn::Mul(k15, mean_c), t)));
    hn::StoreU(hn::Add(hn::Add(hn::Mul(dl, dl), hn::Mul(dc, dc)), hn::Mul(dh, dh)), d,
               block.squares + i);
    hn::StoreU(hn::Mul(dc, dh), d, block.dc_dh + i);
    hn::StoreU(mean_c, d, block.mean_c + i);
    hn::StoreU(c, d, block.cos + i);
    hn::StoreU(s, d, block.sin + i);
    hn::StoreU(hn::IfThenElseZero(hard, one), d, block.hard + i);
  }
}

}  // namespace

using DifferenceKernel = void (*)(DifferenceBlock&);
DifferenceKernel DifferenceTable() { return DifferenceBlocks; }

}  // namespace colorlab::color::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colorlab {
namespace color {
HWY_EXPORT(DifferenceTable);
}  // namespace color

namespace {

using namespace color;
using color::reference::Lab;

constexpr double kPi = std::numbers::pi;
// Opposite hues are half a turn apart, whatever the last bit of an arc tangent says.
constexpr double kHalfTurn = kPi + 1e-12;

double power7(double x) {
  const double x3 = x * x * x;
  return x3 * x3 * x;
}

double length_of(double x, double y) { return std::sqrt(x * x + y * y); }

double radians(double degrees) { return degrees * (kPi / 180); }

double cie76(const Lab& p, const Lab& q) {
  return std::sqrt((p.l - q.l) * (p.l - q.l) + (p.a - q.a) * (p.a - q.a) +
                   (p.b - q.b) * (p.b - q.b));
}

// Hue angle, 0..2 pi; 0 where there is no chroma.
double hue(double a, double b) {
  if (a == 0 && b == 0) return 0;
  const double angle = std::atan2(b, a);
  return angle < 0 ? angle + 2 * kPi : angle;
}

struct Direction {
  double cos, sin;
};

// What CIEDE2000 needs of two colours' hues: the direction half-way between them along the shorter
// arc, and its Delta H', which is 2 sqrt(C1 C2) sin(half the signed angle from first to second).
struct HuePair {
  Direction mean;
  double delta;
};

// By the formula's convention on angles: where hues are opposite, or so nearly that the direction
// half-way between them cancels out.
HuePair opposite_hues(double a1, double b1, double a2, double b2, double product) {
  const double h1 = hue(a1, b1), h2 = hue(a2, b2);
  const double mean = (h1 + h2) / 2, turn = std::abs(h2 - h1) > kHalfTurn ? -1 : 1;
  return {{turn * std::cos(mean), turn * std::sin(mean)},
          turn * 2 * std::sqrt(product) * std::sin((h2 - h1) / 2)};
}

// By products of the coordinates, whose chromas are c1 and c2, without angles.
HuePair hues(double a1, double b1, double c1, double a2, double b2, double c2) {
  const double product = c1 * c2;
  if (product == 0) {  // a grey has no hue: the other's counts
    const double c = c1 + c2;
    return {c == 0 ? Direction{1, 0} : Direction{(a1 + a2) / c, (b1 + b2) / c}, 0};
  }
  const double dot = a1 * a2 + b1 * b2, cross = a1 * b2 - b1 * a2;
  if (dot < 0 && std::abs(cross) < kNearlyOpposite * product) {
    return opposite_hues(a1, b1, a2, b2, product);
  }
  const double x = a1 * c2 + a2 * c1, y = b1 * c2 + b2 * c1, scale = 1 / length_of(x, y);
  // Of the two ways to write it, the one that subtracts nothing alike.
  const double delta = dot > 0 ? cross * std::numbers::sqrt2 / std::sqrt(product + dot)
                               : std::copysign(std::sqrt(2 * (product - dot)), cross);
  return {{x * scale, y * scale}, delta};
}

// R_T's turn, 60 degrees * exp(-((mean hue - 275 degrees) / 25 degrees)^2). The formula measures on
// from 0 and not around the circle: hues past 360 degrees are far from 275.
double rotation_of(const Direction& mean) {
  const double cos_off = mean.cos * kCos275 + mean.sin * kSin275;
  const double sin_off = mean.sin * kCos275 - mean.cos * kSin275;
  const bool past_360 = mean.sin >= 0 && sin_off > 0;
  if (past_360 || cos_off < -0.9) return 0;  // beyond 154 degrees it is under 1e-16
  const double off_blue = std::atan2(sin_off, cos_off) / radians(25);
  return radians(60) * std::exp(-off_blue * off_blue);
}

// R_C of a mean chroma.
double rotation_weight(double mean_c) {
  const double c7 = power7(mean_c);
  return 2 * std::sqrt(c7 / (c7 + kTwentyFiveTo7));
}

// The reference. Sharma, Wu & Dalal, "The CIEDE2000 color-difference formula", Color Research and
// Application 30 (2005), equations 2-22. Multiples of the mean hue come from its cosine and sine.
// |error| against the formula as printed is under 1e-9.
double ciede2000(const Lab& p, const Lab& q) {
  const double mean_c7 = power7((length_of(p.a, p.b) + length_of(q.a, q.b)) / 2);
  const double g = 0.5 * (1 - std::sqrt(mean_c7 / (mean_c7 + kTwentyFiveTo7)));
  const double a1 = (1 + g) * p.a, a2 = (1 + g) * q.a;
  const double c1 = length_of(a1, p.b), c2 = length_of(a2, q.b);
  const HuePair hue = hues(a1, p.b, c1, a2, q.b, c2);

  const double c = hue.mean.cos, s = hue.mean.sin;
  const double c_2 = c * c - s * s, s_2 = 2 * s * c;
  const double c_3 = c_2 * c - s_2 * s, s_3 = s_2 * c + c_2 * s;
  const double c_4 = c_2 * c_2 - s_2 * s_2, s_4 = 2 * s_2 * c_2;
  const double t = 1 - 0.17 * (c * kCos30 + s * kSin30) + 0.24 * c_2 +
                   0.32 * (c_3 * kCos6 - s_3 * kSin6) - 0.20 * (c_4 * kCos63 + s_4 * kSin63);
  const double mean_l = (p.l + q.l) / 2, mean_c = (c1 + c2) / 2;
  const double l50 = (mean_l - 50) * (mean_l - 50), root = std::sqrt(20 + l50);
  const double dl = (q.l - p.l) * root / (root + 0.015 * l50);
  const double dc = (c2 - c1) / (1 + 0.045 * mean_c);
  const double dh = hue.delta / (1 + 0.015 * mean_c * t);
  double squares = dl * dl + dc * dc + dh * dh;
  if (const double rotation = rotation_of(hue.mean); rotation > 0) {
    squares -= std::sin(rotation) * rotation_weight(mean_c) * dc * dh;
  }
  return std::sqrt(std::max(0.0, squares));
}

void require(bool holds, const char* what) {
  if (!holds) throw Error(ErrorCode::shape, what);
}

Lab lab_at(const PixelView<const double>& view, std::size_t y, std::size_t x) {
  const double* at = view.pixel(y, x);
  return {at[0], at[view.channel_stride], at[2 * view.channel_stride]};
}

// A row of CIEDE2000 differences.
void ciede2000_row(const PixelView<const double>& p, const PixelView<const double>& q,
                   std::size_t y, const PixelView<double>& distance,
                   void (*kernel)(DifferenceBlock&)) {
  DifferenceBlock block{};
  double* to = distance.row(y);
  for (std::size_t begin = 0; begin < p.width; begin += kBlock) {
    const std::size_t n = std::min(kBlock, p.width - begin);
    for (std::size_t i = 0; i < n; ++i) {
      const Lab one = lab_at(p, y, begin + i), two = lab_at(q, y, begin + i);
      block.l1[i] = one.l, block.a1[i] = one.a, block.b1[i] = one.b;
      block.l2[i] = two.l, block.a2[i] = two.a, block.b2[i] = two.b;
    }
    kernel(block);
    for (std::size_t i = 0; i < n; ++i, to += distance.pixel_stride) {
      if (block.hard[i] != 0) {
        *to = ciede2000({block.l1[i], block.a1[i], block.b1[i]},
                        {block.l2[i], block.a2[i], block.b2[i]});
        continue;
      }
      double squares = block.squares[i];
      if (const double rotation = rotation_of({block.cos[i], block.sin[i]}); rotation > 0) {
        squares -= std::sin(rotation) * rotation_weight(block.mean_c[i]) * block.dc_dh[i];
      }
      *to = std::sqrt(std::max(0.0, squares));
    }
  }
}

}  // namespace

void delta_e(PixelView<const double> a, PixelView<const double> b, PixelView<double> distance,
             DeltaE formula, int threads) {
  require(a.channels == 3 && b.channels == 3, "L*a*b* needs 3 channels");
  require(distance.channels == 1, "a distance has 1 channel");
  require(a.height == b.height && a.width == b.width && a.height == distance.height &&
              a.width == distance.width,
          "the images and the distances differ in height or width");
  ensure_target();
  const auto kernel = HWY_DYNAMIC_DISPATCH(DifferenceTable)();
  parallel_rows(a.height, threads_for(a.pixels(), threads),
                [&](std::size_t begin, std::size_t end) {
                  for (std::size_t y = begin; y < end; ++y) {
                    if (formula == DeltaE::ciede2000) {
                      ciede2000_row(a, b, y, distance, kernel);
                      continue;
                    }
                    double* to = distance.row(y);
                    for (std::size_t x = 0; x < a.width; ++x, to += distance.pixel_stride) {
                      *to = cie76(lab_at(a, y, x), lab_at(b, y, x));
                    }
                  }
                });
}

}  // namespace colorlab
#endif
