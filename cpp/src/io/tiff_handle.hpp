// An open TIFF: libtiff over bytes in memory or a file, its messages kept instead of printed.
#pragma once

#include <tiffio.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "io/codec.hpp"
#include "io/file.hpp"

namespace colorlab::io {

// What libtiff reads from; both kinds start at 0 and cannot be written.
struct TiffSource {
  ByteSource data;
  // Bytes in memory are used in place. libtiff then gives nothing of a strip that is cut short.
  bool in_place = true;
  std::uint64_t position = 0;
  std::string message{};         // libtiff's first error
  std::exception_ptr failure{};  // of reading the bytes, which must not unwind libtiff

  [[nodiscard]] std::uint64_t size() const { return data.size(); }
};

using TiffHandle = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

// Reads the first directory. Throws Error(corrupt_image | truncated_image).
[[nodiscard]] TiffHandle open_tiff(TiffSource& source, const Limits& limits);

// The error for what libtiff said last: truncated when `end` lies outside of the file. Throws at
// once what reading the bytes threw.
[[nodiscard]] Error tiff_error(const TiffSource& source, const std::string& what,
                               std::uint64_t end = 0);

// What libtiff writes to.
class TiffSink {
 public:
  virtual ~TiffSink() = default;
  // Extends the bytes where `data` ends beyond them; throws Error(output_unwritable).
  virtual void write_at(std::uint64_t offset, std::span<const std::uint8_t> data) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  std::uint64_t position = 0;
  std::string message;           // libtiff's first error
  std::exception_ptr exception;  // of `write_at`, which must not unwind libtiff
};

// Writes the header at once. The sink must outlive the handle.
[[nodiscard]] TiffHandle create_tiff(TiffSink& sink, bool big);

// Throws what went wrong while writing.
[[noreturn]] void throw_tiff(const TiffSink& sink);

// A field's value, or what the standard says when it is absent.
template <class T>
[[nodiscard]] T tiff_field(TIFF* tiff, std::uint32_t tag, T otherwise) {
  T value{};
  return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : otherwise;
}

}  // namespace colorlab::io
