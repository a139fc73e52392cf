// Pixels to TIFF.
#include "io/tiff_encode.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/row_encoder.hpp"
#include "io/tiff_exif.hpp"

namespace colorlab {
namespace io {
namespace {

constexpr std::size_t kStripBytes = std::size_t{256} << 10;

std::size_t row_bytes(const RowShape& shape) {
  return shape.width * shape.channels * (shape.depth == Depth::u16 ? 2 : 1);
}

}  // namespace

void check_tiff(const RowShape& shape, int compression) {
  if (compression < 0 || compression > 9) {
    throw Error(ErrorCode::invalid_argument,
                "TIFF compression must be 0..9, not " + std::to_string(compression));
  }
  if (shape.height == 0 || shape.width == 0 || shape.channels < 1 || shape.channels > 4) {
    throw Error(ErrorCode::shape, "a TIFF holds 1..4 channels and at least one pixel, not " +
                                      std::to_string(shape.height) + " x " +
                                      std::to_string(shape.width) + " x " +
                                      std::to_string(shape.channels));
  }
  constexpr std::size_t kMostSide = 0x7FFFFFFF;
  if (shape.height > kMostSide || shape.width > kMostSide / 8) {
    throw Error(ErrorCode::image_too_large, "the image's sides are too large for a TIFF");
  }
}

namespace {

// True when the file may grow over classic TIFF's 4 GiB; tiles are whole ones.
bool needs_big_tiff(const TiffPlan& plan) {
  constexpr std::uint64_t kClassic = std::uint64_t{4'000'000'000};
  const auto padded = [](std::uint64_t side, std::uint64_t tile) {
    return tile == 0 ? side : (side + tile - 1) / tile * tile;
  };
  const std::uint64_t pixel_bytes = row_bytes(plan.shape) / plan.shape.width;
  return padded(plan.shape.height, plan.tile_height) * padded(plan.shape.width, plan.tile_width) *
             pixel_bytes >
         kClassic;
}

void set_tags(TIFF* tiff, const TiffPlan& plan, const Metadata& metadata) {
  const RowShape& shape = plan.shape;
  const int compression = plan.compression;
  bool ok = true;
  const auto set = [&](std::uint32_t tag, auto... values) {
    ok = TIFFSetField(tiff, tag, values...) == 1 && ok;
  };
  const bool color = shape.channels >= 3;
  set(TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(shape.width));
  set(TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(shape.height));
  set(TIFFTAG_SAMPLESPERPIXEL, static_cast<int>(shape.channels));
  set(TIFFTAG_BITSPERSAMPLE, static_cast<int>(shape.depth));
  set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  set(TIFFTAG_PHOTOMETRIC, color ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
  set(TIFFTAG_ORIENTATION, plan.orientation);
  if (shape.channels % 2 == 0) {
    const std::uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
    set(TIFFTAG_EXTRASAMPLES, 1, &alpha);
  }
  set(TIFFTAG_COMPRESSION, compression == 0 ? COMPRESSION_NONE : COMPRESSION_ADOBE_DEFLATE);
  if (compression > 0) {
    set(TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
    set(TIFFTAG_ZIPQUALITY, compression);
  }
  if (plan.tile_height > 0) {
    set(TIFFTAG_TILELENGTH, static_cast<std::uint32_t>(plan.tile_height));
    set(TIFFTAG_TILEWIDTH, static_cast<std::uint32_t>(plan.tile_width));
  } else {
    const std::size_t rows =
        std::clamp<std::size_t>(kStripBytes / row_bytes(shape), 1, shape.height);
    set(TIFFTAG_ROWSPERSTRIP, static_cast<std::uint32_t>(rows));
  }
  if (metadata.dpi_x > 0 && metadata.dpi_y > 0) {
    set(TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    set(TIFFTAG_XRESOLUTION, metadata.dpi_x);
    set(TIFFTAG_YRESOLUTION, metadata.dpi_y);
  }
  const auto count = [](const auto& data) { return static_cast<std::uint32_t>(data.size()); };
  if (!metadata.icc.empty()) set(TIFFTAG_ICCPROFILE, count(metadata.icc), metadata.icc.data());
  if (!metadata.xmp.empty()) set(TIFFTAG_XMLPACKET, count(metadata.xmp), metadata.xmp.data());
  if (!metadata.iptc.empty()) {
    // Older releases of libtiff count the records in words of four bytes; padding is harmless, for
    // the records tell their own lengths.
    const TIFFField* field = TIFFFieldWithTag(tiff, TIFFTAG_RICHTIFFIPTC);
    const bool words = field != nullptr && TIFFFieldDataType(field) == TIFF_LONG;
    std::vector<std::uint8_t> records = metadata.iptc;
    if (words) records.resize((records.size() + 3) / 4 * 4);
    set(TIFFTAG_RICHTIFFIPTC, count(records) / (words ? 4U : 1U), records.data());
  }
  if (!ok) throw Error(ErrorCode::image_too_large, "libtiff refuses the TIFF's directory");
}

class MemorySink : public TiffSink {
 public:
  void write_at(std::uint64_t offset, Bytes data) override {
    if (offset + data.size() > bytes_.size()) bytes_.resize(offset + data.size());
    std::copy(data.begin(), data.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] std::vector<std::uint8_t> release() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace

TiffHandle start_tiff(TiffSink& sink, const TiffPlan& plan, const Metadata& metadata) {
  const bool big = needs_big_tiff(plan);
  TiffHandle tiff = create_tiff(sink, big);
  // libtiff appends what it writes: directories that stand there before stay where they are.
  set_exif_tags(tiff.get(), sink, big, metadata.exif);
  set_tags(tiff.get(), plan, metadata);
  return tiff;
}

namespace {

// Strips in the order of the rows. libtiff packs whole ones with libdeflate; copies of the rows,
// because its predictor works in place.
class StripWriter {
 public:
  StripWriter(TiffSink& sink, TIFF* tiff, const RowShape& shape)
      : sink_(sink),
        tiff_(tiff),
        shape_(shape),
        row_bytes_(row_bytes(shape)),
        strip_rows_(tiff_field<std::uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP, 1)),
        strip_(strip_rows_ * row_bytes_) {}

  void write_row(const void* row) {
    std::memcpy(&strip_[held_ * row_bytes_], row, row_bytes_);
    ++held_;
    ++rows_;
    if (held_ < strip_rows_ && rows_ < shape_.height) return;
    const auto bytes = static_cast<tmsize_t>(held_ * row_bytes_);
    if (TIFFWriteEncodedStrip(tiff_, strips_++, strip_.data(), bytes) != bytes) throw_tiff(sink_);
    held_ = 0;
  }

 private:
  TiffSink& sink_;
  TIFF* tiff_;
  const RowShape shape_;
  std::size_t row_bytes_, strip_rows_;
  std::vector<std::uint8_t> strip_;
  std::size_t held_ = 0, rows_ = 0;
  std::uint32_t strips_ = 0;
};

// A row of tiles at a time. What of them lies outside the image repeats its last column and row.
class TileWriter {
 public:
  TileWriter(TiffSink& sink, TIFF* tiff, const TiffPlan& plan)
      : sink_(sink),
        tiff_(tiff),
        plan_(plan),
        row_bytes_(row_bytes(plan.shape)),
        pixel_bytes_(row_bytes_ / plan.shape.width),
        rows_of_tiles_(plan.tile_height * row_bytes_),
        tile_(plan.tile_height * plan.tile_width * pixel_bytes_) {}

  void write_row(const void* row) {
    std::memcpy(&rows_of_tiles_[held_ * row_bytes_], row, row_bytes_);
    ++held_;
    ++rows_;
    if (held_ < plan_.tile_height && rows_ < plan_.shape.height) return;
    for (std::size_t x = 0; x < plan_.shape.width; x += plan_.tile_width) write_tile(x);
    held_ = 0;
  }

 private:
  void write_tile(std::size_t x) {
    const std::size_t there = std::min(plan_.tile_width, plan_.shape.width - x);
    const std::size_t row = plan_.tile_width * pixel_bytes_;
    for (std::size_t y = 0; y < plan_.tile_height; ++y) {
      const std::uint8_t* from =
          &rows_of_tiles_[std::min(y, held_ - 1) * row_bytes_ + x * pixel_bytes_];
      std::uint8_t* to = &tile_[y * row];
      std::memcpy(to, from, there * pixel_bytes_);
      for (std::size_t i = there; i < plan_.tile_width; ++i) {
        std::memcpy(to + i * pixel_bytes_, from + (there - 1) * pixel_bytes_, pixel_bytes_);
      }
    }
    const auto bytes = static_cast<tmsize_t>(tile_.size());
    if (TIFFWriteEncodedTile(tiff_, tiles_++, tile_.data(), bytes) != bytes) throw_tiff(sink_);
  }

  TiffSink& sink_;
  TIFF* tiff_;
  const TiffPlan plan_;
  std::size_t row_bytes_, pixel_bytes_;
  std::vector<std::uint8_t> rows_of_tiles_, tile_;
  std::size_t held_ = 0, rows_ = 0;
  std::uint32_t tiles_ = 0;
};

class FileSink : public TiffSink {
 public:
  explicit FileSink(AtomicFile& file) : file_(file) {}
  void write_at(std::uint64_t offset, Bytes data) override { file_.write_at(offset, data); }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }

 private:
  AtomicFile& file_;
};

TiffPlan plan_of(const RowShape& shape, const RowWriteOptions& options) {
  constexpr std::size_t kStep = 16;  // TIFF 6.0: sides of tiles are multiples of it
  constexpr std::size_t kMostBytes = std::size_t{64} << 20, kUsual = 256;
  const auto stepped = [](std::size_t side) {
    return (std::min(side, std::size_t{kMostBytes}) + kStep - 1) / kStep * kStep;
  };
  TiffPlan plan{.shape = shape,
                .compression = options.compression,
                .orientation = options.orientation,
                .tile_height = stepped(options.tile_height),
                .tile_width = stepped(options.tile_width)};
  if (plan.tile_height == 0 || plan.tile_width == 0) {
    plan.tile_height = plan.tile_width = 0;
    return plan;
  }
  // A row of tiles is held, and a tile.
  const std::size_t pixel_bytes = row_bytes(shape) / shape.width;
  const bool high = plan.tile_height > kMostBytes / row_bytes(shape) && plan.tile_height > kUsual;
  if (high || plan.tile_width * pixel_bytes > kMostBytes / plan.tile_height) {
    plan.tile_height = plan.tile_width = kUsual;
  }
  return plan;
}

class TiffRowEncoder : public RowEncoder {
 public:
  TiffRowEncoder(AtomicFile& file, const RowShape& shape, const RowWriteOptions& options)
      : sink_(file),
        plan_(plan_of(shape, options)),
        tiff_(start_tiff(sink_, plan_, turned_metadata(options.metadata, options.orientation))) {
    if (plan_.tile_height > 0) {
      tiles_.emplace(sink_, tiff_.get(), plan_);
    } else {
      strips_.emplace(sink_, tiff_.get(), shape);
    }
  }
  void write(const Image& band, CancelToken* cancel) override {
    const std::size_t row = band.bytes() / std::max<std::size_t>(1, band.height());
    for (std::size_t y = 0; y < band.height(); ++y) {
      if (cancel != nullptr) cancel->check();
      if (tiles_) {
        tiles_->write_row(band.data() + y * row);
      } else {
        strips_->write_row(band.data() + y * row);
      }
    }
  }
  void finish() override {
    if (TIFFFlush(tiff_.get()) != 1) throw_tiff(sink_);
    tiff_.reset();
    if (sink_.exception) throw_tiff(sink_);
  }

 private:
  FileSink sink_;
  TiffPlan plan_;
  TiffHandle tiff_;
  std::optional<StripWriter> strips_;
  std::optional<TileWriter> tiles_;
};

}  // namespace

std::unique_ptr<RowEncoder> tiff_row_encoder(AtomicFile& file, const RowShape& shape,
                                             const RowWriteOptions& options) {
  return std::make_unique<TiffRowEncoder>(file, shape, options);
}

}  // namespace io

template <class T>
std::vector<std::uint8_t> encode_tiff(ImageView<const T> image, int compression,
                                      const Metadata& metadata) {
  const RowShape shape{image.height, image.width, image.channels,
                       sizeof(T) == 2 ? Depth::u16 : Depth::u8};
  io::check_tiff(shape, compression);
  io::MemorySink sink;
  {
    const io::TiffHandle tiff =
        io::start_tiff(sink, {.shape = shape, .compression = compression}, metadata);
    io::StripWriter strips(sink, tiff.get(), shape);
    for (std::size_t y = 0; y < image.height; ++y) strips.write_row(image.row(y));
    if (TIFFFlush(tiff.get()) != 1) io::throw_tiff(sink);
  }
  if (sink.exception) io::throw_tiff(sink);
  return sink.release();
}

template std::vector<std::uint8_t> encode_tiff(ImageView<const std::uint8_t>, int, const Metadata&);
template std::vector<std::uint8_t> encode_tiff(ImageView<const std::uint16_t>, int,
                                               const Metadata&);

}  // namespace colorlab
