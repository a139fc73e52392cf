// The reference, row by row.
#include <cmath>
#include <limits>
#include <type_traits>

#include "color/kernels.hpp"
#include "color/reference.hpp"

namespace colorlab::color {
namespace {

template <class T>
constexpr double kMax = std::is_integral_v<T> ? std::numeric_limits<T>::max() : 1.0;

template <class T>
reference::Rgb load(const Row3<const T>& rgb, std::size_t i) {
  const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(i) * rgb.step;
  return {rgb.channel[0][at] / kMax<T>, rgb.channel[1][at] / kMax<T>, rgb.channel[2][at] / kMax<T>};
}

template <class T>
T sample(double encoded) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(std::lround(encoded * kMax<T>));
  } else {
    return static_cast<T>(encoded);
  }
}

template <class T>
void rgb_to_lab(const Row3<const T>& rgb, const Row3<float>& lab, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const reference::Lab pixel = reference::lab_from_rgb(load(rgb, i));
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(i) * lab.step;
    lab.channel[0][at] = static_cast<float>(pixel.l);
    lab.channel[1][at] = static_cast<float>(pixel.a);
    lab.channel[2][at] = static_cast<float>(pixel.b);
  }
}

template <class T>
void lightness(const Row3<const T>& rgb, float* l, std::size_t n, float scale, float offset) {
  for (std::size_t i = 0; i < n; ++i) {
    l[i] = static_cast<float>(reference::lab_from_rgb(load(rgb, i)).l) * scale + offset;
  }
}

template <class T>
void grey_lightness(const T* grey, float* l, std::size_t n, float scale, float offset) {
  for (std::size_t i = 0; i < n; ++i) {
    l[i] = static_cast<float>(reference::lightness_of_grey(grey[i] / kMax<T>)) * scale + offset;
  }
}

template <class T>
void lab_to_rgb(const Row3<const float>& lab, const Row3<T>& rgb, std::size_t n, bool chroma) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(i) * lab.step;
    const reference::Rgb pixel =
        reference::rgb_from_lab({lab.channel[0][from], lab.channel[1][from], lab.channel[2][from]},
                                chroma ? Gamut::chroma : Gamut::clip);
    const std::ptrdiff_t to = static_cast<std::ptrdiff_t>(i) * rgb.step;
    rgb.channel[0][to] = sample<T>(pixel.r);
    rgb.channel[1][to] = sample<T>(pixel.g);
    rgb.channel[2][to] = sample<T>(pixel.b);
  }
}

template <class T>
constexpr RowKernels<T> kRows = {rgb_to_lab<T>, lightness<T>, grey_lightness<T>, lab_to_rgb<T>};

}  // namespace

const Kernels& kernels() {
  static constexpr Kernels table = {kRows<std::uint8_t>, kRows<std::uint16_t>, kRows<float>};
  return table;
}

}  // namespace colorlab::color
