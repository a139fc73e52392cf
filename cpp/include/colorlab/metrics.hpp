// How far colours are apart, and how colourful an image is. All in double precision.
#pragma once

#include <cstdint>

#include "colorlab/pixel_view.hpp"

namespace colorlab {

enum class DeltaE : std::uint8_t {
  cie76,      // Euclidean distance in L*a*b*
  ciede2000,  // CIE 142-2001, kL = kC = kH = 1 (Sharma, Wu & Dalal 2005)
};

// `a` and `b` have 3 channels, `distance` 1, all of one size (Error(shape) otherwise).
void delta_e(PixelView<const double> a, PixelView<const double> b, PixelView<double> distance,
             DeltaE formula, int threads);

enum class Colorfulness : std::uint8_t {
  hasler,    // Hasler & Suesstrunk 2003: signed opponents rg = R - G, yb = (R + G) / 2 - B
  absolute,  // |rg| and |yb|, as DDColor's and CT2's evaluations compute it
};

// sqrt(var rg + var yb) + 0.3 sqrt((mean rg)^2 + (mean yb)^2) of RGB pixels, on the scale of 8-bit
// codes whatever T is; 0 for an image without pixels. Sums are kept by row: the result does not
// depend on `threads`.
template <class T>
[[nodiscard]] double colorfulness(PixelView<const T> rgb, Colorfulness variant, int threads);

}  // namespace colorlab
