// The row kernels: one table of functions per SIMD target. Rows are whole multiples of kBlock
// pixels; the callers pad what is left over.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/for_samples.hpp"

namespace colorlab::color {

inline constexpr std::size_t kBlock = 64;   // pixels; a multiple of every target's vector
inline constexpr std::size_t kStrip = 512;  // pixels worked on at a time: they stay in the L1 cache

// Three channels of a row of pixels: planar (step 1) or interleaved (step 3).
template <class T>
struct Row3 {
  T* channel[3] = {nullptr, nullptr, nullptr};
  std::ptrdiff_t step = 1;

  [[nodiscard]] Row3 from(std::size_t pixel) const {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(pixel) * step;
    return {{channel[0] + at, channel[1] + at, channel[2] + at}, step};
  }
};

template <class T>
struct ForwardRows {
  void (*rgb_to_lab)(const Row3<const T>& rgb, const Row3<float>& lab, std::size_t n);
  // scale * L* + offset of RGB, or of displayed grey.
  void (*lightness)(const Row3<const T>& rgb, float* l, std::size_t n, float scale, float offset);
  void (*grey_lightness)(const T* grey, float* l, std::size_t n, float scale, float offset);
};

// With `chroma`, the number of pixels whose chroma was reduced is returned, else 0.
template <class T>
struct BackwardRows {
  std::size_t (*lab_to_rgb)(const Row3<const float>& lab, const Row3<T>& rgb, std::size_t n,
                            bool chroma);
};

// The tables of the active target (cpu.hpp).
[[nodiscard]] const ForSamples<ForwardRows>& forward_kernels();
[[nodiscard]] const ForSamples<BackwardRows>& backward_kernels();

}  // namespace colorlab::color
