#include "colorlab/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <type_traits>
#include <vector>

#include "color/reference.hpp"
#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"

namespace colorlab {
namespace {

using color::reference::Lab;

constexpr double kPi = std::numbers::pi;
// Opposite hues are half a turn apart, whatever the last bit of an arc tangent says.
constexpr double kHalfTurn = kPi + 1e-12;
constexpr double kNearlyOpposite = 1e-9;
constexpr double kTwentyFiveTo7 = 6103515625.0;
// Cosines and sines of the formula's angles, degrees.
constexpr double kCos6 = 0.99452189536827333692, kSin6 = 0.10452846326765347140;
constexpr double kCos30 = 0.86602540378443864676, kSin30 = 0.5;
constexpr double kCos63 = 0.45399049973954679157, kSin63 = 0.89100652418836786236;
constexpr double kCos275 = 0.08715574274765817356, kSin275 = -0.99619469809174553230;

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

// By the formula's convention on angles, for opposite hues, between which no arc is shorter.
HuePair opposite_hues(double a1, double b1, double a2, double b2, double product) {
  const double h1 = hue(a1, b1), h2 = hue(a2, b2);
  const double mean = (h1 + h2) / 2;
  return {{std::cos(mean), std::sin(mean)}, 2 * std::sqrt(product) * std::sin((h2 - h1) / 2)};
}

// By products of the coordinates, whose chromas are c1 and c2, without angles.
HuePair hues(double a1, double b1, double c1, double a2, double b2, double c2) {
  const double product = c1 * c2;
  if (product == 0) {  // a grey has no hue: the other's counts
    const double c = c1 + c2;
    return {c == 0 ? Direction{1, 0} : Direction{(a1 + a2) / c, (b1 + b2) / c}, 0};
  }
  const double dot = a1 * a2 + b1 * b2, cross = a1 * b2 - b1 * a2;
  if (dot < 0 && std::abs(cross) < kNearlyOpposite * product &&
      std::abs(hue(a2, b2) - hue(a1, b1)) <= kHalfTurn) {
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

// Sharma, Wu & Dalal, "The CIEDE2000 color-difference formula", Color Research and Application 30
// (2005), equations 2-22. Multiples of the mean hue come from its cosine and sine. |error| against
// the formula as printed is under 1e-9.
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
    const double prime_c7 = power7(mean_c);
    const double rc = 2 * std::sqrt(prime_c7 / (prime_c7 + kTwentyFiveTo7));
    squares -= std::sin(rotation) * rc * dc * dh;
  }
  return std::sqrt(std::max(0.0, squares));
}

void require(bool holds, const char* what) {
  if (!holds) throw Error(ErrorCode::shape, what);
}

template <class T>
const T* pixel(const PixelView<const T>& view, std::size_t y, std::size_t x) {
  return view.row(y) + static_cast<std::ptrdiff_t>(x) * view.pixel_stride;
}

Lab lab_at(const PixelView<const double>& view, std::size_t y, std::size_t x) {
  const double* at = pixel(view, y, x);
  return {at[0], at[view.channel_stride], at[2 * view.channel_stride]};
}

// Sums of the opponents and of their squares; integers stay below 2^53, so that they are exact.
struct Sums {
  double rg = 0, rg2 = 0, yb = 0, yb2 = 0;

  void add(double rg_, double yb_) {
    rg += rg_;
    rg2 += rg_ * rg_;
    yb += yb_;
    yb2 += yb_ * yb_;
  }
  void add(const Sums& other) {
    rg += other.rg;
    rg2 += other.rg2;
    yb += other.yb;
    yb2 += other.yb2;
  }
};

}  // namespace

void delta_e(PixelView<const double> a, PixelView<const double> b, PixelView<double> distance,
             DeltaE formula, int threads) {
  require(a.channels == 3 && b.channels == 3, "L*a*b* needs 3 channels");
  require(distance.channels == 1, "a distance has 1 channel");
  require(a.height == b.height && a.width == b.width && a.height == distance.height &&
              a.width == distance.width,
          "the images and the distances differ in height or width");
  const auto of = formula == DeltaE::cie76 ? cie76 : ciede2000;
  parallel_rows(a.height, threads_for(a.pixels(), threads),
                [&](std::size_t begin, std::size_t end) {
                  for (std::size_t y = begin; y < end; ++y) {
                    double* to = distance.row(y);
                    for (std::size_t x = 0; x < a.width; ++x, to += distance.pixel_stride) {
                      *to = of(lab_at(a, y, x), lab_at(b, y, x));
                    }
                  }
                });
}

template <class T>
double colorfulness(PixelView<const T> rgb, Colorfulness variant, int threads) {
  require(rgb.channels == 3, "colourfulness needs 3 channels");
  if (rgb.pixels() == 0) return 0;
  std::vector<Sums> rows(rgb.height);
  parallel_rows(
      rgb.height, threads_for(rgb.pixels(), threads), [&](std::size_t begin, std::size_t end) {
        for (std::size_t y = begin; y < end; ++y) {
          for (std::size_t x = 0; x < rgb.width; ++x) {
            const T* at = pixel(rgb, y, x);
            const double r = at[0], g = at[rgb.channel_stride], b = at[2 * rgb.channel_stride];
            const double rg = r - g, yb = 0.5 * (r + g) - b;
            if (variant == Colorfulness::absolute) {
              rows[y].add(std::abs(rg), std::abs(yb));
            } else {
              rows[y].add(rg, yb);
            }
          }
        }
      });
  Sums sums;
  for (const Sums& row : rows) sums.add(row);
  const auto n = static_cast<double>(rgb.pixels());
  const double mean_rg = sums.rg / n, mean_yb = sums.yb / n;
  const double variances =
      std::max(0.0, sums.rg2 / n - mean_rg * mean_rg + sums.yb2 / n - mean_yb * mean_yb);
  const double to_codes =
      std::is_integral_v<T> ? 255.0 / static_cast<double>(std::numeric_limits<T>::max()) : 255.0;
  return to_codes * (std::sqrt(variances) + 0.3 * std::sqrt(mean_rg * mean_rg + mean_yb * mean_yb));
}

template double colorfulness<std::uint8_t>(PixelView<const std::uint8_t>, Colorfulness, int);
template double colorfulness<std::uint16_t>(PixelView<const std::uint16_t>, Colorfulness, int);
template double colorfulness<float>(PixelView<const float>, Colorfulness, int);

}  // namespace colorlab
