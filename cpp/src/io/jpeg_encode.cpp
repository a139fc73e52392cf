// Pixels to a baseline JPEG.
#include <string>
#include <vector>

#include "io/codec.hpp"
#include "io/jpeg_compressor.hpp"
#include "io/jpeg_markers.hpp"
#include "io/row_encoder.hpp"

namespace colorlab {
namespace io {
namespace {

constexpr int kFullChromaFrom = 90;  // from this quality on chroma is not subsampled

void start(Compressor& compressor, const RowShape& shape, int quality, const Metadata& metadata) {
  const std::vector<Marker> markers = markers_of(metadata);
  compressor.run([&](jpeg_compress_struct& cinfo) {
    cinfo.image_width = static_cast<JDIMENSION>(shape.width);
    cinfo.image_height = static_cast<JDIMENSION>(shape.height);
    cinfo.input_components = static_cast<int>(shape.channels);
    cinfo.in_color_space = shape.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&cinfo);
    jpeg_set_quality(&cinfo, quality, TRUE);
    if (quality >= kFullChromaFrom) {
      cinfo.comp_info[0].h_samp_factor = 1;
      cinfo.comp_info[0].v_samp_factor = 1;
    }
    set_density(cinfo, metadata);
    jpeg_start_compress(&cinfo, TRUE);
    for (const Marker& marker : markers) {
      jpeg_write_marker(&cinfo, marker.code, marker.data.data(),
                        static_cast<unsigned>(marker.data.size()));
    }
  });
}

class JpegRowEncoder : public RowEncoder {
 public:
  JpegRowEncoder(AtomicFile& file, const RowShape& shape, const RowWriteOptions& options)
      : compressor_(file) {
    start(compressor_, shape, options.quality,
          turned_metadata(options.metadata, options.orientation));
  }
  void write(const Image& band, CancelToken* cancel) override {
    compressor_.write(band.view<std::uint8_t>(), cancel);
  }
  void finish() override { compressor_.finish(); }

 private:
  Compressor compressor_;
};

}  // namespace

std::unique_ptr<RowEncoder> jpeg_row_encoder(AtomicFile& file, const RowShape& shape,
                                             const RowWriteOptions& options) {
  return std::make_unique<JpegRowEncoder>(file, shape, options);
}

void check_jpeg_quality(int quality) {
  if (quality >= 1 && quality <= 100) return;
  throw Error(ErrorCode::invalid_argument,
              "JPEG quality must be 1..100, not " + std::to_string(quality));
}

void check_jpeg(const RowShape& image, int quality) {
  if (image.depth != Depth::u8) {
    throw Error(ErrorCode::dtype, "a JPEG holds 8 bits per sample");
  }
  check_jpeg_quality(quality);
  if (image.height == 0 || image.width == 0 || (image.channels != 1 && image.channels != 3)) {
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
}

}  // namespace io

std::vector<std::uint8_t> encode_jpeg(ImageView<const std::uint8_t> image, int quality,
                                      const Metadata& metadata) {
  const RowShape shape{image.height, image.width, image.channels, Depth::u8};
  io::check_jpeg(shape, quality);
  io::Compressor compressor(Limits{});
  io::start(compressor, shape, quality, metadata);
  compressor.write(image);
  compressor.finish();
  const io::Bytes bytes = compressor.bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace colorlab
