// One thing for each type of sample.
#pragma once

#include <cstdint>

namespace colorlab {

template <template <class> class Thing>
struct ForSamples {
  Thing<std::uint8_t> u8;
  Thing<std::uint16_t> u16;
  Thing<float> f32;

  template <class T>
  [[nodiscard]] const Thing<T>& of() const {
    if constexpr (sizeof(T) == 1) {
      return u8;
    } else if constexpr (sizeof(T) == 2) {
      return u16;
    } else {
      return f32;
    }
  }
};

}  // namespace colorlab
