#include "io/tiff_decode.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "io/row_decoder.hpp"

namespace colorlab::io {
namespace {

// The samples of one row, widened to 16 bits; 8-bit outputs use the low byte.
void unpack(const TiffLayout& layout, const std::uint8_t* row, std::size_t count,
            std::uint16_t* out) {
  const unsigned most = (1U << std::min(layout.bits, 16U)) - 1;
  if (layout.is_float) {
    for (std::size_t i = 0; i < count; ++i) {
      float value = 0;
      std::memcpy(&value, row + 4 * i, 4);
      value = value > 0 ? std::min(value, 1.0F) : 0;  // NaN too becomes 0
      out[i] = static_cast<std::uint16_t>(std::lround(value * 65535.0F));
    }
  } else if (layout.bits == 32) {  // what Pillow's mode "I" means: 0..65535, kept in 32 bits
    for (std::size_t i = 0; i < count; ++i) {
      std::int32_t value = 0;
      std::memcpy(&value, row + 4 * i, 4);
      out[i] = static_cast<std::uint16_t>(std::clamp(value, 0, 65535));
    }
  } else if (layout.bits == 16) {
    std::memcpy(out, row, 2 * count);
  } else if (layout.bits == 8) {
    std::copy_n(row, count, out);
  } else {
    const unsigned scale = layout.palette ? 1 : 255 / most;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t bit = i * layout.bits;
      const unsigned shift = static_cast<unsigned>(8 - layout.bits - bit % 8);
      out[i] = static_cast<std::uint16_t>((row[bit / 8] >> shift & most) * scale);
    }
  }
  const auto whole = static_cast<std::uint16_t>(layout.bits <= 8 ? 255 : 65535);
  if (layout.is_signed && (layout.bits == 8 || layout.bits == 16)) {  // the lowest value is black
    const auto sign = static_cast<std::uint16_t>((whole >> 1) + 1);
    std::transform(out, out + count, out,
                   [sign](std::uint16_t v) { return static_cast<std::uint16_t>(v ^ sign); });
  }
}

// Undoes the multiplication of colours by alpha.
template <class T>
void unmultiply(T* pixel, unsigned colors) {
  constexpr std::uint32_t kMost = std::numeric_limits<T>::max();
  const std::uint32_t alpha = pixel[colors];
  if (alpha == 0) return;
  for (unsigned c = 0; c < colors; ++c) {
    pixel[c] = static_cast<T>(std::min(kMost, (pixel[c] * kMost + alpha / 2) / alpha));
  }
}

// Interleaved samples of one row of a block, or the plane of palette indices, to their place.
template <class T>
void place_contiguous(const TiffLayout& layout, const std::uint16_t* samples, std::size_t width,
                      std::size_t channels, T* out) {
  constexpr auto kMost = std::numeric_limits<T>::max();
  const unsigned colors = layout.color_samples();
  const std::size_t step = layout.planar ? 1 : layout.samples;
  for (std::size_t x = 0; x < width; ++x, samples += step, out += channels) {
    std::size_t to = 0;
    if (layout.palette) {
      for (const std::uint8_t value : layout.colors[samples[0]]) out[to++] = value;
    } else {
      for (unsigned c = 0; c < colors; ++c) {
        out[to++] = static_cast<T>(layout.inverted ? kMost - samples[c] : samples[c]);
      }
    }
    if (to < channels && !layout.planar) {
      out[to] = static_cast<T>(samples[*layout.alpha]);
      if (layout.premultiplied) unmultiply(out, static_cast<unsigned>(to));
    }
  }
}

// One plane's row to its channel.
template <class T>
void place_plane(bool inverted, const std::uint16_t* samples, std::size_t width,
                 std::size_t channels, T* out) {
  constexpr auto kMost = std::numeric_limits<T>::max();
  for (std::size_t x = 0; x < width; ++x) {
    out[x * channels] = static_cast<T>(inverted ? kMost - samples[x] : samples[x]);
  }
}

}  // namespace

