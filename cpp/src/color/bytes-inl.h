// Moving bytes: planes to interleaved pixels and back, and tables over 8-bit codes. AVX-512 VBMI
// permutes 64 bytes at once; the other targets do it plainly.

// Included once per target; see foreach_target.h.
#if defined(COLORLAB_COLOR_BYTES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLORLAB_COLOR_BYTES_INL_H_
#undef COLORLAB_COLOR_BYTES_INL_H_
#else
#define COLORLAB_COLOR_BYTES_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "color/kernels.hpp"
#include "color/math-inl.h"
#include "color/segments.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colorlab::color::HWY_NAMESPACE {

// Four vectors of floats in 0..255 to bytes, rounded to nearest.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
constexpr bool kPacksFour = true;
HWY_INLINE void StoreFour(V v0, V v1, V v2, V v3, std::uint8_t* to) {
  const __m512i low = _mm512_packus_epi32(_mm512_cvtps_epi32(v0.raw), _mm512_cvtps_epi32(v1.raw)),
                high = _mm512_packus_epi32(_mm512_cvtps_epi32(v2.raw), _mm512_cvtps_epi32(v3.raw));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  _mm512_storeu_si512(to, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high)));
}
#elif HWY_TARGET == HWY_AVX2
constexpr bool kPacksFour = true;
HWY_INLINE void StoreFour(V v0, V v1, V v2, V v3, std::uint8_t* to) {
  const __m256i low = _mm256_packus_epi32(_mm256_cvtps_epi32(v0.raw), _mm256_cvtps_epi32(v1.raw)),
                high = _mm256_packus_epi32(_mm256_cvtps_epi32(v2.raw), _mm256_cvtps_epi32(v3.raw));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
}
#else
constexpr bool kPacksFour = false;
void StoreFour(V, V, V, V, std::uint8_t*);  // not called
#endif

#if HWY_TARGET == HWY_AVX3_DL

// Byte indices of one 64-byte permutation.
struct alignas(64) Shuffle {
  std::uint8_t at[64];
  [[nodiscard]] HWY_INLINE __m512i load() const { return _mm512_load_si512(at); }
};

// TableOf below takes bytes in this order and gives floats in the pixels' order: the 4 x 4 blocks
// of four bytes are transposed, which the unpacking within 128-bit lanes undoes.
constexpr std::size_t PixelAt(std::size_t position) {
  const std::size_t lane = position / 16, group = position / 4 % 4, byte = position % 4;
  return 16 * group + 4 * lane + byte;
}
constexpr Shuffle Transposed() {
  Shuffle shuffle{};
  for (std::size_t i = 0; i < 64; ++i) shuffle.at[i] = static_cast<std::uint8_t>(PixelAt(i));
  return shuffle;
}
// One channel out of 64 interleaved pixels; 192 bytes, the last third of which is looked up apart.
constexpr Shuffle Deinterleaved(std::size_t channel) {
  Shuffle shuffle{};
  for (std::size_t i = 0; i < 64; ++i) {
    shuffle.at[i] = static_cast<std::uint8_t>(3 * PixelAt(i) + channel);
  }
  return shuffle;
}
constexpr std::uint64_t FromLastThird(const Shuffle& shuffle) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    if (shuffle.at[i] >= 128) mask |= std::uint64_t{1} << i;
  }
  return mask;
}
// A third of 64 interleaved pixels out of red and green (0..127) and blue.
constexpr Shuffle Interleaved(std::size_t third) {
  Shuffle shuffle{};
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t sample = 64 * third + i;
    shuffle.at[i] = static_cast<std::uint8_t>(sample / 3 + 64 * (sample % 3 == 1 ? 1 : 0));
  }
  return shuffle;
}
constexpr std::uint64_t FromBlue(std::size_t third) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    if ((64 * third + i) % 3 == 2) mask |= std::uint64_t{1} << i;
  }
  return mask;
}

// A ByteTable held in 16 registers.
class TableOf {
 public:
  explicit TableOf(const ByteTable& table) {
    for (int p = 0; p < 4; ++p) {
      for (int q = 0; q < 4; ++q) plane_[p][q] = _mm512_load_si512(table.plane[p] + 64 * q);
    }
  }
  // The floats of 64 codes that come in the order of PixelAt.
  HWY_INLINE void operator()(__m512i codes, float* HWY_RESTRICT out) const {
    const __mmask64 upper = _mm512_movepi8_mask(codes);
    __m512i byte[4];
    for (int p = 0; p < 4; ++p) {
      byte[p] =
          _mm512_mask_blend_epi8(upper, _mm512_permutex2var_epi8(plane_[p][0], codes, plane_[p][1]),
                                 _mm512_permutex2var_epi8(plane_[p][2], codes, plane_[p][3]));
    }
    const __m512i low0 = _mm512_unpacklo_epi8(byte[0], byte[1]),
                  low1 = _mm512_unpackhi_epi8(byte[0], byte[1]),
                  high0 = _mm512_unpacklo_epi8(byte[2], byte[3]),
                  high1 = _mm512_unpackhi_epi8(byte[2], byte[3]);
    _mm512_storeu_si512(out, _mm512_unpacklo_epi16(low0, high0));
    _mm512_storeu_si512(out + 16, _mm512_unpackhi_epi16(low0, high0));
    _mm512_storeu_si512(out + 32, _mm512_unpacklo_epi16(low1, high1));
    _mm512_storeu_si512(out + 48, _mm512_unpackhi_epi16(low1, high1));
  }

