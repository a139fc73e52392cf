#include "colorlab/codec_versions.hpp"

#include <lcms2.h>
#include <libdeflate.h>
#include <png.h>
#include <tiffio.h>
#include <webp/decode.h>

#include <string_view>

#include "io/jpeg_handle.hpp"

namespace colorlab {
namespace {

#define COLORLAB_TEXT(value) #value
#define COLORLAB_TEXT_OF(macro) COLORLAB_TEXT(macro)

// "LIBTIFF, Version 4.5.0\n(C) ..." → "4.5.0"
std::string tiff_version() {
  const std::string_view told = TIFFGetVersion();
  const std::size_t begin = told.find_first_of("0123456789");
  return std::string(told.substr(begin, told.find_first_not_of("0123456789.", begin) - begin));
}

std::string webp_version() {
  const int packed = WebPGetDecoderVersion();  // 0xMMmmpp
  return std::to_string(packed >> 16) + "." + std::to_string((packed >> 8) & 0xFF) + "." +
         std::to_string(packed & 0xFF);
}

std::string lcms_version() {
  const int packed = cmsGetEncodedCMMversion();  // 2140 is 2.14
  std::string version = std::to_string(packed / 1000) + "." + std::to_string(packed % 1000 / 10);
  if (packed % 10 != 0) version += "." + std::to_string(packed % 10);
  return version;
}

}  // namespace

std::map<std::string, std::string> codec_versions() {
  return {
      {"libjpeg-turbo", COLORLAB_TEXT_OF(LIBJPEG_TURBO_VERSION)},
      {"libpng", png_get_libpng_ver(nullptr)},
      {"libtiff", tiff_version()},
      {"libwebp", webp_version()},
      {"lcms2", lcms_version()},
      {"libdeflate", LIBDEFLATE_VERSION_STRING},
  };
}

}  // namespace colorlab
