#include "io/png_handle.hpp"

#include <cstdio>

namespace colorlab::io {

void on_png_error(png_structp png, png_const_charp message) {
  auto& errors = *static_cast<PngErrors*>(png_get_error_ptr(png));
  std::snprintf(errors.message, sizeof(errors.message), "%s", message);
  std::longjmp(errors.jump, 1);
}

// libpng warns about metadata that it skips; pixels that are wrong are errors.
void on_png_warning(png_structp, png_const_charp) {}

}  // namespace colorlab::io
