// Full-resolution lightness and a*b* to sRGB, a row at a time: what recolouring is made of.
#pragma once

#include <cstddef>

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
// them. Returns how many pixels lost chroma. No two of the rows may overlap. T: uint8_t, uint16_t,
// float.
template <class T>
std::size_t recolor_row(const float* l, const AbRows& ab, T* rgb, std::size_t width);

// What became of a row's lightness.
struct RowDeltas {
  double max_l = 0, sum_l = 0;        // of |L* made - L* wanted|
  double max_luma = 0, sum_luma = 0;  // of |Y' made - Y' wanted| (BT.601), in 8-bit code values
};

// Compares a row of interleaved RGB with the L* it was made from and with the luma (channels = 1)
// or RGB (channels = 3) of the original.
template <class T>
RowDeltas measure_row(const T* rgb, const float* l, const T* original, std::size_t channels,
                      std::size_t width);

}  // namespace colorlab
