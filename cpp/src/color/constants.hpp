// The numbers of sRGB and CIE L*a*b*, from the standards' own fractions.
#pragma once

#include <array>

namespace colorlab::color {

using Row = std::array<double, 3>;
using Matrix = std::array<Row, 3>;

// CIE 15:2018: f(t) = cbrt(t) above epsilon, (kappa t + 16) / 116 below.
inline constexpr double kEpsilon = 216.0 / 24389.0;  // (6/29)^3
inline constexpr double kKappa = 24389.0 / 27.0;     // (29/3)^3
inline constexpr double kFEpsilon = 6.0 / 29.0;      // f(epsilon)

// IEC 61966-2-1: linear below the threshold, a power above.
inline constexpr double kDecodeThreshold = 0.04045;
inline constexpr double kEncodeThreshold = 0.0031308;
inline constexpr double kLinearSlope = 12.92;
inline constexpr double kOffset = 0.055;
inline constexpr double kGamma = 2.4;

// ITU-R BT.709 primaries and D65 as IEC 61966-2-1 gives them: chromaticities x, y.
inline constexpr double kPrimaries[3][2] = {{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}};
inline constexpr double kWhite[2] = {0.3127, 0.3290};

// ITU-R BT.601, the luma of JPEG (JFIF) files.
inline constexpr Row kLuma601 = {0.299, 0.587, 0.114};

constexpr Matrix inverse(const Matrix& m) {
  const auto cofactor = [&m](int i, int j) {
    const int a = (i + 1) % 3, b = (i + 2) % 3, c = (j + 1) % 3, d = (j + 2) % 3;
    return m[a][c] * m[b][d] - m[a][d] * m[b][c];
  };
  const double det = m[0][0] * cofactor(0, 0) + m[0][1] * cofactor(0, 1) + m[0][2] * cofactor(0, 2);
  Matrix result{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) result[j][i] = cofactor(i, j) / det;
  }
  return result;
}

// Linear RGB to (X/Xn, Y/Yn, Z/Zn): each row sums to 1, so that greys are neutral.
constexpr Matrix white_relative_xyz_from_rgb() {
  Matrix primaries{};  // columns: XYZ of each primary at Y = 1
  Row white{};
  const auto component = [](const double(&xy)[2], int i) {
    return (i == 0 ? xy[0] : i == 1 ? xy[1] : 1.0 - xy[0] - xy[1]) / xy[1];
  };
  for (int i = 0; i < 3; ++i) {
    white[i] = component(kWhite, i);
    for (int j = 0; j < 3; ++j) primaries[i][j] = component(kPrimaries[j], i);
  }
  const Matrix solve = inverse(primaries);
  Matrix result{};
  for (int j = 0; j < 3; ++j) {
    double luminance = 0;
    for (int k = 0; k < 3; ++k) luminance += solve[j][k] * white[k];
    for (int i = 0; i < 3; ++i) result[i][j] = primaries[i][j] * luminance / white[i];
  }
  return result;
}

inline constexpr Matrix kXyzFromRgb = white_relative_xyz_from_rgb();
inline constexpr Matrix kRgbFromXyz = inverse(kXyzFromRgb);

// Linear channels this far outside 0..1 still count as shown: rounding noise of float Lab, and far
// below half an 8-bit code.
inline constexpr double kGamutTolerance = 5e-6;
inline constexpr double kMaxChromaticity = 1000.0;  // a* and b* are clamped to +- this

}  // namespace colorlab::color
