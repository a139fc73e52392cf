// JPEG to pixels. The source suspends at the end of the data, so a truncated baseline file gives
// exactly the rows that are whole.
#include <algorithm>
#include <limits>
#include <string>

#include "io/codec.hpp"
#include "io/jpeg_handle.hpp"
#include "io/jpeg_markers.hpp"

namespace colorlab::io {
namespace {

constexpr JOCTET kEndOfImage[] = {0xFF, JPEG_EOI};

// A whole file in memory; at its end it suspends, or gives an end marker where one is asked for.
struct Source {
  jpeg_source_mgr manager;  // first: libjpeg hands back a pointer to it
  bool ended = false;
  bool give_end = false;
};

void start_source(j_decompress_ptr) {}
void end_source(j_decompress_ptr) {}

boolean at_end(j_decompress_ptr cinfo) {
  auto& source = *reinterpret_cast<Source*>(cinfo->src);
  source.ended = true;
  if (!source.give_end) return FALSE;
  source.manager.next_input_byte = kEndOfImage;
  source.manager.bytes_in_buffer = sizeof(kEndOfImage);
  return TRUE;
}

void skip(j_decompress_ptr cinfo, long count) {
  auto& source = *reinterpret_cast<Source*>(cinfo->src);
  if (count <= 0) return;
  const std::size_t wanted = static_cast<std::size_t>(count);
  const std::size_t there = std::min(wanted, source.manager.bytes_in_buffer);
  source.manager.next_input_byte += there;
  source.manager.bytes_in_buffer -= there;
  if (there < wanted) source.ended = true;
}

ColorModel model_of(J_COLOR_SPACE space) {
  if (space == JCS_GRAYSCALE) return ColorModel::grey;
  return space == JCS_CMYK || space == JCS_YCCK ? ColorModel::cmyk : ColorModel::rgb;
}

std::size_t channels_of(ColorModel model) {
  return model == ColorModel::grey ? 1 : model == ColorModel::rgb ? 3 : 4;
}

// Owns a decompressor; libjpeg is called in its members only, each of them guarded.
class Decoder {
 public:
  Decoder(Bytes bytes, const Limits& limits) : limits_(limits) {
    cinfo_.err = install(errors_);
    guarded(errors_, limits_, [this] { jpeg_create_decompress(&cinfo_); });
    source_.manager = {bytes.data(), bytes.size(),           start_source, at_end,
                       skip,         jpeg_resync_to_restart, end_source};
    cinfo_.src = &source_.manager;
    scans_.manager.progress_monitor = count_scans;
    scans_.max_scans = limits.max_jpeg_scans;
    cinfo_.progress = &scans_.manager;
    // A progressive file's coefficients take two bytes where a sample takes one.
    constexpr std::uint64_t kMost = std::uint64_t{1} << 60, kOverhead = std::uint64_t{1} << 24;
    const std::uint64_t memory = 2 * std::min(limits.max_decoded_bytes, kMost) + kOverhead;
    cinfo_.mem->max_memory_to_use =
        static_cast<long>(std::min<std::uint64_t>(memory, std::numeric_limits<long>::max()));
  }
  ~Decoder() { jpeg_destroy_decompress(&cinfo_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  void read_header() {
    int status = JPEG_SUSPENDED;
    guarded(errors_, limits_, [&] { status = jpeg_read_header(&cinfo_, TRUE); });
    if (status != JPEG_HEADER_OK) throw truncated_error("the JPEG ends in its header");
    check_size(cinfo_.image_height, cinfo_.image_width, grey() ? 1 : 3, Depth::u8, limits_);
  }

  [[nodiscard]] ColorModel model() const { return model_of(cinfo_.jpeg_color_space); }
  [[nodiscard]] bool grey() const { return cinfo_.num_components == 1; }
  [[nodiscard]] std::size_t height() const { return cinfo_.image_height; }
  [[nodiscard]] std::size_t width() const { return cinfo_.image_width; }
  [[nodiscard]] bool progressive() { return jpeg_has_multiple_scans(&cinfo_) != FALSE; }

  [[nodiscard]] Stored read_pixels(const ReadOptions& options);

 private:
  void choose_output(const ReadOptions& options);
  [[nodiscard]] bool start(bool fill);
  void read_rows(Image& image);
  void turn_inks(Image& image) const;

  const Limits& limits_;
  JpegErrors errors_{};
  Source source_{};
  ScanCounter scans_{};
  jpeg_decompress_struct cinfo_{};
};

void Decoder::choose_output(const ReadOptions& options) {
  if (model() == ColorModel::cmyk) {
    cinfo_.out_color_space = JCS_CMYK;
  } else if (grey() || options.mode == ReadMode::grey) {
    cinfo_.out_color_space = JCS_GRAYSCALE;
  } else {
    cinfo_.out_color_space = JCS_RGB;
  }
  cinfo_.scale_num = 1;
  cinfo_.scale_denom = options.reduce;
}

// False when the data ended before the first row could be made.
bool Decoder::start(bool fill) {
  boolean started = FALSE;
  source_.give_end = fill && progressive();
  guarded(errors_, limits_, [&] { started = jpeg_start_decompress(&cinfo_); });
  return started != FALSE;
}

void Decoder::read_rows(Image& image) {
  const std::size_t stride = image.width() * image.channels();
  std::byte* data = image.data();
  guarded(errors_, limits_, [&] {
    while (cinfo_.output_scanline < cinfo_.output_height) {
      JSAMPROW row = reinterpret_cast<JSAMPROW>(data + cinfo_.output_scanline * stride);
      if (jpeg_read_scanlines(&cinfo_, &row, 1) == 0) return;
    }
  });
}

// Adobe's files hold 255 - ink, others the ink. Rows that are missing become black, as elsewhere.
void Decoder::turn_inks(Image& image) const {
  auto* samples = reinterpret_cast<std::uint8_t*>(image.data());
  auto* missing = samples + std::size_t{cinfo_.output_scanline} * image.width() * 4;
  if (cinfo_.saw_Adobe_marker != FALSE) {
    std::transform(samples, missing, samples,
                   [](std::uint8_t sample) { return static_cast<std::uint8_t>(~sample); });
  }
  std::fill(missing, samples + image.bytes(), std::uint8_t{255});
}

Stored Decoder::read_pixels(const ReadOptions& options) {
  const bool fill = options.on_truncated == OnTruncated::fill;
  choose_output(options);
  guarded(errors_, limits_, [this] { jpeg_calc_output_dimensions(&cinfo_); });
  const ColorModel given = model_of(cinfo_.out_color_space);
  const std::size_t channels = channels_of(given);
  check_size(cinfo_.output_height, cinfo_.output_width, channels, Depth::u8, limits_);
  Image image(cinfo_.output_height, cinfo_.output_width, channels, Depth::u8);
  if (start(fill)) read_rows(image);
  if (given == ColorModel::cmyk) turn_inks(image);
  // A file that lacks only its end marker has all its rows.
  const bool whole = cinfo_.output_scanline == cinfo_.output_height && !source_.give_end;
  if (source_.ended && !whole && !fill) {
    throw truncated_error("the JPEG ends early, after " + std::to_string(cinfo_.output_scanline) +
                          " of " + std::to_string(image.height()) + " rows");
  }
  if (errors_.warning != 0 && (whole || !source_.ended)) throw_jpeg(errors_, limits_);
  return {std::move(image), given};
}

}  // namespace

Header probe_jpeg(Bytes bytes, const Limits& limits) {
  Decoder decoder(bytes, limits);
  decoder.read_header();
  return {.info = {.format = Format::jpeg,
                   .height = decoder.height(),
                   .width = decoder.width(),
                   .channels = decoder.grey() ? std::size_t{1} : std::size_t{3},
                   .depth = Depth::u8,
                   .animated = false},
          .orientation = jpeg_orientation(bytes, limits),
          .model = decoder.model()};
}

Stored decode_jpeg(Bytes bytes, const ReadOptions& options) {
  if (options.reduce != 1 && options.reduce != 2 && options.reduce != 4 && options.reduce != 8) {
    throw Error(ErrorCode::invalid_argument, "reduce must be 1, 2, 4 or 8");
  }
  Decoder decoder(bytes, options.limits);
  decoder.read_header();
  return decoder.read_pixels(options);
}

}  // namespace colorlab::io
