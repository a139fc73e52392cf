#include "pipeline/row_kernels.hpp"

#include <limits>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pipeline/row_kernels.cpp"
#include "hwy/foreach_target.h"  // compiles this file once per SIMD target
//
#include "base/for_each-inl.h"
#include "color/constants.hpp"
#include "color/dispatch.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::pipeline::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using colorlab::HWY_NAMESPACE::ForEach;

constexpr float kLuma[3] = {static_cast<float>(color::kLuma601[0]),
                            static_cast<float>(color::kLuma601[1]),
                            static_cast<float>(color::kLuma601[2])};
template <class T>
constexpr float kWhite =
    std::is_floating_point_v<T> ? 1.0F : static_cast<float>(std::numeric_limits<T>::max());

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Unit(D d, V x) {
  return hn::Min(hn::Max(hn::IfThenElseZero(hn::Eq(x, x), x), hn::Zero(d)), hn::Set(d, 1.0F));
}

// Samples as floats of 0..1.
template <class D, class S>
HWY_INLINE hn::Vec<D> UnitOf(D d, S samples) {
  using T = hn::TFromV<S>;
  if constexpr (std::is_same_v<T, float>) {
    return Unit(d, samples);
  } else {
    const hn::RebindToSigned<D> di;
    return hn::Mul(hn::ConvertTo(d, hn::PromoteTo(di, samples)), hn::Set(d, 1.0F / kWhite<T>));
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V LumaOf(D d, V red, V green, V blue) {
  const V sum = hn::MulAdd(blue, hn::Set(d, kLuma[2]), hn::Mul(red, hn::Set(d, kLuma[0])));
  return hn::MulAdd(green, hn::Set(d, kLuma[1]), sum);
}

template <class T>
void Luma(const T* HWY_RESTRICT pixels, std::size_t channels, std::size_t n,
          float* HWY_RESTRICT luma) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::Rebind<T, decltype(d)> dt;
    if (channels == 1) {
      hn::StoreU(UnitOf(d, hn::LoadU(dt, pixels + i)), d, luma + i);
    } else {
      auto red = hn::Undefined(dt), green = hn::Undefined(dt), blue = hn::Undefined(dt);
      hn::LoadInterleaved3(dt, pixels + 3 * i, red, green, blue);
      hn::StoreU(LumaOf(d, UnitOf(d, red), UnitOf(d, green), UnitOf(d, blue)), d, luma + i);
    }
  });
}

template <class T>
void RoundToLuma(const Planes& rgb, const float* HWY_RESTRICT wanted, std::size_t n,
                 T* HWY_RESTRICT out) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::Rebind<T, decltype(d)> dt;
    const auto rounded = [&](auto x) HWY_ATTR {
      x = hn::Mul(Unit(d, x), hn::Set(d, kWhite<T>));
      if constexpr (std::is_floating_point_v<T>) {
        return x;
      } else {
        return hn::Round(x);
      }
    };
    auto red = rounded(hn::LoadU(d, rgb.channel[0] + i));
    auto green = rounded(hn::LoadU(d, rgb.channel[1] + i));
    auto blue = rounded(hn::LoadU(d, rgb.channel[2] + i));
    const auto scale = hn::Set(d, 1.0F / kWhite<T>);
    const auto target = hn::Mul(hn::LoadU(d, wanted + i), hn::Set(d, kWhite<T>));
    const auto take_up = [&](auto& channel, float weight) HWY_ATTR {
      const auto lost = hn::Sub(target, LumaOf(d, red, green, blue));
      const auto moved = hn::MulAdd(lost, hn::Set(d, 1.0F / weight), channel);
      channel = rounded(hn::Mul(moved, scale));
    };
    take_up(green, kLuma[1]);
    take_up(red, kLuma[0]);
    take_up(blue, kLuma[2]);
    const auto sample = [&](auto x) HWY_ATTR {
      if constexpr (std::is_floating_point_v<T>) {
        return x;
      } else {
        const hn::RebindToSigned<decltype(d)> di;
        return hn::DemoteTo(dt, hn::ConvertTo(di, x));
      }
    };
    hn::StoreInterleaved3(sample(red), sample(green), sample(blue), dt, out + 3 * i);
  });
}

Difference DifferenceOf(const float* HWY_RESTRICT x, const float* HWY_RESTRICT y, std::size_t n) {
  const hn::ScalableTag<float> d;
  auto largest = hn::Zero(d);
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto delta = hn::Abs(hn::Sub(hn::LoadU(d, x + i), hn::LoadU(d, y + i)));
    largest = hn::Max(largest, delta);
    sum = hn::Add(sum, delta);
  }
  Difference result{hn::GetLane(hn::MaxOfLanes(d, largest)), hn::GetLane(hn::SumOfLanes(d, sum))};
  for (; i < n; ++i) {
    const float delta = x[i] < y[i] ? y[i] - x[i] : x[i] - y[i];
    if (delta > result.max) result.max = delta;
    result.sum += delta;
  }
  return result;
}

float LargestOf(const float* HWY_RESTRICT x, std::size_t n) {
  const hn::ScalableTag<float> d;
  auto largest = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    largest = hn::Max(largest, hn::Abs(hn::LoadU(d, x + i)));
  }
  float result = hn::GetLane(hn::MaxOfLanes(d, largest));
  for (; i < n; ++i) result = HWY_MAX(result, x[i] < 0 ? -x[i] : x[i]);
  return result;
}

