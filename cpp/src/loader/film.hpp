// A crop's grey as an old photograph would show it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colorlab/loader.hpp"

namespace colorlab::loader {

// Memory that a worker uses again for each sample.
struct FilmScratch {
  std::vector<float> grey, blurred, kernel;
  std::vector<std::uint8_t> bytes;
};

// L* (0..100) of a square crop of sRGB-encoded `rgb` 0..1, altered in the order of a photograph's
// life: exposure (response, blur), print (gamma, contrast), grain, fading, scan (jpeg). All that is
// drawn is a function of `key`. Returns false, and leaves `lightness` alone, when nothing is
// altered.
[[nodiscard]] bool film_lightness(const std::vector<float>& rgb, std::size_t side,
                                  const FilmOptions& options, std::uint64_t key,
                                  FilmScratch& scratch, std::vector<float>& lightness);

}  // namespace colorlab::loader
