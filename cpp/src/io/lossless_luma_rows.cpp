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

const std::filesystem::path& checked(const std::filesystem::path& path, int quality) {
  if (quality >= 1 && quality <= 100) return path;
  throw Error(ErrorCode::invalid_argument,
              "JPEG quality must be 1..100, not " + std::to_string(quality), path.string());
}

}  // namespace

struct ChromaRowWriter::State {
  State(const std::filesystem::path& source, const std::filesystem::path& path,
        const RowWriteOptions& given, const Limits& given_limits)
      : limits(given_limits),
        options(given),
        luma(source, limits),
        shape{(luma.header.info().image_height + 1) / 2, (luma.header.info().image_width + 1) / 2,
              2, Depth::u8},
        file(checked(path, given.quality), given.overwrite, given.attributes),
        chroma(shape.height, shape.width, given.quality, limits) {
    check_source(luma, limits);
    const auto size = io::scan_size(luma.file, luma.start);
    if (!size) {
      throw Error(ErrorCode::unsupported_format, "the JPEG's luma is not one whole scan",
                  source.string());
    }
    scan_bytes = *size;
  }

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
  RowShape shape;
  std::size_t rows = 0;  // written
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

RowShape ChromaRowWriter::shape() const { return state_->shape; }

void ChromaRowWriter::write(const Image& band, CancelToken* cancel) {
  State& state = *state_;
  if (cancel != nullptr) cancel->check();
  if (band.width() != state.shape.width || band.channels() != 2 || band.depth() != Depth::u8 ||
      band.height() > state.shape.height - state.rows) {
    throw Error(ErrorCode::shape, "these rows of Cb and Cr do not fit the photo",
                state.file.path().string());
  }
  state.chroma.write(band);
  state.rows += band.height();
}

void ChromaRowWriter::finish() {
  State& state = *state_;
  if (state.rows != state.shape.height) {
    throw Error(ErrorCode::shape,
                "only " + std::to_string(state.rows) + " of " + std::to_string(state.shape.height) +
                    " rows of chroma were written",
                state.file.path().string());
  }
  state.chroma.finish();
  const Bytes packed = state.chroma.bytes();
  io::JpegCoefficients chroma(packed, io::without_memory(state.limits));
  const std::uint64_t start = packed.size() - chroma.info().src->bytes_in_buffer;
  const auto size = io::scan_size(packed, start);
  if (!size || !io::can_splice(state.luma.header.info(), chroma.info())) {
    throw Error(ErrorCode::corrupt_image, "the JPEG's luma cannot be copied",
                state.luma.file.path().string());
  }
  const Metadata carried = io::turned_metadata(state.options.metadata, state.options.orientation);
  state.file.append(io::before_luma(state.luma.header.info(), chroma.info(), true, carried));
  state.copy_scan();
  state.file.append(io::before_chroma(chroma.info()));
  state.file.append(packed.subspan(start, *size));
  state.file.append(io::kEndOfJpeg);
  state.file.commit();
}

bool may_copy_luma(const std::filesystem::path& source, const Limits& limits) {
  PlainLuma luma(source, limits);
  return luma.is_plain();
}

}  // namespace colorlab
