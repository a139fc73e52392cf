#include "io/jpeg_handle.hpp"

#include <jerror.h>

#include <cmath>
#include <string>

#include "io/codec.hpp"

namespace colorlab::io {
namespace {

JpegErrors& errors_of(j_common_ptr cinfo) { return *reinterpret_cast<JpegErrors*>(cinfo->err); }

[[noreturn]] void on_error(j_common_ptr cinfo) {
  JpegErrors& errors = errors_of(cinfo);
  errors.error = cinfo->err->msg_code;
  cinfo->err->format_message(cinfo, errors.message);
  std::longjmp(errors.jump, 1);
}

// Oddities that cost no pixel.
bool harmless(int code) {
  return code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR || code == JWRN_EXTRANEOUS_DATA;
}

void on_message(j_common_ptr cinfo, int level) {
  JpegErrors& errors = errors_of(cinfo);
  const int code = cinfo->err->msg_code;
  if (level >= 0 || errors.warning != 0 || harmless(code)) return;
  errors.warning = code;
  cinfo->err->format_message(cinfo, errors.message);
}

void print_nothing(j_common_ptr) {}

}  // namespace

jpeg_error_mgr* install(JpegErrors& errors) {
  jpeg_error_mgr* manager = jpeg_std_error(&errors.manager);
  manager->error_exit = on_error;
  manager->emit_message = on_message;
  manager->output_message = print_nothing;
  return manager;
}

std::optional<Density> density_of(const Metadata& metadata) {
  const long x = std::lround(metadata.dpi_x), y = std::lround(metadata.dpi_y);
  if (x < 1 || y < 1 || x > 65535 || y > 65535) return std::nullopt;
  return Density{static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)};
}

void set_density(jpeg_compress_struct& cinfo, const Metadata& metadata) {
  const auto density = density_of(metadata);
  if (!density) return;
  cinfo.density_unit = 1;  // dots per inch
  cinfo.X_density = density->x;
  cinfo.Y_density = density->y;
}

void count_scans(j_common_ptr cinfo) {
  const auto& counter = *reinterpret_cast<ScanCounter*>(cinfo->progress);
  if (reinterpret_cast<j_decompress_ptr>(cinfo)->input_scan_number > counter.max_scans) {
    errors_of(cinfo).too_many_scans = true;
    cinfo->err->error_exit(cinfo);
  }
}

void throw_jpeg(const JpegErrors& errors, const Limits& limits) {
  if (errors.failure) std::rethrow_exception(errors.failure);
  const std::string detail = std::string(" (libjpeg: ") + errors.message + ")";
  if (errors.too_many_scans) {
    throw Error(ErrorCode::image_too_large,
                "the JPEG has more scans than the limit max_jpeg_scans = " +
                    std::to_string(limits.max_jpeg_scans),
                {}, "Raise max_jpeg_scans in limits if you trust the file");
  }
  switch (errors.error) {
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_NOTIMPL:
      throw unsupported_error("this kind of JPEG is not supported" + detail);
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY:
      throw truncated_error("the JPEG ends early");
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
      throw Error(ErrorCode::image_too_large,
                  "the JPEG needs more memory than it may have" + detail, {},
                  "Raise max_decoded_bytes in limits if you trust the file");
    default:
      throw corrupt_error("the JPEG is corrupt" + detail);
  }
}

}  // namespace colorlab::io
