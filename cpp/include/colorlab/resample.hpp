// The two resolutions: area reduction to the network's size, and chroma back to full size.
#pragma once

#include <cstdint>

#include "colorlab/image_view.hpp"

namespace colorlab {

enum class Upsample : std::uint8_t {
  bilinear,  // the reference: smooth, bleeds over edges
  guided,    // follows the edges of the full-resolution lightness
};

// Resizes float pixels of any channel count, each axis by itself: exact area (box) averages where
// it shrinks, linear interpolation with half-pixel centres where it grows.
void resize_area(ImageView<const float> source, ImageView<float> target, int threads);

// Brings `ab_low` (h x w x 2) to the size of `l` (H x W x 1, L* 0..100) in `ab` (H x W x 2).
// bilinear: plain, half-pixel centres. guided: bilinear on samples that keep the area averages
// given, plus the detail of the full-resolution lightness times local slopes of a* and b* over L*,
// fitted at low resolution (fast guided filter, He & Sun 2015); O(1) per pixel. Deterministic over
// threads.
void upsample_ab(ImageView<const float> ab_low, ImageView<const float> l, ImageView<float> ab,
                 Upsample method, int threads);

}  // namespace colorlab
