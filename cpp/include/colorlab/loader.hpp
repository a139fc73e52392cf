// Training photos as batches: folders, files and tar shards, decoded, cropped and converted
// natively. Sample k is a function of (seed, k) alone: the same batches for any number of threads,
// and a run resumes by starting at its next k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "colorlab/limits.hpp"

namespace colorlab {

struct PhotoItem {
  std::string source;        // the photo's file, or the tar that holds it
  std::string name;          // its name in the folder or tar
  std::uint64_t offset = 0;  // where its bytes start in `source`
  std::uint64_t size = 0;    // how many
};

// Every photo below the given files, folders (recursive) and .tar shards, sorted within each
// source. Known by extension here (jpg jpeg png webp, any case), by content when decoded.
[[nodiscard]] std::vector<PhotoItem> index_photos(
    const std::vector<std::filesystem::path>& sources);

// Old photographs in place of clean greys: what the network sees is altered, the ab that it is to
// find stay the photo's own. Each effect is drawn anew per sample, from nothing up to its strength;
// 0 leaves it out.
struct FilmOptions {
  double share = 1.0;     // of the samples that are altered at all
  double response = 0.0;  // 0..1: from luminance (0) to what one of four emulsions recorded (1)
  double blur = 0.0;      // 0..4: standard deviation in pixels of the crop
  double gamma = 0.0;     // 0..2: the exponent is 2^-gamma .. 2^gamma, on encoded values
  double contrast = 0.0;  // 0..2: slope about middle grey 1 .. 2^contrast, ends cut off
  double fading = 0.0;    // 0..0.9: of the range from black to white that is lost
  double grain = 0.0;     // 0..0.5: standard deviation at middle grey, encoded 0..1
  double jpeg = 0.0;      // 0..1: qualities from 95 down to 95 - 75 jpeg
};

struct LoaderOptions {
  std::size_t batch = 16;
  std::size_t crop = 128;   // side of the square crops
  double min_scale = 0.6;   // crops take a square of min_scale..1 of the short side, area-reduced
  bool flip = true;         // mirror half of the samples
  float ab_scale = 110.0F;  // ab come divided by this
  std::uint64_t seed = 0;
  std::uint64_t first_sample = 0;
  int threads = 1;
  std::size_t queue = 4;        // finished batches that may wait
  std::vector<double> weights;  // per item, drawn with replacement; empty: each photo once an epoch
  FilmOptions film{};
  Limits limits{};
};

struct FailedPhoto {
  std::string path;  // "shard.tar/name.jpg" for tar members
  std::string reason;
};

class PhotoLoader {
 public:
  PhotoLoader(std::vector<PhotoItem> items, const LoaderOptions& options);
  ~PhotoLoader();
  PhotoLoader(const PhotoLoader&) = delete;
  PhotoLoader& operator=(const PhotoLoader&) = delete;

  // The next batch: `lightness` batch*crop*crop*1 = L*/50 - 1, of the altered grey where `film`
  // says so, `ab` batch*crop*crop*2 = a*b*/ab_scale, both channels-last. An unreadable photo is
  // replaced by another draw of the same k and listed once; Error(corrupt_image) when 64 draws in a
  // row cannot be read.
  void next(float* lightness, float* ab);

  [[nodiscard]] std::vector<FailedPhoto> failed() const;
  [[nodiscard]] std::uint64_t next_sample() const;  // k of the first sample of the next batch

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace colorlab
