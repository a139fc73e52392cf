// The guided filter's local linear models, fitted at low resolution.
#pragma once

#include <cstddef>
#include <vector>

#include "colorlab/image_view.hpp"

namespace colorlab::resample {

struct GuidedOptions {
  std::size_t radius = 2;  // of the window, in low-resolution pixels
  double epsilon = 4.0;    // variance of L* below which a window counts as flat
};

// Four planes of h x w, one after the other: s_a, t_a, s_b, t_b, with a* ~ s_a L* + t_a and
// b* ~ s_b L* + t_b (He, Sun & Tang 2013, eq. 5, 6 and 8: least squares over each window with ridge
// `epsilon`, then the mean of all windows that hold a pixel). Windows are cut at the borders.
// `ab` is h x w x 2, `l` the lightness reduced to h x w.
[[nodiscard]] std::vector<float> fit_guided(ImageView<const float> ab, ImageView<const float> l,
                                            const GuidedOptions& options);

}  // namespace colorlab::resample
