// The colour core's functions on single rows.
#pragma once

#include <cstddef>

#include "colorlab/color.hpp"
#include "colorlab/pixel_view.hpp"

namespace colorlab::pipeline {

// L* (0..100) of a row of displayed grey (1 channel) or RGB (3).
template <class T>
void lightness_of_row(const T* pixels, std::size_t channels, std::size_t n, float* l) {
  lightness<T>(PixelView<const T>(ImageView<const T>(pixels, 1, n, channels)),
               PixelView<float>(ImageView<float>(l, 1, n, 1)), 1);
}

// Planar Lab, whose rows lie `stride` apart, as RGB: interleaved, or planar likewise.
// Returns how many pixels lost chroma.
template <class T>
std::size_t rgb_of_row(const float* lab, std::size_t stride, std::size_t n, PixelView<T> rgb) {
  const auto apart = static_cast<std::ptrdiff_t>(stride);
  return lab_to_rgb<T>(PixelView<const float>(lab, 1, n, 3, apart, 1, apart), rgb, Gamut::chroma,
                       1);
}

}  // namespace colorlab::pipeline
