// Smooth functions as piecewise polynomials, and tables over all 8-bit codes; made at first use
// from reference.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "color/constants.hpp"

namespace colorlab::color {

// As many segments as a vector register has lanes, or two of them: kPerOctave (1 or 4) for each of
// eight octaves of the argument. Segment s of the octave that begins at x covers
// x * [1 + s/kPerOctave, 1 + (s+1)/kPerOctave) and is a polynomial in the argument's significand,
// brought to the first segment of an octave, minus that one's centre.
template <std::size_t kTerms, int kPerOctave>
struct Segments {
  static constexpr int kCount = 8 * kPerOctave;
  static constexpr int kShift = kPerOctave == 4 ? 21 : 23;  // a float's bits >> this, modulo
                                                            // kCount, are the number of its segment
  static constexpr float kHalf = 0.5F / kPerOctave;         // of the first segment's width
  alignas(64) float c[kTerms][kCount];
};

// CIE's f on [epsilon, 1.25); error below 6e-8 of the value.
[[nodiscard]] const Segments<5, 4>& f_segments();

// OETF of (x - shift) / scale: the shift leads the steep start away from zero, the scale keeps x =
// 1 below 1.
struct Affine {
  float shift, scale;
};
inline constexpr Affine kEncodeArgument = {1.0F / 256.0F, 1.0F - 1.0F / 256.0F - 1.0F / 1048576.0F};
// The power alone, without the linear start; error below 6e-8.
[[nodiscard]] const Segments<5, 4>& encode_segments();

// The same for 8-bit codes, where the linear start ends where the second octave, 2^-7, begins: it
// fills the first one and needs no choice. Times 255; error below 6e-4 of a code, or 2e-3 for
// vectors of eight.
inline constexpr Affine encode_8bit_argument() {
  constexpr double kEnd = 1 - 1.0 / 1048576.0;
  constexpr double kShift = (1.0 / 128 - kEncodeThreshold * kEnd) / (1 - kEncodeThreshold);
  return {static_cast<float>(kShift), static_cast<float>(kEnd - kShift)};
}
[[nodiscard]] const Segments<4, 4>& encode_segments_8bit();
[[nodiscard]] const Segments<6, 1>& encode_segments_8bit_of_8();

// 256 floats, also as four planes of their bytes (least significant first) for byte permutations.
struct ByteTable {
  alignas(64) float value[256];
  alignas(64) std::uint8_t plane[4][256];
};
[[nodiscard]] const ByteTable& decode_table();          // linear light of an 8-bit code
[[nodiscard]] const ByteTable& grey_lightness_table();  // L* of an 8-bit grey

}  // namespace colorlab::color
