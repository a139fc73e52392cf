// What is fuzzed: each target takes any bytes and may end in colorlab::Error, in nothing worse.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace colorlab::fuzz {

using Bytes = std::span<const std::uint8_t>;

void jpeg(Bytes bytes);
void png(Bytes bytes);
void tiff(Bytes bytes);
void webp(Bytes bytes);
void bmp(Bytes bytes);
void exif(Bytes bytes);           // an EXIF block: read, made upright, carried into a TIFF
void icc(Bytes bytes);            // an ICC profile: used for pixels of every colour model
void lossless_luma(Bytes bytes);  // a JPEG that gets chroma

struct Target {
  const char* name;
  void (*run)(Bytes);
};

inline constexpr std::array kTargets = {
    Target{"jpeg", jpeg}, Target{"png", png},
    Target{"tiff", tiff}, Target{"webp", webp},
    Target{"bmp", bmp},   Target{"exif", exif},
    Target{"icc", icc},   Target{"lossless_luma", lossless_luma}};

}  // namespace colorlab::fuzz