TiffBands::TiffBands(TiffSource& source, const ReadOptions& options, bool whole)
    : source_(source),
      options_(options),
      tiff_(open_tiff(source, options.limits)),
      layout_(tiff_layout(tiff_.get(), whole ? options.limits : without_memory(options.limits))) {
  channels_ = layout_.header.model == ColorModel::cmyk ? 4 : layout_.header.info.channels;
  if (layout_.through_rgba) {
    layout_.tile_height = layout_.height;
    return;
  }
  const tmsize_t size = layout_.tiled ? TIFFTileSize(tiff_.get()) : TIFFStripSize(tiff_.get());
  const std::uint64_t row_samples =
      std::uint64_t{layout_.tile_width} * (layout_.planar ? 1U : layout_.samples);
  const std::uint64_t row_bytes = (row_samples * layout_.bits + 7) / 8;
  if (size <= 0 || row_bytes * layout_.tile_height > static_cast<std::uint64_t>(size)) {
    throw tiff_error(source_, "the TIFF's strips or tiles do not fit its pixels");
  }
  constexpr tmsize_t kLargeStrip = tmsize_t{8} << 20;
  by_lines_ = !whole && !layout_.tiled && !layout_.planar && size > kLargeStrip;
  const std::uint64_t held =
      std::max(row_samples * sizeof(std::uint16_t),
               static_cast<std::uint64_t>(by_lines_ ? TIFFScanlineSize(tiff_.get()) : size));
  if (held > options.limits.max_decoded_bytes) {
    throw Error(ErrorCode::image_too_large,
                "the TIFF's strips or tiles are over the limit max_decoded_bytes", {},
                "Raise max_decoded_bytes in limits if you trust the file");
  }
  plain_ = (layout_.bits == 8 || layout_.bits == 16) && layout_.samples == channels_ &&
           !(layout_.planar || layout_.palette || layout_.inverted || layout_.is_signed ||
             layout_.is_float || layout_.premultiplied);
  pixels_.resize(row_samples);
  if (by_lines_) {
    block_.resize(std::max<std::size_t>(row_bytes, TIFFScanlineSize(tiff_.get())));
  } else if (!plain_ || layout_.tiled) {
    block_.resize(static_cast<std::size_t>(size));
  }
}

std::size_t TiffBands::bands() const { return (layout_.height - 1) / band_rows() + 1; }

bool TiffBands::may_miss(std::uint32_t index) {
  const std::uint64_t start = TIFFGetStrileOffset(tiff_.get(), index);
  const std::uint64_t count = TIFFGetStrileByteCount(tiff_.get(), index);
  const std::uint64_t end = start + std::min(count, ~start);
  const Error error = tiff_error(source_, "the TIFF's pixels are corrupt", end);
  if (error.code() != ErrorCode::truncated_image || options_.on_truncated != OnTruncated::fill) {
    throw error;
  }
  source_.message.clear();
  return start < source_.size();  // what was decoded before the end is in the block
}

// libtiff believes in the place of uncompressed data alone, and would read on behind them.
void TiffBands::check_plain_block(std::uint32_t index) {
  if (tiff_field<std::uint16_t>(tiff_.get(), TIFFTAG_COMPRESSION, COMPRESSION_NONE) !=
      COMPRESSION_NONE) {
    return;
  }
  const std::uint32_t bands = (layout_.height - 1) / layout_.tile_height + 1;
  const std::uint32_t rows =
      std::min(layout_.tile_height, layout_.height - index % bands * layout_.tile_height);
  const tmsize_t needed =
      layout_.tiled ? TIFFTileSize(tiff_.get()) : TIFFVStripSize(tiff_.get(), rows);
  if (TIFFGetStrileByteCount(tiff_.get(), index) < static_cast<std::uint64_t>(needed)) {
    throw corrupt_error("the TIFF's pixels are corrupt (strip or tile " + std::to_string(index) +
                        " has too few bytes)");
  }
}

// False when a missing part may stay missing.
bool TiffBands::read_block(std::uint32_t index, std::uint8_t* target, std::size_t size) {
  std::fill_n(target, size, std::uint8_t{0});
  check_plain_block(index);
  const auto most = static_cast<tmsize_t>(size);
  const tmsize_t got = layout_.tiled ? TIFFReadEncodedTile(tiff_.get(), index, target, most)
                                     : TIFFReadEncodedStrip(tiff_.get(), index, target, most);
  if (got >= 0) return true;
  return may_miss(index);
}

