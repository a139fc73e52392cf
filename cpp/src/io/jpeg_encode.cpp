// Pixels to a baseline JPEG.
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/codec.hpp"
#include "io/jpeg_handle.hpp"
#include "io/jpeg_markers.hpp"

namespace colorlab {
namespace {

using io::guarded;

constexpr int kFullChromaFrom = 90;  // from this quality on chroma is not subsampled

// Owns a compressor and the buffer that libjpeg grows.
class Encoder {
 public:
  Encoder() {
    cinfo_.err = io::install(errors_);
    guarded(errors_, limits_, [this] {
      jpeg_create_compress(&cinfo_);
      jpeg_mem_dest(&cinfo_, &buffer_, &size_);
    });
  }
  ~Encoder() {
    jpeg_destroy_compress(&cinfo_);
    std::free(buffer_);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's malloc
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  [[nodiscard]] std::vector<std::uint8_t> encode(ImageView<const std::uint8_t> image, int quality,
                                                 const Metadata& metadata) {
    const std::vector<io::Marker> markers = io::markers_of(metadata);
    cinfo_.image_width = static_cast<JDIMENSION>(image.width);
    cinfo_.image_height = static_cast<JDIMENSION>(image.height);
    cinfo_.input_components = static_cast<int>(image.channels);
    cinfo_.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    guarded(errors_, limits_, [&] {
      jpeg_set_defaults(&cinfo_);
      jpeg_set_quality(&cinfo_, quality, TRUE);
      if (quality >= kFullChromaFrom) {
        cinfo_.comp_info[0].h_samp_factor = 1;
        cinfo_.comp_info[0].v_samp_factor = 1;
      }
      io::set_density(cinfo_, metadata);
      jpeg_start_compress(&cinfo_, TRUE);
      for (const io::Marker& marker : markers) {
        jpeg_write_marker(&cinfo_, marker.code, marker.data.data(),
                          static_cast<unsigned>(marker.data.size()));
      }
      while (cinfo_.next_scanline < cinfo_.image_height) {
        JSAMPROW row = const_cast<JSAMPROW>(image.row(cinfo_.next_scanline));
        jpeg_write_scanlines(&cinfo_, &row, 1);
      }
      jpeg_finish_compress(&cinfo_);
    });
    return {buffer_, buffer_ + size_};
  }

 private:
  Limits limits_{};
  io::JpegErrors errors_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
  jpeg_compress_struct cinfo_{};
};

}  // namespace

std::vector<std::uint8_t> encode_jpeg(ImageView<const std::uint8_t> image, int quality,
                                      const Metadata& metadata) {
  if (quality < 1 || quality > 100) {
    throw Error(ErrorCode::invalid_argument,
                "JPEG quality must be 1..100, not " + std::to_string(quality));
  }
  if (image.pixels() == 0 || (image.channels != 1 && image.channels != 3)) {
    throw Error(ErrorCode::shape,
                "a JPEG holds 1 or 3 channels and at least one pixel, not " +
                    std::to_string(image.height) + " x " + std::to_string(image.width) + " x " +
                    std::to_string(image.channels),
                {}, "Write PNG, TIFF or WebP to keep alpha");
  }
  if (image.height > JPEG_MAX_DIMENSION || image.width > JPEG_MAX_DIMENSION) {
    throw Error(ErrorCode::image_too_large,
                "a JPEG's sides end at " + std::to_string(JPEG_MAX_DIMENSION) +
                    " pixels, these are " + std::to_string(image.width) + " x " +
                    std::to_string(image.height),
                {}, "Write PNG or TIFF");
  }
  return Encoder().encode(image, quality, metadata);
}

}  // namespace colorlab
