// The specification: scalar, double precision, one pixel at a time. Kernels are tested against it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "color/constants.hpp"
#include "colorlab/color.hpp"

namespace colorlab::color::reference {

struct Rgb {
  double r = 0, g = 0, b = 0;
};
struct Lab {
  double l = 0, a = 0, b = 0;
};

// NaN reads as 0.
inline double clamp(double value, double low, double high) {
  return value > low ? (value < high ? value : high) : (value <= low ? low : 0.0);
}

// EOTF: sRGB-encoded 0..1 to linear light 0..1.
inline double decode(double encoded) {
  return encoded <= kDecodeThreshold ? encoded / kLinearSlope
                                     : std::pow((encoded + kOffset) / (1 + kOffset), kGamma);
}

// OETF: linear light 0..1 to sRGB-encoded 0..1.
inline double encode(double linear) {
  return linear <= kEncodeThreshold ? linear * kLinearSlope
                                    : (1 + kOffset) * std::pow(linear, 1 / kGamma) - kOffset;
}

inline double f(double t) { return t > kEpsilon ? std::cbrt(t) : (kKappa * t + 16) / 116; }
inline double f_inverse(double f) { return f > kFEpsilon ? f * f * f : (116 * f - 16) / kKappa; }

inline double dot(const Row& row, double x, double y, double z) {
  return row[0] * x + row[1] * y + row[2] * z;
}

inline Lab lab_from_rgb(const Rgb& encoded) {
  const double r = decode(clamp(encoded.r, 0, 1)), g = decode(clamp(encoded.g, 0, 1)),
               b = decode(clamp(encoded.b, 0, 1));
  const double fx = f(dot(kXyzFromRgb[0], r, g, b)), fy = f(dot(kXyzFromRgb[1], r, g, b)),
               fz = f(dot(kXyzFromRgb[2], r, g, b));
  return {116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)};
}

inline double lightness_of_grey(double encoded) {
  return 116 * f(decode(clamp(encoded, 0, 1))) - 16;
}

// Unbounded: out-of-gamut colours give channels outside 0..1.
inline Rgb linear_from_lab(const Lab& lab) {
  const double fy = (lab.l + 16) / 116;
  const double x = f_inverse(fy + lab.a / 500), y = f_inverse(fy), z = f_inverse(fy - lab.b / 200);
  return {dot(kRgbFromXyz[0], x, y, z), dot(kRgbFromXyz[1], x, y, z), dot(kRgbFromXyz[2], x, y, z)};
}

inline bool in_gamut(const Rgb& linear) {
  const auto shown = [](double c) { return c >= -kGamutTolerance && c <= 1 + kGamutTolerance; };
  return shown(linear.r) && shown(linear.g) && shown(linear.b);
}

// The largest factor 0..1 of a* and b* that sRGB can show at this L* and hue, by bisection.
inline double chroma_scale(const Lab& lab) {
  if (in_gamut(linear_from_lab(lab))) return 1;
  double low = 0, high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (in_gamut(linear_from_lab({lab.l, middle * lab.a, middle * lab.b})) ? low : high) = middle;
  }
  return low;
}

inline Lab sanitised(const Lab& lab) {
  return {clamp(lab.l, 0, 100), clamp(lab.a, -kMaxChromaticity, kMaxChromaticity),
          clamp(lab.b, -kMaxChromaticity, kMaxChromaticity)};
}

// sRGB-encoded 0..1.
inline Rgb rgb_from_lab(const Lab& given, Gamut gamut) {
  Lab lab = sanitised(given);
  if (gamut == Gamut::chroma) {
    const double scale = chroma_scale(lab);
    lab.a *= scale;
    lab.b *= scale;
  }
  const Rgb linear = linear_from_lab(lab);
  const auto shown = [](double c) { return encode(clamp(c, 0, 1)); };
  return {shown(linear.r), shown(linear.g), shown(linear.b)};
}

}  // namespace colorlab::color::reference
