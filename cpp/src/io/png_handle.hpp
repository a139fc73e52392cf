// libpng's error handling made safe for C++: its functions jump out of themselves on error, so
// they may only be called inside `guarded`, from code without objects that need destruction.
#pragma once

#include <png.h>

#include <csetjmp>
#include <string>

namespace colorlab::io {

struct PngErrors {
  std::jmp_buf jump{};
  char message[128] = {};
};

// libpng's callbacks; the error pointer they get is a PngErrors.
[[noreturn]] void on_png_error(png_structp png, png_const_charp message);
void on_png_warning(png_structp png, png_const_charp message);

// Runs `body`; false when libpng jumped out of it, its reason in errors.message.
template <class Body>
[[nodiscard]] bool guarded(PngErrors& errors, const Body& body) {
  if (setjmp(errors.jump) != 0) return false;
  body();
  return true;
}

}  // namespace colorlab::io
