// PNG to pixels, 8 bits per sample or 16 in the machine's byte order.
#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "io/codec.hpp"
#include "io/exif.hpp"
#include "io/png_chunks.hpp"
#include "io/png_handle.hpp"
#include "io/png_unpack.hpp"

namespace colorlab::io {
namespace {

// The file; or, once its pixels are unpacked, pieces that say the same.
struct Source {
  Bytes rest;
  std::span<const Bytes> following{};
  bool ended = false;
};

void read_bytes(png_structp png, png_bytep target, std::size_t count) {
  auto& source = *static_cast<Source*>(png_get_io_ptr(png));
  while (count > 0) {
    while (source.rest.empty() && !source.following.empty()) {
      source.rest = source.following.front();
      source.following = source.following.subspan(1);
    }
    if (source.rest.empty()) {
      source.ended = true;
      png_error(png, "the file ends early");
    }
    const std::size_t part = std::min(count, source.rest.size());
    std::copy_n(source.rest.data(), part, target);
    source.rest = source.rest.subspan(part);
    target += part;
    count -= part;
  }
}

// Owns a reader; libpng is called in its members only, each of them guarded.
class Decoder {
 public:
  explicit Decoder(Bytes bytes, const Limits& limits, const UnpackedPng* unpacked = nullptr)
      : limits_(limits), bytes_(bytes), unpacked_(unpacked != nullptr) {
    if (unpacked_) {
      source_.following = unpacked->pieces();
    } else {
      source_.rest = bytes;
    }
    if (!guarded(errors_, [this] { create(); })) fail();
    if (png_ == nullptr || info_ == nullptr) {
      destroy();
      throw Error(ErrorCode::image_too_large, "there is not enough memory for a PNG decoder");
    }
  }
  ~Decoder() { destroy(); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  void read_header();
  [[nodiscard]] const Header& header() const { return header_; }
  [[nodiscard]] Image read_pixels(const ReadOptions& options);

 private:
  void create();
  void destroy() { png_destroy_read_struct(&png_, &info_, nullptr); }
  [[noreturn]] void fail();
  void choose_output(bool unchanged);

  const Limits& limits_;
  Bytes bytes_;
  bool unpacked_;
  Source source_;
  PngErrors errors_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  Header header_{};
};

void Decoder::create() {
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &errors_, on_png_error, on_png_warning);
  if (png_ == nullptr) return;
  info_ = png_create_info_struct(png_);
  png_set_read_fn(png_, &source_, read_bytes);
  png_set_user_limits(png_, limits_.max_side, limits_.max_side);
  png_set_chunk_malloc_max(png_, limits_.max_metadata_bytes);
  // Of the optional chunks only transparency matters here: the rest is skipped, not unpacked.
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  static constexpr png_byte kTransparency[] = "tRNS";
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_AS_DEFAULT, kTransparency, 1);
  if (unpacked_) {  // checked while they were unpacked
    png_set_crc_action(png_, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_set_option(png_, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
  }
}

void Decoder::fail() {
  const std::string detail = std::string(" (libpng: ") + errors_.message + ")";
  if (source_.ended) throw truncated_error("the PNG ends early");
  const std::string_view message(errors_.message);
  if (message.find("limit") != std::string_view::npos) {
    throw Error(ErrorCode::image_too_large, "the PNG is over a limit" + detail, {},
                "Raise max_side or max_metadata_bytes in limits if you trust the file");
  }
  throw corrupt_error("the PNG is corrupt" + detail);
}

void Decoder::read_header() {
  png_uint_32 width = 0, height = 0;
  int bits = 0, color = 0;
  const bool ok = guarded(errors_, [&] {
    png_read_info(png_, info_);
    png_get_IHDR(png_, info_, &width, &height, &bits, &color, nullptr, nullptr, nullptr);
  });
  if (!ok) {
    // libpng checks the header's sides before the caller can: say which limit it was.
    width = png_get_image_width(png_, info_);
    height = png_get_image_height(png_, info_);
    if (width != 0 && height != 0) check_size(height, width, 1, Depth::u8, limits_);
    fail();
  }
  std::size_t channels = (color & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
  if ((color & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png_, info_, PNG_INFO_tRNS) != 0) {
    ++channels;
  }
  const Depth depth = bits == 16 ? Depth::u16 : Depth::u8;
  check_size(height, width, channels, depth, limits_);
  header_ = {.info = {.format = Format::png,
                      .height = height,
                      .width = width,
                      .channels = channels,
                      .depth = depth,
                      .animated = is_animated_png(bytes_)},
             .orientation = exif_orientation(metadata_of_png(bytes_, limits_).exif),
             .model = channels >= 3 ? ColorModel::rgb : ColorModel::grey};
}

void Decoder::choose_output(bool unchanged) {
  png_set_expand(png_);  // palettes, 1..4 bits and tRNS to whole samples
  if (!unchanged) png_set_strip_alpha(png_);
  if (header_.info.depth == Depth::u16 && std::endian::native == std::endian::little) {
    png_set_swap(png_);
  }
}

Image Decoder::read_pixels(const ReadOptions& options) {
  const bool unchanged = options.mode == ReadMode::unchanged;
  int passes = 1;
  std::size_t channels = 0, row_bytes = 0;
  const bool set = guarded(errors_, [&] {
    choose_output(unchanged);
    passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    channels = png_get_channels(png_, info_);
    row_bytes = png_get_rowbytes(png_, info_);
  });
  if (!set) fail();
  const ImageInfo& info = header_.info;
  check_size(info.height, info.width, channels, info.depth, limits_);
  Image image(info.height, info.width, channels, info.depth);
  if (row_bytes * info.height != image.bytes()) throw corrupt_error("the PNG's rows do not fit");
  std::byte* data = image.data();
  const bool ok = guarded(errors_, [&] {
    for (int pass = 0; pass < passes; ++pass) {
      for (std::size_t y = 0; y < info.height; ++y) {
        png_read_row(png_, reinterpret_cast<png_bytep>(data + y * row_bytes), nullptr);
      }
    }
    png_read_end(png_, nullptr);
  });
  if (!ok && !(source_.ended && options.on_truncated == OnTruncated::fill)) fail();
  return image;
}

}  // namespace

Header probe_png(Bytes bytes, const Limits& limits) {
  Decoder decoder(bytes, limits);
  decoder.read_header();
  return decoder.header();
}

Stored decode_png(Bytes bytes, const ReadOptions& options) {
  Decoder decoder(bytes, options.limits);
  decoder.read_header();
  if (const auto unpacked = UnpackedPng::of(bytes)) {
    Decoder quick(bytes, options.limits, &*unpacked);
    quick.read_header();
    return {quick.read_pixels(options), quick.header().model};
  }
  return {decoder.read_pixels(options), decoder.header().model};
}

}  // namespace colorlab::io
