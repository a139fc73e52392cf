#include "targets.hpp"

#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/lossless_luma.hpp"
#include "colorlab/row_files.hpp"
#include "io/codec.hpp"
#include "io/color_profile.hpp"
#include "io/exif.hpp"

namespace colorlab::fuzz {
namespace {

// Small enough that a bomb is refused and not just slow.
Limits small_limits() {
  Limits limits;
  limits.max_pixels = 1U << 18;
  limits.max_side = 1U << 12;
  limits.max_decoded_bytes = 8U << 20;
  limits.max_metadata_bytes = 1U << 18;
  limits.max_jpeg_scans = 30;
  return limits;
}

template <class Call>
void attempt(const Call& call) {
  try {
    call();
  } catch (const Error&) {
    return;  // refused: that is an answer
  }
}

// Twice, for what is left of the first reading.
void by_rows(Bytes bytes, RowReadOptions options) {
  options.limits = options.whole_limits = small_limits();
  RowReader reader(bytes, options);
  for (int reading = 0; reading < 2; ++reading) {
    while (reader.next(nullptr).height() > 0) continue;
    reader.rewind();
  }
  (void)reader.metadata();
}

// One codec in every mode, without the dispatcher's look at the first bytes.
void codec(Bytes bytes, io::Header (*probe)(io::Bytes, const Limits&),
           io::Stored (*decode)(io::Bytes, const ReadOptions&),
           Metadata (*metadata)(io::Bytes, const Limits&)) {
  ReadOptions options;
  options.limits = small_limits();
  attempt([&] { (void)probe(bytes, options.limits); });
  attempt([&] { (void)metadata(bytes, options.limits); });
  for (const OnTruncated on_truncated : {OnTruncated::error, OnTruncated::fill}) {
    options.on_truncated = on_truncated;
    for (const ReadMode mode : {ReadMode::rgb, ReadMode::unchanged, ReadMode::grey}) {
      options.mode = mode;
      attempt([&] { (void)io::fit_mode(decode(bytes, options).image, ReadMode::grey); });
    }
  }
  attempt([&] { (void)colorlab::decode(bytes, options); });
  attempt([&] { (void)read_metadata(bytes, options.limits); });
  for (const OnTruncated on_truncated : {OnTruncated::error, OnTruncated::fill}) {
    for (const std::size_t band_rows : {std::size_t{0}, std::size_t{3}}) {
      attempt([&] { by_rows(bytes, {.on_truncated = on_truncated, .band_rows = band_rows}); });
    }
  }
}

}  // namespace

void jpeg(Bytes bytes) { codec(bytes, io::probe_jpeg, io::decode_jpeg, io::metadata_of_jpeg); }
void png(Bytes bytes) { codec(bytes, io::probe_png, io::decode_png, io::metadata_of_png); }
void tiff(Bytes bytes) { codec(bytes, io::probe_tiff, io::decode_tiff, io::metadata_of_tiff); }
void webp(Bytes bytes) { codec(bytes, io::probe_webp, io::decode_webp, io::metadata_of_webp); }
void bmp(Bytes bytes) { codec(bytes, io::probe_bmp, io::decode_bmp, io::metadata_of_bmp); }

void exif(Bytes bytes) {
  (void)io::exif_orientation(bytes);
  (void)io::exif_resolution(bytes);
  Metadata metadata;
  metadata.exif = io::upright_exif(bytes);
  (void)io::with_orientation(metadata.exif, 6);
  const std::uint8_t pixel[1] = {};
  attempt([&] {
    const auto data = encode_tiff(ImageView<const std::uint8_t>(pixel, 1, 1, 1), 0, metadata);
    (void)read_metadata(data, small_limits());
  });
}

void icc(Bytes bytes) {
  for (const io::ColorModel model :
       {io::ColorModel::grey, io::ColorModel::rgb, io::ColorModel::cmyk}) {
    const std::size_t channels = model == io::ColorModel::grey  ? 2
                                 : model == io::ColorModel::rgb ? 3
                                                                : 4;
    for (const Depth depth : {Depth::u8, Depth::u16}) {
      attempt([&] { (void)io::ToSrgb(bytes, model).apply(Image(2, 3, channels, depth)); });
    }
  }
  attempt([&] { (void)srgb_to_icc(Image(2, 3, 4, Depth::u8), bytes); });
}

void lossless_luma(Bytes bytes) {
  const Limits limits = small_limits();
  attempt([&] {
    const ImageInfo info = probe(bytes, limits);
    for (const std::size_t part : {1U, 2U}) {
      const std::size_t height = (info.height + part - 1) / part;
      const std::size_t width = (info.width + part - 1) / part;
      const std::vector<std::uint8_t> cbcr(height * width * 2, 100);
      (void)add_chroma_to_jpeg(bytes, ImageView<const std::uint8_t>(cbcr.data(), height, width, 2),
                               90, read_metadata(bytes, limits), limits);
    }
  });
}

}  // namespace colorlab::fuzz
