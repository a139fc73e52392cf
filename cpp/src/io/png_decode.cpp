// PNG to pixels, 8 bits per sample or 16 in the machine's byte order.
#include <algorithm>
#include <bit>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "io/codec.hpp"
#include "io/exif.hpp"
#include "io/png_chunks.hpp"
#include "io/png_handle.hpp"
#include "io/png_unpack.hpp"
#include "io/row_decoder.hpp"

namespace colorlab::io {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;  // of a file

// The file; or, once its pixels are unpacked, pieces that say the same.
struct Source {
  Bytes rest;
  std::span<const Bytes> following{};
  InputFile* file = nullptr;  // whatever of it is not in memory comes from `next` on
  std::uint64_t next = 0;
  std::vector<std::uint8_t> piece{};
  std::exception_ptr failure{};  // of reading the file: it must not unwind libpng
  bool ended = false;

  void refill() noexcept {
    try {
      piece.resize(kPiece);
      rest = Bytes(piece).first(file->read_at(next, piece.data(), piece.size()));
      next += rest.size();
    } catch (...) {
      failure = std::current_exception();
    }
  }
};

void read_bytes(png_structp png, png_bytep target, std::size_t count) {
  auto& source = *static_cast<Source*>(png_get_io_ptr(png));
  while (count > 0) {
    while (source.rest.empty() && !source.following.empty()) {
      source.rest = source.following.front();
      source.following = source.following.subspan(1);
    }
    if (source.rest.empty() && source.file != nullptr) source.refill();
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
      : limits_(limits), size_limits_(limits), chunks_(bytes), unpacked_(unpacked != nullptr) {
    if (unpacked_) {
      source_.following = unpacked->pieces();
    } else {
      source_.rest = bytes;
    }
    start();
  }
  // For rows, which need not fit into limits.max_decoded_bytes all together.
  explicit Decoder(const ByteSource& source, const Limits& limits)
      : limits_(limits),
        size_limits_(without_memory(limits)),
        chunks_(png_without_pixels(source, limits, held_chunks_)),
        unpacked_(false) {
    source_.rest = source.bytes();
    source_.file = source.file();
    start();
  }
  ~Decoder() { destroy(); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  void read_header();
  [[nodiscard]] const Header& header() const { return header_; }
  // Chooses the pixels; then channels() is known.
  void prepare(const ReadOptions& options);
  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] bool interlaced() const { return passes_ != 1; }
  // All rows of all passes.
  void read_all(std::byte* target);
  // The next rows of a file that is not interlaced. Where it ends early the rest stays as it is.
  void read(std::size_t rows, std::byte* target, CancelToken* cancel);
  void finish();

 private:
  void start();
  void create();
  void destroy() { png_destroy_read_struct(&png_, &info_, nullptr); }
  [[noreturn]] void fail();
  void fail_or_fill();
  void choose_output(bool unchanged);

  const Limits limits_, size_limits_;
  std::vector<std::uint8_t> held_chunks_;
  Bytes chunks_;  // the file, perhaps without its pixels
  bool unpacked_, fill_ = false, missing_ = false;
  Source source_{};
  PngErrors errors_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  Header header_{};
  std::size_t channels_ = 0, row_bytes_ = 0;
  int passes_ = 1;
};

void Decoder::start() {
  if (!guarded(errors_, [this] { create(); })) {
    destroy();
    fail();
  }
  if (png_ == nullptr || info_ == nullptr) {
    destroy();
    throw Error(ErrorCode::image_too_large, "there is not enough memory for a PNG decoder");
  }
}

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
  if (source_.failure) std::rethrow_exception(source_.failure);
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
    if (width != 0 && height != 0) check_size(height, width, 1, Depth::u8, size_limits_);
    fail();
  }
  std::size_t channels = (color & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
  if ((color & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png_, info_, PNG_INFO_tRNS) != 0) {
    ++channels;
  }
  const Depth depth = bits == 16 ? Depth::u16 : Depth::u8;
  check_size(height, width, channels, depth, size_limits_);
  header_ = {.info = {.format = Format::png,
                      .height = height,
                      .width = width,
                      .channels = channels,
                      .depth = depth,
                      .animated = is_animated_png(chunks_)},
             .orientation = exif_orientation(metadata_of_png(chunks_, limits_).exif),
             .model = channels >= 3 ? ColorModel::rgb : ColorModel::grey};
}

void Decoder::choose_output(bool unchanged) {
  png_set_expand(png_);  // palettes, 1..4 bits and tRNS to whole samples
  if (!unchanged) png_set_strip_alpha(png_);
  if (header_.info.depth == Depth::u16 && std::endian::native == std::endian::little) {
    png_set_swap(png_);
  }
}

void Decoder::prepare(const ReadOptions& options) {
  fill_ = options.on_truncated == OnTruncated::fill;
  const bool unchanged = options.mode == ReadMode::unchanged;
  const bool set = guarded(errors_, [&] {
    choose_output(unchanged);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    channels_ = png_get_channels(png_, info_);
    row_bytes_ = png_get_rowbytes(png_, info_);
  });
  if (!set) fail();
  const ImageInfo& info = header_.info;
  check_size(info.height, info.width, channels_, info.depth, size_limits_);
  const std::size_t sample_bytes = info.depth == Depth::u16 ? 2 : 1;
  if (row_bytes_ != info.width * channels_ * sample_bytes) {
    throw corrupt_error("the PNG's rows do not fit");
  }
}

// A file that ends early is an error, unless what is there is enough.
void Decoder::fail_or_fill() {
  if (!source_.ended || source_.failure || !fill_) fail();
  missing_ = true;
}

void Decoder::read_all(std::byte* target) {
  const std::size_t height = header_.info.height;
  const bool ok = guarded(errors_, [&] {
    for (int pass = 0; pass < passes_; ++pass) {
      for (std::size_t y = 0; y < height; ++y) {
        png_read_row(png_, reinterpret_cast<png_bytep>(target + y * row_bytes_), nullptr);
      }
    }
    png_read_end(png_, nullptr);
  });
  if (!ok) fail_or_fill();
}

void Decoder::read(std::size_t rows, std::byte* target, CancelToken* cancel) {
  for (std::size_t y = 0; y < rows && !missing_; ++y) {
    if (cancel != nullptr) cancel->check();
    auto* row = reinterpret_cast<png_bytep>(target + y * row_bytes_);
    if (!guarded(errors_, [&] { png_read_row(png_, row, nullptr); })) fail_or_fill();
  }
}

void Decoder::finish() {
  if (!missing_ && !guarded(errors_, [this] { png_read_end(png_, nullptr); })) fail_or_fill();
}

class PngRows : public RowDecoder {
 public:
  PngRows(const ByteSource& source, const ReadOptions& options) : decoder_(source, options.limits) {
    decoder_.read_header();
    decoder_.prepare(options);
  }
  [[nodiscard]] bool interlaced() const { return decoder_.interlaced(); }

  [[nodiscard]] const Header& header() const override { return decoder_.header(); }
  [[nodiscard]] std::size_t channels() const override { return decoder_.channels(); }
  void read(std::size_t rows, std::byte* target, CancelToken* cancel) override {
    decoder_.read(rows, target, cancel);
  }
  void finish() override { decoder_.finish(); }

 private:
  Decoder decoder_;
};

Stored read_whole(Decoder& decoder, const ReadOptions& options) {
  decoder.prepare(options);
  const ImageInfo& info = decoder.header().info;
  Image image(info.height, info.width, decoder.channels(), info.depth);
  decoder.read_all(image.data());
  return {std::move(image), decoder.header().model};
}

}  // namespace

RowsOrReason png_rows(const ByteSource& source, const ReadOptions& options) {
  auto rows = std::make_unique<PngRows>(source, options);
  if (rows->interlaced()) return {nullptr, "an interlaced PNG is decoded as a whole"};
  return {std::move(rows), {}};
}

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
    return read_whole(quick, options);
  }
  return read_whole(decoder, options);
}

}  // namespace colorlab::io