// One row of a block, or the image's own, to its place: from `channel` on.
void TiffBands::place(const std::uint8_t* row, std::size_t width, std::size_t channel,
                      std::byte* target) {
  if (plain_) {
    std::memcpy(target, row, width * channels_ * layout_.bits / 8);
    return;
  }
  unpack(layout_, row, pixels_.size(), pixels_.data());
  const auto put = [&](auto* typed) {
    const bool is_alpha = channel > 0 && channel + 1 == channels_ && layout_.alpha.has_value();
    if (layout_.planar && (is_alpha || !layout_.palette)) {
      place_plane(layout_.inverted && !is_alpha, pixels_.data(), width, channels_, typed + channel);
    } else {
      place_contiguous(layout_, pixels_.data(), width, channels_, typed);
    }
  };
  if (layout_.header.info.depth == Depth::u16) {
    put(reinterpret_cast<std::uint16_t*>(target));
  } else {
    put(reinterpret_cast<std::uint8_t*>(target));
  }
}

void TiffBands::read_line(std::size_t y, std::byte* target) {
  std::fill(block_.begin(), block_.end(), std::uint8_t{0});
  const auto row = static_cast<std::uint32_t>(y);
  if (TIFFReadScanline(tiff_.get(), block_.data(), row, 0) != 1 &&
      !may_miss(row / layout_.tile_height)) {
    return;
  }
  place(block_.data(), layout_.width, 0, target);
}

