// Files of any size, row by row: what `decode` and the encoders do with whole images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "colorlab/io.hpp"
#include "colorlab/rows.hpp"

namespace colorlab {

// Limits for files that are not held: `max_pixels` is of the image, `max_decoded_bytes` of what
// has to be held at a time (a row of tiles, a progressive JPEG's coefficients).
[[nodiscard]] constexpr Limits row_limits() {
  Limits limits;
  limits.max_pixels = 1ULL << 30;         // 1,073,741,824
  limits.max_file_bytes = 16ULL << 30;    // 16 GiB
  limits.max_decoded_bytes = 1ULL << 29;  // 512 MiB
  return limits;
}

struct RowReadOptions {
  ReadMode mode = ReadMode::unchanged;
  Colors colors = Colors::srgb;
  OnTruncated on_truncated = OnTruncated::error;
  Limits limits = row_limits();
  Limits whole_limits{};      // of files that have to be decoded as a whole
  std::size_t band_rows = 0;  // rows at a time, or as many as the file holds together; 0: choose
};

// The pixels that `decode` gives, except that they lie as the file stores them: a photograph that
// its orientation turns on its side cannot come row by row.
//
// JPEG (progressive ones while their coefficients fit into the limit), PNG (not interlaced) and
// TIFF come row by row; a file of another kind is decoded as a whole at the first row, within
// whole_limits. Errors are those of `decode`; those of pixels come with their rows, or after the
// last.
class RowReader : public RowSource {
 public:
  explicit RowReader(const std::filesystem::path& path, const RowReadOptions& options = {});
  // `bytes` must outlive this.
  explicit RowReader(std::span<const std::uint8_t> bytes, const RowReadOptions& options = {});
  ~RowReader() override;
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  [[nodiscard]] RowShape shape() const override;
  // After an error, the same error until the next rewinding.
  [[nodiscard]] Image next(CancelToken* cancel) override;
  // Throws Error(corrupt_image) when the file has become another one.
  void rewind() override;

  [[nodiscard]] Format format() const;
  // 1..8: how the rows are turned for display.
  [[nodiscard]] int orientation() const;
  [[nodiscard]] bool animated() const;
  // Empty, or why the file is decoded as a whole.
  [[nodiscard]] const std::string& whole_because() const;
  // Whether `decode` would take it under whole_limits.
  [[nodiscard]] bool fits_in_memory() const;
  // Sides of a TIFF's tiles; 0 of other files.
  [[nodiscard]] std::size_t tile_height() const;
  [[nodiscard]] std::size_t tile_width() const;
  // As read_metadata: its blocks are those of upright pixels.
  [[nodiscard]] Metadata metadata() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct RowWriteOptions {
  int quality = 92;     // of JPEG
  int compression = 1;  // of PNG and TIFF
  Metadata metadata{};  // as for the encoders
  int orientation = 1;  // 1..8: how the rows are to be turned for display; the file's tag says so
  // Sides of a TIFF's tiles, rounded up to multiples of 16; 0 writes strips.
  std::size_t tile_height = 0, tile_width = 0;
  bool overwrite = false;
  FileAttributes attributes{};
};

// Writes a JPEG, PNG or TIFF (BigTIFF where 4 GiB may not be enough) of `shape`: the pixels that
// the encoder of the same name writes. The file appears at `finish`; without it nothing is left.
class RowWriter : public RowSink {
 public:
  // Throws as the encoder does for shapes that the format cannot hold, and as AtomicFile.
  RowWriter(const std::filesystem::path& path, Format format, const RowShape& shape,
            const RowWriteOptions& options);
  ~RowWriter() override;
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  [[nodiscard]] RowShape shape() const override;
  // Throws Error(shape) for rows that do not fit or are too many. After another error nothing more
  // is taken: that error is thrown again, by `finish` too.
  void write(const Image& band, CancelToken* cancel) override;
  // Once. Throws Error(shape) when rows are missing.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace colorlab
