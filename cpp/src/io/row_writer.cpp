#include <string>

#include "colorlab/row_files.hpp"
#include "io/codec.hpp"
#include "io/row_encoder.hpp"

namespace colorlab {
namespace {

void check(Format format, const RowShape& shape, const RowWriteOptions& options) {
  switch (format) {
    case Format::jpeg:
      return io::check_jpeg(shape, options.quality);
    case Format::png:
      return io::check_png(shape, options.compression);
    case Format::tiff:
      return io::check_tiff(shape, options.compression);
    default:
      throw Error(ErrorCode::unsupported_format,
                  "a " + format_name(format) + " file cannot be written row by row", {},
                  "Write JPEG, PNG or TIFF");
  }
}

std::unique_ptr<io::RowEncoder> encoder_of(Format format, io::AtomicFile& file,
                                           const RowShape& shape, const RowWriteOptions& options) {
  if (format == Format::jpeg) return io::jpeg_row_encoder(file, shape, options);
  if (format == Format::png) return io::png_row_encoder(file, shape, options);
  return io::tiff_row_encoder(file, shape, options);
}

const std::filesystem::path& checked(const std::filesystem::path& path, Format format,
                                     const RowShape& shape, const RowWriteOptions& options) {
  try {
    check(format, shape, options);
  } catch (const Error& error) {
    throw error.with_path(path.string());
  }
  return path;
}

}  // namespace

struct RowWriter::State {
  State(const std::filesystem::path& path, Format format, const RowShape& given,
        const RowWriteOptions& options)
      : shape(given),
        file(checked(path, format, given, options), options.overwrite, options.attributes),
        encoder(encoder_of(format, file, shape, options)) {}

  RowShape shape;
  std::size_t rows = 0;  // written
  io::AtomicFile file;
  std::unique_ptr<io::RowEncoder> encoder;
};

RowWriter::RowWriter(const std::filesystem::path& path, Format format, const RowShape& shape,
                     const RowWriteOptions& options)
    : state_(std::make_unique<State>(path, format, shape, options)) {}

RowWriter::~RowWriter() = default;

RowShape RowWriter::shape() const { return state_->shape; }

void RowWriter::write(const Image& band, CancelToken* cancel) {
  State& state = *state_;
  const RowShape& shape = state.shape;
  if (band.width() != shape.width || band.channels() != shape.channels ||
      band.depth() != shape.depth || band.height() > shape.height - state.rows) {
    throw Error(ErrorCode::shape, "these rows do not fit into the image that is written",
                state.file.path().string());
  }
  state.encoder->write(band, cancel);
  state.rows += band.height();
}

void RowWriter::finish() {
  State& state = *state_;
  if (state.rows != state.shape.height) {
    throw Error(ErrorCode::shape,
                "only " + std::to_string(state.rows) + " of " + std::to_string(state.shape.height) +
                    " rows were written",
                state.file.path().string());
  }
  state.encoder->finish();
  state.encoder.reset();
  state.file.commit();
}

}  // namespace colorlab
