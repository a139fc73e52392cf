// A PNG's pixels unpacked at once by libdeflate, which is twice as fast as libpng's zlib. libpng
// still reads the file, with its pixels stored instead of packed, and undoes the filters.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "io/codec.hpp"

namespace colorlab::io {

class UnpackedPng {
 public:
  // Nothing unless the file is whole, flawless, not interlaced and of moderate size: libpng then
  // reads it as it is, and finds the words for what is wrong. The limits must have been checked.
  [[nodiscard]] static std::optional<UnpackedPng> of(Bytes png);

  // The file with stored pixels, to be read one after the other. Its pixels' checksum is not set.
  [[nodiscard]] std::span<const Bytes> pieces() const { return pieces_; }

 private:
  UnpackedPng(Bytes start, Image rows);

  Image rows_;                         // filtered, as one line of bytes
  std::vector<std::uint8_t> framing_;  // what stands between pieces of rows_
  std::vector<Bytes> pieces_;
};

}  // namespace colorlab::io