void TiffBands::read_all_through_rgba() {
  char reason[1024] = {};
  if (TIFFRGBAImageOK(tiff_.get(), reason) == 0) {
    throw unsupported_error(std::string("this kind of TIFF is not supported (libtiff: ") + reason +
                            ")");
  }
  const std::uint64_t pixels = std::uint64_t{layout_.height} * layout_.width;
  if (pixels * 4 > options_.limits.max_decoded_bytes) {
    throw Error(ErrorCode::image_too_large, "the TIFF is over the limit max_decoded_bytes");
  }
  raster_.resize(pixels);
  // The raster's rows lie as the file's do: orientation is undone later, for all formats alike.
  const int orientation = layout_.header.orientation;
  if (TIFFSetField(tiff_.get(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) != 1 ||
      TIFFReadRGBAImageOriented(tiff_.get(), layout_.width, layout_.height, raster_.data(),
                                ORIENTATION_TOPLEFT, 1) == 0) {
    throw tiff_error(source_, "the TIFF's pixels are corrupt");
  }
  layout_.header.orientation = orientation;
}

void TiffBands::read(std::size_t band, std::byte* target, CancelToken* cancel) {
  if (cancel != nullptr) cancel->check();
  if (by_lines_) {
    read_line(band, target);
    return;
  }
  const std::size_t width = layout_.width;
  const std::size_t first = band * layout_.tile_height;
  const std::size_t rows = std::min<std::size_t>(layout_.tile_height, layout_.height - first);
  if (layout_.through_rgba) {
    read_all_through_rgba();
    auto* out = reinterpret_cast<std::uint8_t*>(target);
    for (const std::uint32_t pixel : raster_) {
      *out++ = static_cast<std::uint8_t>(TIFFGetR(pixel));
      *out++ = static_cast<std::uint8_t>(TIFFGetG(pixel));
      *out++ = static_cast<std::uint8_t>(TIFFGetB(pixel));
    }
    raster_ = {};
    return;
  }
  if (plain_ && !layout_.tiled) {  // a strip is a part of the image: no copy on top
    auto* out = reinterpret_cast<std::uint8_t*>(target);
    (void)read_block(static_cast<std::uint32_t>(band), out,
                     rows * width * channels_ * layout_.bits / 8);
    return;
  }
  const auto across = static_cast<std::uint32_t>((width - 1) / layout_.tile_width + 1);
  const unsigned planes = layout_.planar ? layout_.samples : 1;
  const std::size_t block_samples = pixels_.size();
  const std::size_t block_row = (block_samples * layout_.bits + 7) / 8;
  const std::size_t sample_bytes = layout_.header.info.depth == Depth::u16 ? 2 : 1;
  const bool has_alpha = channels_ > (layout_.palette ? 3U : layout_.color_samples());
  for (unsigned plane = 0; plane < planes; ++plane) {
    std::size_t channel = plane;
    if (plane >= layout_.color_samples()) {
      if (!has_alpha || plane != *layout_.alpha) continue;
      channel = channels_ - 1;
    }
    for (std::uint32_t column = 0; column < across; ++column) {
      const auto index = static_cast<std::uint32_t>((plane * bands() + band) * across + column);
      if (cancel != nullptr) cancel->check();
      if (!read_block(index, block_.data(), block_.size())) continue;
      const std::size_t x = std::size_t{column} * layout_.tile_width;
      const std::size_t part = std::min<std::size_t>(layout_.tile_width, width - x);
      for (std::size_t y = 0; y < rows; ++y) {
        place(&block_[y * block_row], part, channel,
              target + (y * width + x) * channels_ * sample_bytes);
      }
    }
  }
  if (layout_.planar && layout_.premultiplied && has_alpha) {
    const auto undo = [&](auto* typed) {
      for (std::size_t i = 0; i < rows * width; ++i, typed += channels_) {
        unmultiply(typed, static_cast<unsigned>(channels_ - 1));
      }
    };
    if (sample_bytes == 2) {
      undo(reinterpret_cast<std::uint16_t*>(target));
    } else {
      undo(reinterpret_cast<std::uint8_t*>(target));
    }
  }
}

namespace {

// To be filled, a strip that is cut short must give what is there.
TiffSource source_of(const ByteSource& data, const ReadOptions& options) {
  return {.data = data, .in_place = options.on_truncated == OnTruncated::error};
}

class TiffRows : public RowDecoder {
 public:
  TiffRows(const ByteSource& data, const ReadOptions& options)
      : source_(source_of(data, options)), bands_(source_, options, false) {}

  [[nodiscard]] const Header& header() const override { return bands_.header(); }
  [[nodiscard]] std::size_t channels() const override { return bands_.channels(); }
  [[nodiscard]] std::size_t unit() const override { return bands_.band_rows(); }
  [[nodiscard]] std::size_t tile_height() const override {
    return layout().tiled ? layout().tile_height : 0;
  }
  [[nodiscard]] std::size_t tile_width() const override {
    return layout().tiled ? layout().tile_width : 0;
  }
  [[nodiscard]] const TiffLayout& layout() const { return bands_.layout(); }

  void read(std::size_t rows, std::byte* target, CancelToken* cancel) override {
    const ImageInfo& info = header().info;
    const std::size_t row = info.width * channels() * (info.depth == Depth::u16 ? 2 : 1);
    for (std::size_t done = 0; done < rows; done += unit()) {
      bands_.read(next_++, target + done * row, cancel);
    }
  }

 private:
  TiffSource source_;
  TiffBands bands_;
  std::size_t next_ = 0;
};

}  // namespace

RowsOrReason tiff_rows(const ByteSource& source, const ReadOptions& options) {
  auto rows = std::make_unique<TiffRows>(source, options);
  if (rows->layout().through_rgba) {
    return {nullptr, "a TIFF of these colours and this compression is converted as a whole"};
  }
  const ImageInfo& info = rows->header().info;
  const std::size_t row = info.width * rows->channels() * (info.depth == Depth::u16 ? 2 : 1);
  if (rows->unit() > options.limits.max_decoded_bytes / row) {
    return {nullptr, "the TIFF's strips or tiles are of " + std::to_string(rows->unit()) +
                         " rows, which must be held together"};
  }
  return {std::move(rows), {}};
}

Header probe_tiff(Bytes bytes, const Limits& limits) {
  TiffSource source{.data = bytes};
  const TiffHandle tiff = open_tiff(source, limits);
  return tiff_layout(tiff.get(), limits).header;
}

Stored decode_tiff(Bytes bytes, const ReadOptions& options) {
  TiffSource source = source_of(bytes, options);
  TiffBands bands(source, options);
  const ImageInfo& info = bands.header().info;
  Image image(info.height, info.width, bands.channels(), info.depth);
  const std::size_t row = image.bytes() / image.height();
  for (std::size_t band = 0; band < bands.bands(); ++band) {
    bands.read(band, image.data() + band * bands.band_rows() * row);
  }
  return {std::move(image), bands.header().model};
}

}  // namespace colorlab::io
