// What a photograph's file says besides its pixels, in the forms that every format can carry.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "colorlab/limits.hpp"

namespace colorlab {

struct Metadata {
  // EXIF as a TIFF structure, without JPEG's "Exif\0\0". Made to fit upright pixels: orientation is
  // 1 and the thumbnail is unlinked, because it shows the old pixels.
  std::vector<std::uint8_t> exif;
  std::vector<std::uint8_t> xmp;   // one XMP packet, UTF-8; its tiff:Orientation is 1 too
  std::vector<std::uint8_t> iptc;  // IPTC-IIM records, without Photoshop's wrapping
  std::vector<std::uint8_t> icc;   // the profile of the pixels as the file stores them
  std::string comment;             // JPEG's COM, PNG's tEXt "Comment"; other formats have none
  double dpi_x = 0, dpi_y = 0;     // dots per inch; 0 is not known
  int orientation = 1;             // 1..8, as the file had it; `decode` has undone it

  [[nodiscard]] bool empty() const {
    return exif.empty() && xmp.empty() && iptc.empty() && icc.empty() && comment.empty() &&
           dpi_x == 0 && dpi_y == 0;
  }
};

// The note that the colour is machine-made: an XMP description (IPTC's DigitalSourceType
// "compositeWithTrainedAlgorithmicMedia" and the names below) and a sentence in the comment.
struct Provenance {
  std::string software;  // "colorlab 0.1.0"
  std::string model;     // "default"
  std::string version;   // of the model
};

// Never decodes pixels. A damaged block is left out; blocks over limits.max_metadata_bytes, packed
// or unpacked, are left out too. Throws as `probe` does for what is no image.
[[nodiscard]] Metadata read_metadata(std::span<const std::uint8_t> bytes, const Limits& limits);

// The same metadata with the note added. What the XMP packet says is kept, unless it is no XMP:
// then the note takes its place. A note from an earlier colorization is replaced.
[[nodiscard]] Metadata with_provenance(Metadata metadata, const Provenance& provenance);

}  // namespace colorlab
