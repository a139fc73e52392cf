// ICC profiles through LittleCMS.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "colorlab/image.hpp"
#include "io/codec.hpp"

namespace colorlab::io {

// From the colours of a profile to sRGB, relative colorimetric without black point compensation.
class ToSrgb {
 public:
  // A profile that is broken, of another colour model, or as good as sRGB gives the identity. CMYK
  // without a usable profile is converted by (1 - ink) (1 - black).
  ToSrgb(std::span<const std::uint8_t> icc, ColorModel model);
  ~ToSrgb();
  ToSrgb(const ToSrgb&) = delete;
  ToSrgb& operator=(const ToSrgb&) = delete;

  [[nodiscard]] bool identity() const;
  // Grey stays grey; CMYK becomes 3 channels; alpha is kept.
  [[nodiscard]] Image apply(Image image);

 private:
  class State;
  static std::shared_ptr<State> state_for(std::span<const std::uint8_t> icc, ColorModel model);
  std::shared_ptr<State> state_;
};

// What the decoder has to give: luma is that of sRGB, so where colours change, they must be there.
[[nodiscard]] ReadOptions decoding(const ReadOptions& options, const ToSrgb& to_srgb);

}  // namespace colorlab::io
