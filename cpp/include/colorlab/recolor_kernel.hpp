// Full-resolution lightness and a*b* to sRGB, fused: nothing of full size is held in between.
#pragma once

#include <cstddef>

#include "colorlab/image_view.hpp"

namespace colorlab {

// a* and b* of a row that lies between two others: first + weight * (second - first), in planes of
// the row's width. For a row that is there already, name it twice and let `weight` be 0.
struct AbRows {
  const float* a[2] = {nullptr, nullptr};
  const float* b[2] = {nullptr, nullptr};
  float weight = 0;
};

// `width` pixels of interleaved RGB from L* (0..100) and a*b*; colours outside sRGB lose chroma at
// constant L* and hue. Values outside their range are treated as lab_to_rgb (color.hpp) treats
// them. Returns how many pixels lost chroma. `rgb` overlaps no other row. T: uint8_t, uint16_t,
// float.
template <class T>
std::size_t recolor_row(const float* l, const AbRows& ab, T* rgb, std::size_t width);

// The same for a whole image: `lightness` is displayed grey (uint8_t, uint16_t) or L* (float), one
// channel; `ab_low` (h x w x 2) is interpolated linearly with half-pixel centres. Returns how many
// pixels lost chroma. In: uint8_t, uint16_t, float; T: uint8_t, uint16_t. Throws Error(shape).
template <class In, class T>
std::size_t recolor_bilinear(ImageView<const In> lightness, ImageView<const float> ab_low,
                             ImageView<T> rgb, int threads);

}  // namespace colorlab