 private:
  __m512i plane_[4][4];
};

HWY_INLINE void LookUp(const ByteTable& values, const std::uint8_t* HWY_RESTRICT codes,
                       std::size_t n, float* HWY_RESTRICT out) {
  static constexpr Shuffle kOrder = Transposed();
  const TableOf table(values);
  const __m512i order = kOrder.load();
  for (std::size_t i = 0; i < n; i += 64) {
    table(_mm512_permutexvar_epi8(order, _mm512_loadu_si512(codes + i)), out + i);
  }
}

template <std::size_t kChannel>
HWY_INLINE void LookUpChannel(const TableOf& table, const std::uint8_t* HWY_RESTRICT pixels,
                              std::size_t n, float* HWY_RESTRICT out) {
  static constexpr Shuffle kOrder = Deinterleaved(kChannel);
  constexpr std::uint64_t kLast = FromLastThird(kOrder);
  const __m512i order = kOrder.load();
  for (std::size_t i = 0; i < n; i += 64) {
    const std::uint8_t* at = pixels + 3 * i;
    const __m512i codes = _mm512_mask_permutexvar_epi8(
        _mm512_permutex2var_epi8(_mm512_loadu_si512(at), order, _mm512_loadu_si512(at + 64)), kLast,
        order, _mm512_loadu_si512(at + 128));
    table(codes, out + i);
  }
}

HWY_INLINE void LookUp3(const ByteTable& values, const Row3<const std::uint8_t>& row, std::size_t n,
                        float (*HWY_RESTRICT out)[kStrip]) {
  if (row.step == 1) {
    for (int c = 0; c < 3; ++c) LookUp(values, row.channel[c], n, out[c]);
    return;
  }
  const TableOf table(values);
  LookUpChannel<0>(table, row.channel[0], n, out[0]);
  LookUpChannel<1>(table, row.channel[0], n, out[1]);
  LookUpChannel<2>(table, row.channel[0], n, out[2]);
}

template <std::size_t kThird>
HWY_INLINE void StoreThird(__m512i red, __m512i green, __m512i blue, std::uint8_t* to) {
  static constexpr Shuffle kOrder = Interleaved(kThird);
  const __m512i order = kOrder.load();
  _mm512_storeu_si512(to + 64 * kThird,
                      _mm512_mask_permutexvar_epi8(_mm512_permutex2var_epi8(red, order, green),
                                                   FromBlue(kThird), order, blue));
}

HWY_INLINE void Interleave(const std::uint8_t (*HWY_RESTRICT from)[kStrip], std::size_t n,
                           std::uint8_t* HWY_RESTRICT to) {
  for (std::size_t i = 0; i < n; i += 64, to += 192) {
    const __m512i red = _mm512_load_si512(from[0] + i), green = _mm512_load_si512(from[1] + i),
                  blue = _mm512_load_si512(from[2] + i);
    StoreThird<0>(red, green, blue, to);
    StoreThird<1>(red, green, blue, to);
    StoreThird<2>(red, green, blue, to);
  }
}

#else

// A table's float from memory to memory by way of a general register: plain loads and stores beat
// gathers, and the empty statement keeps compilers from gathering lane by lane themselves.
HWY_INLINE void CopyValue(const ByteTable& values, std::uint8_t code, float* to) {
  std::uint32_t bits;
  std::memcpy(&bits, values.value + code, sizeof(bits));
  asm("" : "+r"(bits));
  std::memcpy(to, &bits, sizeof(bits));
}

HWY_INLINE void LookUp(const ByteTable& values, const std::uint8_t* HWY_RESTRICT codes,
                       std::size_t n, float* HWY_RESTRICT out) {
  for (std::size_t i = 0; i < n; ++i) CopyValue(values, codes[i], out + i);
}

HWY_INLINE void LookUp3(const ByteTable& values, const Row3<const std::uint8_t>& row, std::size_t n,
                        float (*HWY_RESTRICT out)[kStrip]) {
  if (row.step == 1) {
    for (int c = 0; c < 3; ++c) LookUp(values, row.channel[c], n, out[c]);
    return;
  }
  const std::uint8_t* HWY_RESTRICT pixels = row.channel[0];
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < 3; ++c) CopyValue(values, pixels[3 * i + c], out[c] + i);
  }
}

HWY_INLINE void Interleave(const std::uint8_t (*HWY_RESTRICT from)[kStrip], std::size_t n,
                           std::uint8_t* HWY_RESTRICT to) {
  const hwy::HWY_NAMESPACE::CappedTag<std::uint8_t, kBlock> d8;
  const std::size_t step = hwy::HWY_NAMESPACE::Lanes(d8);
  for (std::size_t i = 0; i < n; i += step) {
    hwy::HWY_NAMESPACE::StoreInterleaved3(
        hwy::HWY_NAMESPACE::LoadU(d8, from[0] + i), hwy::HWY_NAMESPACE::LoadU(d8, from[1] + i),
        hwy::HWY_NAMESPACE::LoadU(d8, from[2] + i), d8, to + 3 * i);
  }
}

#endif

}  // namespace colorlab::color::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
