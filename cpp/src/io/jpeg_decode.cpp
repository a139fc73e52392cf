// JPEG to pixels. The source suspends at the end of the data, so a truncated baseline file gives
// exactly the rows that are whole.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "io/codec.hpp"
#include "io/jpeg_handle.hpp"
#include "io/jpeg_markers.hpp"
#include "io/row_decoder.hpp"

namespace colorlab::io {
namespace {

constexpr JOCTET kEndOfImage[] = {0xFF, JPEG_EOI};

constexpr std::size_t kPiece = std::size_t{256} << 10;  // of a file

// A file's bytes; at their end it suspends, or gives an end marker where one is asked for.
struct Source {
  jpeg_source_mgr manager;  // first: libjpeg hands back a pointer to it
  ByteSource data;
  std::uint64_t next = 0;  // of the bytes that are not in the buffer yet
  std::vector<std::uint8_t> piece{};
  bool ended = false;
  bool give_end = false;
};

void start_source(j_decompress_ptr) {}
void end_source(j_decompress_ptr) {}

boolean refill(j_decompress_ptr cinfo) {
  auto& source = *reinterpret_cast<Source*>(cinfo->src);
  Bytes more;
  shielded(reinterpret_cast<j_common_ptr>(cinfo), [&] {
    source.piece.resize(source.data.in_memory() ? 0 : kPiece);
    const std::size_t got =
        source.data.read_at(source.next, source.piece.data(), source.piece.size());
    more = Bytes(source.piece).first(got);
  });
  if (!more.empty()) {
    source.next += more.size();
    source.manager.next_input_byte = more.data();
    source.manager.bytes_in_buffer = more.size();
    return TRUE;
  }
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
  const std::uint64_t missing = wanted - there, rest = source.data.size() - source.next;
  source.next += std::min(missing, rest);
  if (missing > rest) source.ended = true;
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
  // `whole`: all pixels are held, so they must fit into limits.max_decoded_bytes.
  Decoder(const ByteSource& data, const Limits& limits, bool whole = true)
      : limits_(limits), size_limits_(whole ? limits : without_memory(limits)) {
    cinfo_.err = install(errors_);
    guarded(errors_, limits_, [this] { jpeg_create_decompress(&cinfo_); });
    const Bytes bytes = data.bytes();
    source_.manager = {bytes.data(), bytes.size(),           start_source, refill,
                       skip,         jpeg_resync_to_restart, end_source};
    source_.data = data;
    source_.next = bytes.size();
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
    check_size(cinfo_.image_height, cinfo_.image_width, grey() ? 1 : 3, Depth::u8, size_limits_);
  }

  [[nodiscard]] ColorModel model() const { return model_of(cinfo_.jpeg_color_space); }
  [[nodiscard]] bool grey() const { return cinfo_.num_components == 1; }
  [[nodiscard]] std::size_t height() const { return cinfo_.image_height; }
  [[nodiscard]] std::size_t width() const { return cinfo_.image_width; }
  [[nodiscard]] bool progressive() { return jpeg_has_multiple_scans(&cinfo_) != FALSE; }

  // Bytes of the coefficients, which a file of several scans needs all at once.
  [[nodiscard]] std::uint64_t coefficient_bytes() const;

  // Chooses the pixels; then channels() and the output's sides are known.
  void prepare(const ReadOptions& options);
  [[nodiscard]] ColorModel given() const { return model_of(cinfo_.out_color_space); }
  [[nodiscard]] std::size_t channels() const { return channels_of(given()); }
  [[nodiscard]] std::size_t output_height() const { return cinfo_.output_height; }
  [[nodiscard]] std::size_t output_width() const { return cinfo_.output_width; }
  // The next rows, as they are to be given. Where the data end early the rest is missing: it stays
  // zero, and of inks becomes black.
  void read(std::size_t rows, std::byte* target, CancelToken* cancel = nullptr);
  // After the last row: throws if some were missing or damaged.
  void finish();

 private:
  void choose_output(const ReadOptions& options);
  [[nodiscard]] bool start();
  std::size_t read_rows(std::size_t rows, std::byte* target, CancelToken* cancel);
  void turn_inks(std::uint8_t* samples, std::size_t there, std::size_t all) const;

  const Limits limits_, size_limits_;
  bool fill_ = false, started_ = false, missing_ = false;
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

std::uint64_t Decoder::coefficient_bytes() const {
  std::uint64_t blocks = 0;
  for (int i = 0; i < cinfo_.num_components; ++i) {
    blocks +=
        std::uint64_t{cinfo_.comp_info[i].width_in_blocks} * cinfo_.comp_info[i].height_in_blocks;
  }
  return blocks * sizeof(JBLOCK);
}

void Decoder::prepare(const ReadOptions& options) {
  fill_ = options.on_truncated == OnTruncated::fill;
  choose_output(options);
  guarded(errors_, limits_, [this] { jpeg_calc_output_dimensions(&cinfo_); });
  check_size(output_height(), output_width(), channels(), Depth::u8, size_limits_);
}

// False when the data ended before the first row could be made.
bool Decoder::start() {
  boolean started = FALSE;
  source_.give_end = fill_ && progressive();
  guarded(errors_, limits_, [&] { started = jpeg_start_decompress(&cinfo_); });
  return started != FALSE;
}

// Gives how many rows there were.
std::size_t Decoder::read_rows(std::size_t rows, std::byte* target, CancelToken* cancel) {
  const std::size_t stride = output_width() * channels();
  const std::size_t first = cinfo_.output_scanline;
  guarded(errors_, limits_, [&] {
    while (cinfo_.output_scanline < first + rows) {
      if (cancel != nullptr && cinfo_.output_scanline % 16 == 0) {
        shielded(reinterpret_cast<j_common_ptr>(&cinfo_), [cancel] { cancel->check(); });
      }
      JSAMPROW row = reinterpret_cast<JSAMPROW>(target + (cinfo_.output_scanline - first) * stride);
      if (jpeg_read_scanlines(&cinfo_, &row, 1) == 0) return;
    }
  });
  return cinfo_.output_scanline - first;
}

// Adobe's files hold 255 - ink, others the ink. Rows that are missing become black, as elsewhere.
void Decoder::turn_inks(std::uint8_t* samples, std::size_t there, std::size_t all) const {
  if (cinfo_.saw_Adobe_marker != FALSE) {
    std::transform(samples, samples + there, samples,
                   [](std::uint8_t sample) { return static_cast<std::uint8_t>(~sample); });
  }
  std::fill(samples + there, samples + all, std::uint8_t{255});
}

void Decoder::read(std::size_t rows, std::byte* target, CancelToken* cancel) {
  if (!started_) {
    started_ = true;
    missing_ = !start();
  }
  const std::size_t there = missing_ ? 0 : read_rows(rows, target, cancel);
  missing_ = there < rows;
  if (given() == ColorModel::cmyk) {
    const std::size_t row = output_width() * channels();
    turn_inks(reinterpret_cast<std::uint8_t*>(target), there * row, rows * row);
  }
  if (missing_ && !fill_) finish();
}

void Decoder::finish() {
  // A file that lacks only its end marker has all its rows.
  const bool whole = !missing_ && !source_.give_end;
  if (source_.ended && !whole && !fill_) {
    throw truncated_error("the JPEG ends early, after " + std::to_string(cinfo_.output_scanline) +
                          " of " + std::to_string(output_height()) + " rows");
  }
  if (errors_.warning != 0 && (whole || !source_.ended)) throw_jpeg(errors_, limits_);
}

void check_reduce(unsigned reduce) {
  if (reduce != 1 && reduce != 2 && reduce != 4 && reduce != 8) {
    throw Error(ErrorCode::invalid_argument, "reduce must be 1, 2, 4 or 8");
  }
}

Header header_of(const Decoder& decoder, Bytes head, const Limits& limits) {
  return {.info = {.format = Format::jpeg,
                   .height = decoder.height(),
                   .width = decoder.width(),
                   .channels = decoder.grey() ? std::size_t{1} : std::size_t{3},
                   .depth = Depth::u8,
                   .animated = false},
          .orientation = jpeg_orientation(head, limits),
          .model = decoder.model()};
}

class JpegRows : public RowDecoder {
 public:
  JpegRows(const ByteSource& source, const ReadOptions& options)
      : decoder_(source, options.limits, false) {
    decoder_.read_header();
    std::vector<std::uint8_t> held;
    header_ = header_of(decoder_, jpeg_head(source, options.limits, held), options.limits);
    decoder_.prepare(options);
  }
  [[nodiscard]] Decoder& decoder() { return decoder_; }

  [[nodiscard]] const Header& header() const override { return header_; }
  [[nodiscard]] std::size_t channels() const override { return decoder_.channels(); }
  void read(std::size_t rows, std::byte* target, CancelToken* cancel) override {
    decoder_.read(rows, target, cancel);
  }
  void finish() override { decoder_.finish(); }

 private:
  Decoder decoder_;
  Header header_;
};

}  // namespace

RowsOrReason jpeg_rows(const ByteSource& source, const ReadOptions& options) {
  check_reduce(options.reduce);
  auto rows = std::make_unique<JpegRows>(source, options);
  Decoder& decoder = rows->decoder();
  // libjpeg keeps the coefficients of several scans, up to twice the limit: see Decoder.
  if (decoder.progressive() && decoder.coefficient_bytes() / 2 > options.limits.max_decoded_bytes) {
    return {nullptr, "a JPEG of several scans (progressive) is decoded as a whole"};
  }
  return {std::move(rows), {}};
}

Header probe_jpeg(Bytes bytes, const Limits& limits) {
  Decoder decoder(bytes, limits);
  decoder.read_header();
  return header_of(decoder, bytes, limits);
}

Stored decode_jpeg(Bytes bytes, const ReadOptions& options) {
  check_reduce(options.reduce);
  Decoder decoder(bytes, options.limits);
  decoder.read_header();
  decoder.prepare(options);
  Image image(decoder.output_height(), decoder.output_width(), decoder.channels(), Depth::u8);
  decoder.read(image.height(), image.data());
  decoder.finish();
  return {std::move(image), decoder.given()};
}

}  // namespace colorlab::io
