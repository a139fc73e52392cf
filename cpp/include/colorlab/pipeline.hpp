// A photograph to the network and back: pixels -> lightness tensor, and pixels + ab -> colour.
#pragma once

#include <cstdint>

#include "colorlab/cancel.hpp"
#include "colorlab/image_view.hpp"
#include "colorlab/resample.hpp"

namespace colorlab {

enum class Preserve : std::uint8_t {
  lightness,  // output L* equals the displayed L* of the input (film, scans)
  luma,       // output Y' (BT.601, R'G'B') equals the input's: files desaturated digitally
};

// What was promised about lightness, measured on the pixels returned.
struct Certificate {
  double max_delta_l = 0;      // max |L* out - L* in|
  double mean_delta_l = 0;     // mean |L* out - L* in|
  double max_delta_luma = 0;   // max |Y' out - Y' in|, in 8-bit code values
  double mean_delta_luma = 0;  // mean of the same
  double reduced_chroma = 0;   // share of pixels, 0..1, whose chroma had to shrink to fit sRGB
};

// Pixels (1 = grey or 3 = RGB channels; uint8, uint16, float) to the generator's input
// L*/50 - 1, area-reduced to the size of `tensor` (1 channel). `cancel` may be null.
template <class T>
void preprocess(ImageView<const T> image, ImageView<float> tensor, int threads,
                CancelToken* cancel = nullptr);

// Colours `image` (1 or 3 channels) with `ab_low` (h x w x 2, signed a* and b*) into `rgb` (same
// size and depth, 3 channels); `rgb` must not overlap `image`.
template <class T>
Certificate recolor(ImageView<const T> image, ImageView<const float> ab_low, ImageView<T> rgb,
                    Preserve preserve, Upsample method, int threads, CancelToken* cancel = nullptr);

// The same pixels without measuring them, which is about half of the work: for whoever measures
// later, or shows a preview.
template <class T>
void recolor_uncertified(ImageView<const T> image, ImageView<const float> ab_low, ImageView<T> rgb,
                         Preserve preserve, Upsample method, int threads,
                         CancelToken* cancel = nullptr);

}  // namespace colorlab
