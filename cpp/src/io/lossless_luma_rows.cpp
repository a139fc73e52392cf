#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "colorlab/lossless_luma.hpp"
#include "io/atomic_file.hpp"
#include "io/chroma_jpeg.hpp"
#include "io/color_profile.hpp"
#include "io/jpeg_splice.hpp"
#include "io/row_decoder.hpp"
#include "io/row_encoder.hpp"
#include "io/row_intake.hpp"

namespace colorlab {
namespace {

using io::Bytes;

// A grey JPEG whose compressed data lie between two places of its file.
struct PlainLuma {
  PlainLuma(const std::filesystem::path& path, const Limits& limits)
      : file(path),
        head(head_of(file, limits, held)),
        header(head, io::without_memory(limits)),
        start(head.size() - header.info().src->bytes_in_buffer) {}

  static Bytes head_of(io::InputFile& file, const Limits& limits, std::vector<std::uint8_t>& held) {
    if (io::format_of(file, limits) != Format::jpeg) {
      throw Error(ErrorCode::unsupported_format, "only a JPEG's luma can be kept bit for bit");
    }
    return io::jpeg_head(file, limits, held);
  }
  [[nodiscard]] bool is_plain() { return io::is_plain_grey(header.info()); }

  io::InputFile file;
  std::vector<std::uint8_t> held;
  Bytes head;
  io::JpegCoefficients header;
  std::uint64_t start;  // of the compressed data
};

void check_source(PlainLuma& luma, const Limits& limits) {
  const bool is_srgb =
      io::ToSrgb(io::metadata_of_jpeg(luma.head, limits).icc, io::ColorModel::grey).identity();
  if (!luma.is_plain() || !is_srgb) {
    throw Error(ErrorCode::unsupported_format,
                "row by row, only the luma of grey baseline JPEGs in sRGB can be kept bit for bit");
  }
}

const std::filesystem::path& checked(const std::filesystem::path& path,
                                     const RowWriteOptions& options) {
  try {
    io::check_jpeg_quality(options.quality);
    io::check_orientation(options.orientation);
  } catch (const Error& error) {
    throw error.with_path(path.string());
  }
  return path;
}

RowShape half_of(const jpeg_decompress_struct& photo) {
  return {(photo.image_height + 1) / 2, (photo.image_width + 1) / 2, 2, Depth::u8};
}

}  // namespace

struct ChromaRowWriter::State {
  State(const std::filesystem::path& source, const std::filesystem::path& path,
        const RowWriteOptions& given, const Limits& given_limits)
      : limits(given_limits),
        options(given),
        luma(source, limits),
        rows(half_of(luma.header.info()), path.string(), "rows of chroma"),
        file(checked(path, given), given.overwrite, given.attributes),
        chroma(rows.shape().height, rows.shape().width, given.quality, limits) {
    check_source(luma, limits);
    const auto size = io::scan_size(luma.file, luma.start);
    if (!size) {
      throw Error(ErrorCode::unsupported_format, "the JPEG's luma is not one whole scan",
                  source.string());
    }
    scan_bytes = *size;
  }

  void finish();
  // Luma's compressed data, piece by piece.
  void copy_scan() {
    std::vector<std::uint8_t> piece(std::size_t{1} << 20);
    for (std::uint64_t at = 0; at < scan_bytes;) {
      const std::size_t part = std::min<std::uint64_t>(piece.size(), scan_bytes - at);
      if (luma.file.read_at(luma.start + at, piece.data(), part) != part) {
        throw Error(ErrorCode::truncated_image, "the JPEG ends early", luma.file.path().string());
      }
      file.append(Bytes(piece).first(part));
      at += part;
    }
  }

  const Limits limits;
  const RowWriteOptions options;
  PlainLuma luma;
  std::uint64_t scan_bytes = 0;
  io::RowIntake rows;
  io::AtomicFile file;
  io::ChromaJpeg chroma;
};

ChromaRowWriter::ChromaRowWriter(const std::filesystem::path& source,
                                 const std::filesystem::path& path, const RowWriteOptions& options,
                                 const Limits& limits) {
  try {
    state_ = std::make_unique<State>(source, path, options, limits);
  } catch (const Error& error) {
    throw error.with_path(source.string());
  }
}

ChromaRowWriter::~ChromaRowWriter() = default;

RowShape ChromaRowWriter::shape() const { return state_->rows.shape(); }

void ChromaRowWriter::State::finish() {
  chroma.finish();
  const Bytes packed = chroma.bytes();
  io::JpegCoefficients header(packed, io::without_memory(limits));
  const std::uint64_t start = packed.size() - header.info().src->bytes_in_buffer;
  const auto size = io::scan_size(packed, start);
  if (!size || !io::can_splice(luma.header.info(), header.info())) {
    throw Error(ErrorCode::corrupt_image, "the JPEG's luma cannot be copied",
                luma.file.path().string());
  }
  const Metadata carried = io::turned_metadata(options.metadata, options.orientation);
  file.append(io::before_luma(luma.header.info(), header.info(), true, carried));
  copy_scan();
  file.append(io::before_chroma(header.info()));
  file.append(packed.subspan(start, *size));
  file.append(io::kEndOfJpeg);
  file.commit();
}

void ChromaRowWriter::write(const Image& band, CancelToken* cancel) {
  state_->rows.take(band, [&] {
    if (cancel != nullptr) cancel->check();
    state_->chroma.write(band);
  });
}

void ChromaRowWriter::finish() {
  state_->rows.finish([this] { state_->finish(); });
}

bool may_copy_luma(const std::filesystem::path& source, const Limits& limits) {
  try {
    PlainLuma luma(source, limits);
    return luma.is_plain();
  } catch (const Error& error) {
    throw error.with_path(source.string());
  }
}

}  // namespace colorlab
