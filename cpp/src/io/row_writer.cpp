#include <memory>
#include <string>

#include "colorlab/row_files.hpp"
#include "io/codec.hpp"
#include "io/row_encoder.hpp"
#include "io/row_intake.hpp"

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
    io::check_orientation(options.orientation);
  } catch (const Error& error) {
    throw error.with_path(path.string());
  }
  return path;
}

}  // namespace

struct RowWriter::State {
  State(const std::filesystem::path& path, Format format, const RowShape& given,
        const RowWriteOptions& options)
      : rows(given, path.string()),
        file(checked(path, format, given, options), options.overwrite, options.attributes),
        encoder(encoder_of(format, file, given, options)) {}

  io::RowIntake rows;
  io::AtomicFile file;
  std::unique_ptr<io::RowEncoder> encoder;
};

RowWriter::RowWriter(const std::filesystem::path& path, Format format, const RowShape& shape,
                     const RowWriteOptions& options)
    : state_(std::make_unique<State>(path, format, shape, options)) {}

RowWriter::~RowWriter() = default;

RowShape RowWriter::shape() const { return state_->rows.shape(); }

void RowWriter::write(const Image& band, CancelToken* cancel) {
  state_->rows.take(band, [&] { state_->encoder->write(band, cancel); });
}

void RowWriter::finish() {
  State& state = *state_;
  state.rows.finish([&state] {
    state.encoder->finish();
    state.encoder.reset();
    state.file.commit();
  });
}

}  // namespace colorlab
