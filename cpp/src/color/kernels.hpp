// The row kernels: one table of functions per SIMD target.
#pragma once

#include <cstddef>
#include <cstdint>

namespace colorlab::color {

// Three channels of a row of pixels: planar (step 1) or interleaved (step 3).
template <class T>
struct Row3 {
  T* channel[3] = {nullptr, nullptr, nullptr};
  std::ptrdiff_t step = 1;
};

template <class T>
struct RowKernels {
  void (*rgb_to_lab)(const Row3<const T>& rgb, const Row3<float>& lab, std::size_t n);
  // scale * L* + offset of RGB, or of displayed grey.
  void (*lightness)(const Row3<const T>& rgb, float* l, std::size_t n, float scale, float offset);
  void (*grey_lightness)(const T* grey, float* l, std::size_t n, float scale, float offset);
  void (*lab_to_rgb)(const Row3<const float>& lab, const Row3<T>& rgb, std::size_t n, bool chroma);
};

struct Kernels {
  RowKernels<std::uint8_t> u8;
  RowKernels<std::uint16_t> u16;
  RowKernels<float> f32;

  template <class T>
  [[nodiscard]] const RowKernels<T>& of() const {
    if constexpr (sizeof(T) == 1) {
      return u8;
    } else if constexpr (sizeof(T) == 2) {
      return u16;
    } else {
      return f32;
    }
  }
};

// The table of the active target (cpu.hpp).
[[nodiscard]] const Kernels& kernels();

}  // namespace colorlab::color
