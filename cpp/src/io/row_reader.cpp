#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "colorlab/row_files.hpp"
#include "io/color_profile.hpp"
#include "io/row_decoder.hpp"
#include "io/stays_broken.hpp"

namespace colorlab {
namespace {

constexpr std::size_t kBandPixels = std::size_t{1} << 21;

io::RowsOrReason rows_of(Format format, const io::ByteSource& source, const ReadOptions& options) {
  switch (format) {
    case Format::jpeg:
      return io::jpeg_rows(source, options);
    case Format::png:
      return io::png_rows(source, options);
    case Format::tiff:
      return io::tiff_rows(source, options);
    case Format::webp:
      return {nullptr, "a WebP is decoded as a whole"};
    default:
      return {nullptr, "a BMP is decoded as a whole"};
  }
}

Image slice(const Image& image, std::size_t first, std::size_t rows) {
  Image part(rows, image.width(), image.channels(), image.depth());
  std::memcpy(part.data(), image.data() + first * (image.bytes() / image.height()), part.bytes());
  return part;
}

}  // namespace

struct RowReader::State {
  State(const std::filesystem::path& name, const RowReadOptions& given)
      : path(name.string()), options(given), file(std::in_place, name) {
    if (file->regular()) {
      data = *file;
    } else {  // a pipe can be read only once
      file.reset();
      held = read_file(name, given.whole_limits);
      data = io::ByteSource(held);
    }
  }
  State(io::Bytes bytes, const RowReadOptions& given) : options(given), data(bytes) {}

  // Runs `call`; its errors name the file.
  template <class Call>
  auto named(const Call& call) const {
    try {
      return call();
    } catch (const Error& error) {
      if (path.empty()) throw;
      throw error.with_path(path);
    }
  }

  void open();
  void open_whole();
  void reopen();
  void prepare_colors();
  void decode_whole();
  [[nodiscard]] Metadata stored_metadata() const;
  [[nodiscard]] Image read(CancelToken* cancel);
  [[nodiscard]] Image read_rows(CancelToken* cancel);

  [[nodiscard]] ReadOptions reading(const Limits& limits) const {
    ReadOptions result;
    result.mode = options.mode;
    result.colors = options.colors;
    result.on_truncated = options.on_truncated;
    result.limits = limits;
    return result;
  }

  std::string path;
  RowReadOptions options;
  std::optional<io::InputFile> file;
  std::vector<std::uint8_t> held;  // the file itself, where it has to be in memory
  io::ByteSource data;

  Format format{};
  io::Header header;
  RowShape shape;
  std::size_t tile_height = 0, tile_width = 0;
  std::optional<io::ToSrgb> to_srgb;
  std::unique_ptr<io::RowDecoder> decoder;  // null: decoded as a whole
  std::string reason;
  ReadOptions decoding{};
  Image whole;              // once it is decoded
  Image unit;               // rows that the file holds together, when they are many
  std::size_t unit_at = 0;  // of its rows, those already given
  std::size_t row = 0;      // the next
  io::StaysBroken work;     // since the last rewinding
};

Metadata RowReader::State::stored_metadata() const {
  switch (format) {
    case Format::jpeg:
      return io::jpeg_metadata(data, options.limits);
    case Format::png:
      return io::png_metadata(data, options.limits);
    case Format::tiff:
      return io::tiff_metadata(data, options.limits);
    default:
      return io::codec_of(format).metadata(data.bytes(), options.limits);
  }
}

void RowReader::State::open() {
  format = io::format_of(data, options.limits);
  decoding = reading(options.limits);
  io::RowsOrReason opened = rows_of(format, data, decoding);
  decoder = std::move(opened.rows);
  reason = std::move(opened.reason);
  if (decoder) {
    header = decoder->header();
    tile_height = decoder->tile_height();
    tile_width = decoder->tile_width();
  } else {
    open_whole();
  }
  const ImageInfo& info = header.info;
  const std::size_t channels = options.mode == ReadMode::rgb    ? 3
                               : options.mode == ReadMode::grey ? 1
                                                                : info.channels;
  shape = {info.height, info.width, channels, info.depth};
}

// From the first row again. Buffers are made for the header that was read first: a file that
// somebody has put another image into meanwhile must not fill them.
void RowReader::State::reopen() {
  std::unique_ptr<io::RowDecoder> opened = rows_of(format, data, decoding).rows;
  if (!opened || opened->header() != header) {
    throw Error(ErrorCode::corrupt_image, "the file changed while it was read");
  }
  decoder = std::move(opened);
}

// Colour management, which takes longer than all of the header: before the first row only.
void RowReader::State::prepare_colors() {
  if (to_srgb || !decoder) return;
  to_srgb.emplace(
      options.colors == Colors::srgb ? stored_metadata().icc : std::vector<std::uint8_t>{},
      header.model);
  const ReadOptions needed = io::decoding(decoding, *to_srgb);
  if (needed.mode == decoding.mode) return;
  decoding = needed;
  reopen();
}

void RowReader::State::open_whole() {
  try {
    if (!data.in_memory()) {
      held = read_file(path, options.whole_limits);
      data = io::ByteSource(held);
      file.reset();
    }
    header = io::codec_of(format).probe(data.bytes(), options.whole_limits);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::image_too_large) throw;
    throw Error(error.code(), reason + ", and " + error.what(), path,
                "Convert it to a TIFF of strips or tiles, which is read row by row");
  }
}

