// Pixels to PNG, 8 or 16 bits per sample.
#include <bit>
#include <exception>
#include <string>
#include <vector>

#include "io/codec.hpp"
#include "io/png_chunks.hpp"
#include "io/png_handle.hpp"

namespace colorlab {
namespace {

struct Target {
  std::vector<std::uint8_t> bytes;
};

void write_bytes(png_structp png, png_bytep data, std::size_t count) {
  bool grown = true;
  try {
    auto& bytes = static_cast<Target*>(png_get_io_ptr(png))->bytes;
    bytes.insert(bytes.end(), data, data + count);
  } catch (const std::exception&) {
    grown = false;  // libpng's jump must not leave a handler
  }
  if (!grown) png_error(png, "there is not enough memory for the PNG");
}

void flush(png_structp) {}

int color_type(std::size_t channels) {
  constexpr int kTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                            PNG_COLOR_TYPE_RGB_ALPHA};
  return kTypes[channels - 1];
}

// Owns a writer; libpng is called in its members only, each of them guarded.
class Encoder {
 public:
  Encoder() = default;
  ~Encoder() { png_destroy_write_struct(&png_, &info_); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  template <class T>
  [[nodiscard]] std::vector<std::uint8_t> encode(ImageView<const T> image, int compression,
                                                 const Metadata& metadata) {
    const std::vector<io::PngChunk> chunks = io::chunks_of(metadata);
    const bool ok = io::guarded(errors_, [&] {
      png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &errors_, io::on_png_error,
                                     io::on_png_warning);
      if (png_ == nullptr) return;
      info_ = png_create_info_struct(png_);
      png_set_write_fn(png_, &target_, write_bytes, flush);
      png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
      png_set_compression_level(png_, compression);
      png_set_IHDR(png_, info_, static_cast<png_uint_32>(image.width),
                   static_cast<png_uint_32>(image.height), static_cast<int>(8 * sizeof(T)),
                   color_type(image.channels), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                   PNG_FILTER_TYPE_DEFAULT);
      png_write_info(png_, info_);
      for (const io::PngChunk& chunk : chunks) {
        png_write_chunk(png_, reinterpret_cast<png_const_bytep>(chunk.type.data()),
                        chunk.data.data(), chunk.data.size());
      }
      if (sizeof(T) == 2 && std::endian::native == std::endian::little) png_set_swap(png_);
      for (std::size_t y = 0; y < image.height; ++y) {
        png_write_row(png_, reinterpret_cast<png_const_bytep>(image.row(y)));
      }
      png_write_end(png_, info_);
    });
    if (!ok || png_ == nullptr) {
      throw Error(ErrorCode::image_too_large,
                  std::string("cannot encode the PNG (libpng: ") + errors_.message + ")");
    }
    return std::move(target_.bytes);
  }

 private:
  Target target_;
  io::PngErrors errors_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

template <class T>
std::vector<std::uint8_t> encode_png(ImageView<const T> image, int compression,
                                     const Metadata& metadata) {
  if (compression < 0 || compression > 9) {
    throw Error(ErrorCode::invalid_argument,
                "PNG compression must be 0..9, not " + std::to_string(compression));
  }
  if (image.pixels() == 0 || image.channels < 1 || image.channels > 4) {
    throw Error(ErrorCode::shape, "a PNG holds 1..4 channels and at least one pixel, not " +
                                      std::to_string(image.height) + " x " +
                                      std::to_string(image.width) + " x " +
                                      std::to_string(image.channels));
  }
  if (image.height > PNG_UINT_31_MAX || image.width > PNG_UINT_31_MAX) {
    throw Error(ErrorCode::image_too_large, "a PNG's sides end at 2147483647 pixels");
  }
  return Encoder().encode(image, compression, metadata);
}

template std::vector<std::uint8_t> encode_png(ImageView<const std::uint8_t>, int, const Metadata&);
template std::vector<std::uint8_t> encode_png(ImageView<const std::uint16_t>, int, const Metadata&);

}  // namespace colorlab
