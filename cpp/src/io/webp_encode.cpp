// Pixels to WebP, lossy or lossless.
#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>
#include <string>
#include <vector>

#include "io/codec.hpp"

namespace colorlab {
namespace {

Error out_of_memory() {
  return {ErrorCode::image_too_large, "there is not enough memory for the WebP"};
}

std::vector<std::uint8_t> encode_pixels(ImageView<const std::uint8_t> image, int quality,
                                        bool lossless) {
  WebPConfig config;
  if (WebPConfigInit(&config) == 0) throw out_of_memory();
  config.quality = static_cast<float>(quality);
  if (lossless) {
    WebPConfigLosslessPreset(&config, 6);
    config.exact = 1;  // colours under full transparency are pixels too
  }
  WebPPicture picture;
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  if (WebPPictureInit(&picture) == 0) throw out_of_memory();
  const std::unique_ptr<WebPPicture, decltype(&WebPPictureFree)> free_picture(&picture,
                                                                              WebPPictureFree);
  const std::unique_ptr<WebPMemoryWriter, decltype(&WebPMemoryWriterClear)> free_writer(
      &writer, WebPMemoryWriterClear);
  picture.use_argb = lossless ? 1 : 0;
  picture.width = static_cast<int>(image.width);
  picture.height = static_cast<int>(image.height);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  const auto stride = static_cast<int>(image.row_stride);
  const int imported = image.channels == 4 ? WebPPictureImportRGBA(&picture, image.data, stride)
                                           : WebPPictureImportRGB(&picture, image.data, stride);
  if (imported == 0 || WebPEncode(&config, &picture) == 0) {
    if (picture.error_code == VP8_ENC_ERROR_PARTITION0_OVERFLOW ||
        picture.error_code == VP8_ENC_ERROR_PARTITION_OVERFLOW) {
      throw Error(ErrorCode::image_too_large, "the image is too large for a WebP of this quality",
                  {}, "Write JPEG, PNG or TIFF");
    }
    throw out_of_memory();
  }
  return {writer.mem, writer.mem + writer.size};
}

// The same file with metadata; libwebp's container code keeps the pixels as they are.
std::vector<std::uint8_t> with_metadata(std::vector<std::uint8_t> bytes, const Metadata& metadata) {
  if (metadata.icc.empty() && metadata.exif.empty() && metadata.xmp.empty()) return bytes;
  const std::unique_ptr<WebPMux, decltype(&WebPMuxDelete)> mux(WebPMuxNew(), WebPMuxDelete);
  const WebPData pixels{bytes.data(), bytes.size()};
  if (!mux || WebPMuxSetImage(mux.get(), &pixels, 0) != WEBP_MUX_OK) throw out_of_memory();
  const auto set = [&mux](const char* chunk, const std::vector<std::uint8_t>& data) {
    const WebPData value{data.data(), data.size()};
    if (!data.empty() && WebPMuxSetChunk(mux.get(), chunk, &value, 0) != WEBP_MUX_OK) {
      throw out_of_memory();
    }
  };
  set("ICCP", metadata.icc);
  set("EXIF", metadata.exif);
  set("XMP ", metadata.xmp);
  WebPData assembled{};
  if (WebPMuxAssemble(mux.get(), &assembled) != WEBP_MUX_OK) throw out_of_memory();
  const std::unique_ptr<WebPData, decltype(&WebPDataClear)> free_data(&assembled, WebPDataClear);
  return {assembled.bytes, assembled.bytes + assembled.size};
}

}  // namespace

std::vector<std::uint8_t> encode_webp(ImageView<const std::uint8_t> image, int quality,
                                      bool lossless, const Metadata& metadata) {
  if (quality < 1 || quality > 100) {
    throw Error(ErrorCode::invalid_argument,
                "WebP quality must be 1..100, not " + std::to_string(quality));
  }
  const std::string size = std::to_string(image.height) + " x " + std::to_string(image.width) +
                           " x " + std::to_string(image.channels);
  if (image.pixels() == 0 || (image.channels != 3 && image.channels != 4)) {
    throw Error(ErrorCode::shape,
                "a WebP holds 3 or 4 channels and at least one pixel, not " + size);
  }
  if (image.height > WEBP_MAX_DIMENSION || image.width > WEBP_MAX_DIMENSION) {
    throw Error(ErrorCode::image_too_large,
                "a WebP's sides end at " + std::to_string(WEBP_MAX_DIMENSION) +
                    " pixels, these are " + size,
                {}, "Write PNG or TIFF");
  }
  return with_metadata(encode_pixels(image, quality, lossless), metadata);
}

}  // namespace colorlab
