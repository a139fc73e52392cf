// Rows of samples that begin on a cache line: wide vector loads across two lines cost double.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace colorlab {

inline constexpr std::size_t kCacheLine = 64;  // bytes

struct AlignedDelete {
  void operator()(void* rows) const { ::operator delete(rows, std::align_val_t{kCacheLine}); }
};
template <class T>
using AlignedRows = std::unique_ptr<T[], AlignedDelete>;

// `samples` of T, not initialised; throws std::bad_alloc.
template <class T>
AlignedRows<T> aligned_rows(std::size_t samples) {
  static_assert(std::is_trivially_default_constructible_v<T>);
  return AlignedRows<T>(
      static_cast<T*>(::operator new(samples * sizeof(T), std::align_val_t{kCacheLine})));
}

}  // namespace colorlab
