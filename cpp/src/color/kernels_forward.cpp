// sRGB to L*a*b* or to L* alone, by rows. Each strip is made linear first, then transformed.
#include <type_traits>

#include "color/dispatch.hpp"
#include "color/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "color/kernels_forward.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file again for each target:
#include "color/bytes-inl.h"
#include "color/floats-inl.h"
#include "color/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::color::HWY_NAMESPACE {
namespace {

using Strip = float[3][kStrip];

// Linear light of samples that were brought to 0..1.
template <class T>
HWY_INLINE V LinearOf(D d, V sample) {
  if constexpr (std::is_integral_v<T>) {
    return Decode(d, hn::Mul(sample, hn::Set(d, 1.0F / 65535.0F)));
  } else {
    return Decode(d, Clamp(d, ZeroIfNaN(sample), 0, 1));
  }
}

template <class T>
HWY_INLINE void Linearise(const Row3<const T>& rgb, std::size_t n, Strip& linear) {
  if constexpr (sizeof(T) == 1) {
    LookUp3(decode_table(), rgb, n, linear);
  } else {
    const D d;
    for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
      V r, g, b;
      LoadPixels(d, rgb, i, r, g, b);
      hn::Store(LinearOf<T>(d, r), d, linear[0] + i);
      hn::Store(LinearOf<T>(d, g), d, linear[1] + i);
      hn::Store(LinearOf<T>(d, b), d, linear[2] + i);
    }
  }
}

template <int kStep>
HWY_INLINE void LabOfStrip(const FCurve& f, const Strip& linear, std::size_t n,
                           const Row3<float>& lab) {
  const D d;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const V r = hn::Load(d, linear[0] + i), g = hn::Load(d, linear[1] + i),
            b = hn::Load(d, linear[2] + i);
    const V fx = f(d, Dot(d, kXyzFromRgb[0], r, g, b)), fy = f(d, Dot(d, kXyzFromRgb[1], r, g, b)),
            fz = f(d, Dot(d, kXyzFromRgb[2], r, g, b));
    StorePixels<kStep>(d, hn::MulSub(fy, hn::Set(d, 116.0F), hn::Set(d, 16.0F)),
                       hn::Mul(hn::Sub(fx, fy), hn::Set(d, 500.0F)),
                       hn::Mul(hn::Sub(fy, fz), hn::Set(d, 200.0F)), lab, i);
  }
}

template <class T>
void RgbToLab(const Row3<const T>& rgb, const Row3<float>& lab, std::size_t n) {
  alignas(64) Strip linear;
  const FCurve f;
  for (std::size_t i = 0; i < n; i += kStrip) {
    const std::size_t count = HWY_MIN(kStrip, n - i);
    Linearise<T>(rgb.from(i), count, linear);
    if (lab.step == 1) {
      LabOfStrip<1>(f, linear, count, lab.from(i));
    } else {
      LabOfStrip<3>(f, linear, count, lab.from(i));
    }
  }
}

// scale * L* + offset of luminance.
class LightnessOf {
 public:
  LightnessOf(float scale, float offset) : scale_(116 * scale), offset_(offset - 16 * scale) {}
  HWY_INLINE V operator()(D d, V luminance) const {
    return hn::MulAdd(f_(d, luminance), hn::Set(d, scale_), hn::Set(d, offset_));
  }

 private:
  FCurve f_;
  float scale_, offset_;
};

template <class T>
void Lightness(const Row3<const T>& rgb, float* HWY_RESTRICT l, std::size_t n, float scale,
               float offset) {
  const D d;
  alignas(64) Strip linear;
  const LightnessOf lightness(scale, offset);
  for (std::size_t i = 0; i < n; i += kStrip) {
    const std::size_t count = HWY_MIN(kStrip, n - i);
    Linearise<T>(rgb.from(i), count, linear);
    for (std::size_t k = 0; k < count; k += hn::Lanes(d)) {
      const V luminance = Dot(d, kXyzFromRgb[1], hn::Load(d, linear[0] + k),
                              hn::Load(d, linear[1] + k), hn::Load(d, linear[2] + k));
      hn::StoreU(lightness(d, luminance), d, l + i + k);
    }
  }
}

template <class T>
void GreyLightness(const T* HWY_RESTRICT grey, float* HWY_RESTRICT l, std::size_t n, float scale,
                   float offset) {
  const D d;
  if constexpr (sizeof(T) == 1) {
    LookUp(grey_lightness_table(), grey, n, l);
    if (scale == 1 && offset == 0) return;
    for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
      const V scaled = hn::MulAdd(hn::LoadU(d, l + i), hn::Set(d, scale), hn::Set(d, offset));
      hn::StoreU(scaled, d, l + i);
    }
  } else {
    const LightnessOf lightness(scale, offset);
    for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
      hn::StoreU(lightness(d, LinearOf<T>(d, LoadSamples(d, grey + i))), d, l + i);
    }
  }
}

}  // namespace

const ForSamples<ForwardRows>* ForwardTable() {
  static constexpr ForSamples<ForwardRows> kTable = {
      {RgbToLab<std::uint8_t>, Lightness<std::uint8_t>, GreyLightness<std::uint8_t>},
      {RgbToLab<std::uint16_t>, Lightness<std::uint16_t>, GreyLightness<std::uint16_t>},
      {RgbToLab<float>, Lightness<float>, GreyLightness<float>}};
  return &kTable;
}

}  // namespace colorlab::color::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colorlab::color {

HWY_EXPORT(ForwardTable);

const ForSamples<ForwardRows>& forward_kernels() {
  ensure_target();
  return *HWY_DYNAMIC_DISPATCH(ForwardTable)();
}

}  // namespace colorlab::color
#endif