void RowReader::State::decode_whole() {
  if (whole.bytes() != 0) return;
  const io::Codec& codec = io::codec_of(format);
  whole = io::decode_unturned(data.bytes(), codec, reading(options.whole_limits)).image;
}

Image RowReader::State::read_rows(CancelToken* cancel) {
  const std::size_t width = header.info.width, left = header.info.height - row;
  const std::size_t wanted =
      options.band_rows > 0 ? options.band_rows : std::max<std::size_t>(1, kBandPixels / width);
  if (!decoder) {
    decode_whole();
    return slice(whole, row, std::min(wanted, left));
  }
  const std::size_t together = decoder->unit();
  const auto read_now = [&](std::size_t rows) {
    Image image(rows, width, decoder->channels(), header.info.depth);
    decoder->read(rows, image.data(), cancel);
    return image;
  };
  if (together <= wanted) return read_now(std::min(wanted / together * together, left));
  if (unit_at == unit.height()) {
    unit = Image();  // its memory, before more is taken
    unit = read_now(std::min(together, left));
    unit_at = 0;
  }
  Image band = slice(unit, unit_at, std::min(wanted, unit.height() - unit_at));
  unit_at += band.height();
  return band;
}

Image RowReader::State::read(CancelToken* cancel) {
  if (row == header.info.height) return {};
  prepare_colors();
  Image band = read_rows(cancel);
  row += band.height();
  if (decoder) {
    if (row == header.info.height) decoder->finish();
    band = io::fit_mode(to_srgb->apply(std::move(band)), options.mode);
  }
  return band;
}

RowReader::RowReader(const std::filesystem::path& path, const RowReadOptions& options)
    : state_(std::make_unique<State>(path, options)) {
  state_->named([this] { state_->open(); });
}

RowReader::RowReader(std::span<const std::uint8_t> bytes, const RowReadOptions& options)
    : state_(std::make_unique<State>(bytes, options)) {
  state_->open();
}

RowReader::~RowReader() = default;

RowShape RowReader::shape() const { return state_->shape; }

Image RowReader::next(CancelToken* cancel) {
  State& state = *state_;
  return state.named([&] { return state.work.run([&] { return state.read(cancel); }); });
}

void RowReader::rewind() {
  State& state = *state_;
  state.row = state.unit_at = 0;
  state.unit = Image();
  state.work = {};
  if (!state.decoder) return;
  state.named([&state] { state.work.run([&state] { state.reopen(); }); });
}

Format RowReader::format() const { return state_->format; }
int RowReader::orientation() const { return state_->header.orientation; }
bool RowReader::animated() const { return state_->header.info.animated; }
const std::string& RowReader::whole_because() const { return state_->reason; }

bool RowReader::fits_in_memory() const {
  const Limits& limits = state_->options.whole_limits;
  const ImageInfo& info = state_->header.info;
  if (state_->data.size() > limits.max_file_bytes) return false;
  try {
    const std::size_t channels = state_->header.model == io::ColorModel::cmyk ? 4 : info.channels;
    io::check_size(info.height, info.width, channels, info.depth, limits);
  } catch (const Error&) {
    return false;
  }
  return true;
}

std::size_t RowReader::tile_height() const { return state_->tile_height; }
std::size_t RowReader::tile_width() const { return state_->tile_width; }

Metadata RowReader::metadata() const {
  return state_->named(
      [this] { return io::upright_metadata(state_->stored_metadata(), orientation()); });
}

}  // namespace colorlab
