// BT.601 luma Y' of gamma-encoded samples, and how code values of each type count.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace colorlab::pipeline {

constexpr float kLumaR = 0.299F;
constexpr float kLumaG = 0.587F;
constexpr float kLumaB = 0.114F;

// The code value of white.
template <class T>
constexpr float kWhite =
    std::is_floating_point_v<T> ? 1.0F : static_cast<float>(std::numeric_limits<T>::max());

// A sample as 0..1; NaN reads as 0.
template <class T>
[[nodiscard]] inline float unit_of(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return value > 0 ? std::min(value, 1.0F) : 0.0F;
  } else {
    return static_cast<float>(value) * (1.0F / kWhite<T>);
  }
}

// 0..1 as the nearest sample.
template <class T>
[[nodiscard]] inline T sample_of(float unit) {
  if constexpr (std::is_floating_point_v<T>) {
    return unit;
  } else {
    return static_cast<T>(std::clamp(unit, 0.0F, 1.0F) * kWhite<T> + 0.5F);
  }
}

// Y' (0..1) of a pixel of 1 or 3 channels.
template <class T>
[[nodiscard]] inline float luma_of(const T* pixel, std::size_t channels) {
  if (channels == 1) return unit_of(pixel[0]);
  return kLumaR * unit_of(pixel[0]) + kLumaG * unit_of(pixel[1]) + kLumaB * unit_of(pixel[2]);
}

}  // namespace colorlab::pipeline
