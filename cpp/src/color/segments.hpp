// Smooth functions as piecewise polynomials, and tables over all 8-bit codes; made at first use
// from reference.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "color/constants.hpp"

namespace colorlab::color {

// Four segments for each octave of the argument, eight octaves; segment s of the octave that begins
// at x covers x * [1 + s/4, 1 + (s+1)/4) and is a polynomial in (argument's significand, brought
// to 1..1.25 of its segment) - 1.125. A segment's number is its floats' bits >> 21, modulo 32.
template <std::size_t kTerms>
struct Segments {
  alignas(64) float c[kTerms][32];
};

// CIE's f on [epsilon, 1.25); error below 6e-8 of the value.
[[nodiscard]] const Segments<5>& f_segments();

// OETF of (x - shift) / scale: the shift leads the steep start away from zero, the scale keeps x =
// 1 below 1.
struct Affine {
  float shift, scale;
};
inline constexpr Affine kEncodeArgument = {1.0F / 256.0F, 1.0F - 1.0F / 256.0F - 1.0F / 1048576.0F};
// The power alone, without the linear start; error below 6e-8.
[[nodiscard]] const Segments<5>& encode_segments();

// The same for 8-bit codes, where the linear start ends where the second octave, 2^-7, begins: it
// fills the first one and needs no choice. Times 255; error below 5e-4 of a code.
inline constexpr Affine encode_8bit_argument() {
  constexpr double kEnd = 1 - 1.0 / 1048576.0;
  constexpr double kShift = (1.0 / 128 - kEncodeThreshold * kEnd) / (1 - kEncodeThreshold);
  return {static_cast<float>(kShift), static_cast<float>(kEnd - kShift)};
}
[[nodiscard]] const Segments<4>& encode_segments_8bit();

// 256 floats, also as four planes of their bytes (least significant first) for byte permutations.
struct ByteTable {
  alignas(64) float value[256];
  alignas(64) std::uint8_t plane[4][256];
};
[[nodiscard]] const ByteTable& decode_table();          // linear light of an 8-bit code
[[nodiscard]] const ByteTable& grey_lightness_table();  // L* of an 8-bit grey

}  // namespace colorlab::color
