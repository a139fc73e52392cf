// Samples whose linear interpolation has the given area averages.
#pragma once

#include <cstddef>

#include "resample/plane.hpp"

namespace colorlab::resample {

// A reduced image holds averages, and interpolating averages as if they were samples blurs them
// once more. This replaces the averages in `plane` by the samples which, interpolated linearly to
// `height` x `width` and area-averaged back, give the averages again. Along each axis that is a
// tridiagonal system of rows near (1/8, 3/4, 1/8); its side weights are held to 1/8, so that it
// stays well conditioned at every ratio (no frequency is amplified more than twice per axis). Exact
// for whole ratios of 2 and more; nothing happens along an axis that does not grow. O(1) per
// sample.
void make_consistent(Plane& plane, std::size_t height, std::size_t width);

}  // namespace colorlab::resample
