// One training sample from one photograph.
#pragma once

#include <cstdint>
#include <vector>

#include "colorlab/loader.hpp"
#include "loader/film.hpp"

namespace colorlab::loader {

// Memory that a worker uses again for each sample.
struct Scratch {
  std::vector<float> crop, rgb, lab, lightness;
  FilmScratch film;
};

// Where a sample of crop * crop pixels goes: channels-last, 1 and 2 channels.
struct SampleTarget {
  float* lightness;
  float* ab;
};

// Decodes the photo, crops a square as (options.seed, k, attempt) says, reduces and converts it.
// Throws Error when the photo cannot be read.
void make_sample(const PhotoItem& item, const LoaderOptions& options, std::uint64_t k,
                 std::uint64_t attempt, Scratch& scratch, const SampleTarget& target);

}  // namespace colorlab::loader
