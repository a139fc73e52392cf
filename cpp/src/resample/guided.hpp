// What guided upsampling knows of a photo: its low-resolution colour and how colour follows
// lightness.
#pragma once

#include <cstddef>
#include <vector>

#include "colorlab/image_view.hpp"

namespace colorlab::resample {

struct GuidedOptions {
  std::size_t radius = 1;     // of the windows, in low-resolution pixels
  double epsilon = 5.0;       // ridge: variance of L* at which a slope is halved
  double chroma_noise = 4.0;  // variance of a* plus b* that needs no explanation
};

// The planes of a guided field: chroma is a + slope_a (L* - l), b + slope_b (L* - l), with every
// plane interpolated linearly to full size and L* the lightness there.
enum GuidedPlane : std::size_t { kA, kB, kL, kSlopeA, kSlopeB, kGuidedPlanes };

// kGuidedPlanes planes of h x w, one after the other, for a photo of `height` x `width`. `ab` is
// h x w x 2, `l` its lightness area-reduced to h x w.
// a, b and l are made area-consistent (consistent.hpp). Slopes are fitted to them as the guided
// filter does (He, Sun & Tang 2013, eq. 5; at low resolution as in He & Sun 2015): least squares
// over each window with ridge epsilon. Each counts by the square of the share of chroma's variance
// that it explains, so that texture without colour stays without; the slopes of the windows that
// hold a pixel are averaged with the spread of their lightness as weight (after Chen et al. 2020,
// weighted aggregation), so that an edge is not diluted by the flat windows beside it.
// The defaults are the best of benchmarks/chroma_upsampling.py.
[[nodiscard]] std::vector<float> fit_guided(ImageView<const float> ab, ImageView<const float> l,
                                            std::size_t height, std::size_t width,
                                            const GuidedOptions& options);

}  // namespace colorlab::resample
