// sRGB (IEC 61966-2-1) <-> CIE 1976 L*a*b* under D65, 2 degree observer.
// Maximum |error| against cpp/src/color/reference.hpp: 1e-4 in L*, a* and b*, on every SIMD target.
#pragma once

#include <cstddef>
#include <cstdint>

#include "colorlab/image_view.hpp"
#include "colorlab/pixel_view.hpp"

namespace colorlab {

// What becomes of a colour that sRGB cannot show.
enum class Gamut : std::uint8_t {
  clip,    // clamp each encoded channel: cheap; changes lightness and hue
  chroma,  // reduce C* at constant L* and hue until it fits: lightness is kept
};

// All functions below take T = std::uint8_t, std::uint16_t or float, in any layout (PixelView) or
// interleaved (ImageView), and need input and output that do not overlap.

// RGB samples are sRGB-encoded: 0..255, 0..65535 or float 0..1. `rgb` has 3 channels, `lab` 3,
// `l` 1. NaN reads as 0; values outside 0..1 are clamped. Shapes must agree (Error(shape)
// otherwise). `threads` <= 0 means choose.
template <class T>
void rgb_to_lab(PixelView<const T> rgb, PixelView<float> lab, int threads);

// scale * L* + offset of RGB (3 channels) or of displayed grey (1 channel); L* is 0..100, and 1/50
// and -1 make it a generator's input.
template <class T>
void lightness(PixelView<const T> image, PixelView<float> l, int threads, float scale = 1,
               float offset = 0);

// L* is clamped to 0..100, a* and b* to -1000..1000; NaN reads as 0. Integers are rounded to
// nearest. Returns how many pixels lost chroma; 0 with Gamut::clip.
template <class T>
std::size_t lab_to_rgb(PixelView<const float> lab, PixelView<T> rgb, Gamut gamut, int threads);

template <class T>
void rgb_to_lab(ImageView<const T> rgb, ImageView<float> lab, int threads) {
  rgb_to_lab(PixelView<const T>(rgb), PixelView<float>(lab), threads);
}
template <class T>
void lightness(ImageView<const T> image, ImageView<float> l, int threads) {
  lightness(PixelView<const T>(image), PixelView<float>(l), threads);
}
template <class T>
std::size_t lab_to_rgb(ImageView<const float> lab, ImageView<T> rgb, Gamut gamut, int threads) {
  return lab_to_rgb(PixelView<const float>(lab), PixelView<T>(rgb), gamut, threads);
}

}  // namespace colorlab
