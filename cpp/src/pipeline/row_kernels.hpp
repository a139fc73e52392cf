// The loops over rows that recolouring adds to those of color and resample.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/for_samples.hpp"

namespace colorlab::pipeline {

// Planar rows of R'G'B' or Lab.
struct Planes {
  float* channel[3];
};

// For each pixel the L* between which Y' of its colour meets the photo's, where the search looked
// last, and Y' minus the photo's there.
struct Search {
  float *low, *high, *place, *value;
};
inline constexpr float kLumaFound = 0.02F / 255;  // Y' so near is left to rounding

struct Difference {
  float max = 0;  // of |x - y|
  double sum = 0;

  Difference& operator+=(const Difference& more) {
    max = std::max(max, more.max);
    sum += more.sum;
    return *this;
  }
};

// For pixels of T = std::uint8_t, std::uint16_t or float.
template <class T>
struct PhotoKernels {
  // BT.601 luma Y' = 0.299 R' + 0.587 G' + 0.114 B' (0..1) of grey (1 channel) or RGB pixels; NaN
  // reads as 0, values outside 0..1 are clamped.
  void (*luma)(const T* pixels, std::size_t channels, std::size_t n, float* luma);
  // R'G'B' in 0..1 as samples whose Y' is nearest to `wanted`: red and blue are rounded, green
  // takes up what they lost, and where it is at an end of its range, red and then blue do.
  void (*round_to_luma)(const Planes& rgb, const float* wanted, std::size_t n, T* out);
};

struct RowKernels {
  ForSamples<PhotoKernels> photo;
  Difference (*difference)(const float* x, const float* y, std::size_t n);
  // Takes Y' of the colours at lightness `l` into the search, and moves `l` to the next place to
  // look at unless it is found: by the secant through the last two places, or to the middle where
  // that leads astray. Returns the largest |Y' - wanted|.
  float (*narrow)(const Planes& rgb, const float* wanted, const Search& search, std::size_t n,
                  float* l);

  // Averages of two by two codes of 8 bits in 16 bits, rounded: (2 pairs) samples of either row.
  void (*halve)(const std::uint8_t* upper, const std::uint8_t* lower, std::size_t pairs,
                std::uint16_t* out);
  // JFIF's Cb and Cr (BT.601, 128 is none) of RGB in 16 bits, both interleaved.
  void (*cbcr)(const std::uint16_t* rgb, std::size_t n, std::uint8_t* out);
};

// Those of the best SIMD target, or of the forced one (colorlab/cpu.hpp).
[[nodiscard]] const RowKernels& row_kernels();

}  // namespace colorlab::pipeline
