// libjpeg's error handling made safe for C++: its functions jump out of themselves on error, so
// they may only be called inside `guarded`, from code without objects that need destruction.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs FILE
#include <exception>
#include <optional>
// jpeglib.h after cstdio
#include <jpeglib.h>

#include "colorlab/limits.hpp"
#include "colorlab/metadata.hpp"

namespace colorlab::io {

// The error manager: keeps the first error and the first warning that matters as codes, prints
// nothing.
struct JpegErrors {
  jpeg_error_mgr manager{};  // first: libjpeg hands back a pointer to it
  std::jmp_buf jump{};
  int error = 0;    // libjpeg's message code
  int warning = 0;  // the same
  bool too_many_scans = false;
  char message[JMSG_LENGTH_MAX] = {};
  std::exception_ptr failure;  // of a callback: it must not unwind libjpeg, so it is thrown later
};

// Runs `body` in a callback; what it throws ends libjpeg's work and comes out of `guarded`.
template <class Body>
void shielded(j_common_ptr cinfo, const Body& body) {
  auto& errors = *reinterpret_cast<JpegErrors*>(cinfo->err);
  try {
    body();
  } catch (...) {
    errors.failure = std::current_exception();
  }
  if (errors.failure) std::longjmp(errors.jump, 1);
}

// Prepares `errors` and gives what belongs into cinfo.err.
jpeg_error_mgr* install(JpegErrors& errors);

// Throws what `errors` holds after a jump.
[[noreturn]] void throw_jpeg(const JpegErrors& errors, const Limits& limits);

// Runs `body`; libjpeg's errors come out as Error.
template <class Body>
void guarded(JpegErrors& errors, const Limits& limits, const Body& body) {
  if (setjmp(errors.jump) != 0) throw_jpeg(errors, limits);
  body();
}

struct Density {
  std::uint16_t x, y;  // dots per inch
};
// What a JFIF marker can say of it; nothing where it is not known or does not fit.
[[nodiscard]] std::optional<Density> density_of(const Metadata& metadata);
// The same into libjpeg's JFIF marker.
void set_density(jpeg_compress_struct& cinfo, const Metadata& metadata);

// Refuses progressive files of too many scans; libjpeg calls it at every step, before the work of
// the step. cinfo.err must be a JpegErrors.
struct ScanCounter {
  jpeg_progress_mgr manager{};  // first: libjpeg hands back a pointer to it
  int max_scans = 0;
};
void count_scans(j_common_ptr cinfo);

}  // namespace colorlab::io