float Narrow(const Planes& rgb, const float* HWY_RESTRICT wanted, const Search& search,
             std::size_t n, float* HWY_RESTRICT l) {
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto place = hn::LoadU(d, l + i);
    const auto luma = LumaOf(d, hn::LoadU(d, rgb.channel[0] + i), hn::LoadU(d, rgb.channel[1] + i),
                             hn::LoadU(d, rgb.channel[2] + i));
    const auto value = hn::Sub(luma, hn::LoadU(d, wanted + i));
    const auto rising = hn::Lt(value, hn::Zero(d));  // the meeting point lies above
    const auto low = hn::IfThenElse(rising, place, hn::LoadU(d, search.low + i));
    const auto high = hn::IfThenElse(rising, hn::LoadU(d, search.high + i), place);
    const auto run = hn::Sub(place, hn::LoadU(d, search.place + i));
    const auto rise = hn::Sub(value, hn::LoadU(d, search.value + i));
    const auto secant = hn::Sub(place, hn::Div(hn::Mul(value, run), rise));
    const auto within = hn::And(hn::Gt(secant, low), hn::Lt(secant, high));  // NaN is not
    const auto middle = hn::Mul(hn::Add(low, high), hn::Set(d, 0.5F));
    const auto found = hn::Le(hn::Abs(value), hn::Set(d, kLumaFound));
    hn::StoreU(low, d, search.low + i);
    hn::StoreU(high, d, search.high + i);
    hn::StoreU(place, d, search.place + i);
    hn::StoreU(value, d, search.value + i);
    const auto next = hn::IfThenElse(within, secant, middle);
    hn::StoreU(hn::IfThenElse(found, place, next), d, l + i);
  });
  return LargestOf(search.value, n);
}

void Halve(const std::uint8_t* HWY_RESTRICT upper, const std::uint8_t* HWY_RESTRICT lower,
           std::size_t pairs, std::uint16_t* HWY_RESTRICT out) {
  ForEach(pairs, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::Rebind<std::uint8_t, decltype(d)> codes;
    const hn::Rebind<std::uint16_t, decltype(d)> wide;
    auto left = hn::Undefined(codes), right = hn::Undefined(codes);
    hn::LoadInterleaved2(codes, upper + 2 * i, left, right);
    auto sum = hn::Add(hn::PromoteTo(wide, left), hn::PromoteTo(wide, right));
    hn::LoadInterleaved2(codes, lower + 2 * i, left, right);
    sum = hn::Add(sum, hn::Add(hn::PromoteTo(wide, left), hn::PromoteTo(wide, right)));
    // 257 sum / 4, rounded, without leaving 16 bits.
    const auto rest = hn::ShiftRight<2>(hn::Add(sum, hn::Set(wide, std::uint16_t{2})));
    hn::StoreU(hn::Add(hn::ShiftLeft<6>(sum), rest), wide, out + i);
  });
}

void CbCr(const std::uint16_t* HWY_RESTRICT rgb, std::size_t n, std::uint8_t* HWY_RESTRICT out) {
  constexpr float kCode = 65535.0F / 255;
  constexpr float kToBlue = 0.5F / (1.0F - kLuma[2]) / kCode;
  constexpr float kToRed = 0.5F / (1.0F - kLuma[0]) / kCode;
  ForEach(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::Rebind<std::uint16_t, decltype(d)> samples;
    const hn::Rebind<std::uint8_t, decltype(d)> codes;
    const hn::RebindToSigned<decltype(d)> di;
    auto r = hn::Undefined(samples), g = hn::Undefined(samples), b = hn::Undefined(samples);
    hn::LoadInterleaved3(samples, rgb + 3 * i, r, g, b);
    const auto number = [&](auto x) HWY_ATTR { return hn::ConvertTo(d, hn::PromoteTo(di, x)); };
    const auto red = number(r), blue = number(b);
    const auto luma = LumaOf(d, red, number(g), blue);
    const auto code = [&](auto channel, float scale) HWY_ATTR {
      const auto value = hn::MulAdd(hn::Sub(channel, luma), hn::Set(d, scale), hn::Set(d, 128.5F));
      return hn::DemoteTo(codes, hn::ConvertTo(di, value));  // saturates
    };
    hn::StoreInterleaved2(code(blue, kToBlue), code(red, kToRed), codes, out + 2 * i);
  });
}

constexpr RowKernels kKernels{{{Luma<std::uint8_t>, RoundToLuma<std::uint8_t>},
                               {Luma<std::uint16_t>, RoundToLuma<std::uint16_t>},
                               {Luma<float>, RoundToLuma<float>}},
                              DifferenceOf,
                              Narrow,
                              Halve,
                              CbCr};
const RowKernels* Table() { return &kKernels; }

}  // namespace
}  // namespace colorlab::pipeline::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colorlab::pipeline {

HWY_EXPORT(Table);

const RowKernels& row_kernels() {
  color::ensure_target();
  return *HWY_DYNAMIC_DISPATCH(Table)();
}

}  // namespace colorlab::pipeline
#endif
