// Pixels to TIFF.
#include "io/tiff_encode.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "io/tiff_exif.hpp"

namespace colorlab {
namespace io {
namespace {

constexpr std::size_t kStripBytes = std::size_t{256} << 10;

std::size_t row_bytes(const TiffShape& shape) {
  return shape.width * shape.channels * (shape.depth == Depth::u16 ? 2 : 1);
}

}  // namespace

void check_tiff(const TiffShape& shape, int compression) {
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

// True when the file may grow over classic TIFF's 4 GiB.
bool needs_big_tiff(const TiffShape& shape) {
  constexpr std::uint64_t kClassic = std::uint64_t{4'000'000'000};
  return std::uint64_t{row_bytes(shape)} * shape.height > kClassic;
}

void set_tags(TIFF* tiff, const TiffShape& shape, int compression, const Metadata& metadata) {
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
  set(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  if (shape.channels % 2 == 0) {
    const std::uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
    set(TIFFTAG_EXTRASAMPLES, 1, &alpha);
  }
  set(TIFFTAG_COMPRESSION, compression == 0 ? COMPRESSION_NONE : COMPRESSION_ADOBE_DEFLATE);
  if (compression > 0) {
    set(TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
    set(TIFFTAG_ZIPQUALITY, compression);
  }
  const std::size_t rows = std::clamp<std::size_t>(kStripBytes / row_bytes(shape), 1, shape.height);
  set(TIFFTAG_ROWSPERSTRIP, static_cast<std::uint32_t>(rows));
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

TiffHandle start_tiff(TiffSink& sink, const TiffShape& shape, int compression,
                      const Metadata& metadata) {
  const bool big = needs_big_tiff(shape);
  TiffHandle tiff = create_tiff(sink, big);
  // libtiff appends what it writes: directories that stand there before stay where they are.
  set_exif_tags(tiff.get(), sink, big, metadata.exif);
  set_tags(tiff.get(), shape, compression, metadata);
  return tiff;
}

}  // namespace io

template <class T>
std::vector<std::uint8_t> encode_tiff(ImageView<const T> image, int compression,
                                      const Metadata& metadata) {
  const io::TiffShape shape{image.height, image.width, image.channels,
                            sizeof(T) == 2 ? Depth::u16 : Depth::u8};
  io::check_tiff(shape, compression);
  io::MemorySink sink;
  {
    const io::TiffHandle tiff = io::start_tiff(sink, shape, compression, metadata);
    const std::size_t row = image.width * image.channels;
    const std::size_t rows = io::tiff_field<std::uint32_t>(tiff.get(), TIFFTAG_ROWSPERSTRIP, 1);
    // Whole strips, which libtiff packs with libdeflate; copies, because its predictor works in
    // place.
    std::vector<T> strip(rows * row);
    for (std::size_t y = 0; y < image.height; y += rows) {
      const std::size_t part = std::min(rows, image.height - y);
      for (std::size_t i = 0; i < part; ++i) std::copy_n(image.row(y + i), row, &strip[i * row]);
      const auto bytes = static_cast<tmsize_t>(part * row * sizeof(T));
      if (TIFFWriteEncodedStrip(tiff.get(), static_cast<std::uint32_t>(y / rows), strip.data(),
                                bytes) != bytes) {
        io::throw_tiff(sink);
      }
    }
    if (TIFFFlush(tiff.get()) != 1) io::throw_tiff(sink);
  }
  if (sink.exception) io::throw_tiff(sink);
  return sink.release();
}

template std::vector<std::uint8_t> encode_tiff(ImageView<const std::uint8_t>, int, const Metadata&);
template std::vector<std::uint8_t> encode_tiff(ImageView<const std::uint16_t>, int,
                                               const Metadata&);

}  // namespace colorlab
