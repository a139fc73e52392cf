// libjpeg's compressor, into memory or a file.
#pragma once

#include <memory>

#include "colorlab/cancel.hpp"
#include "io/atomic_file.hpp"
#include "io/codec.hpp"
#include "io/jpeg_handle.hpp"

namespace colorlab::io {

struct JpegFile;  // what libjpeg writes to, piece by piece

// libjpeg is called in its members only, each of them guarded.
class Compressor {
 public:
  // Into memory, which libjpeg grows.
  explicit Compressor(const Limits& limits);
  // The file must outlive this.
  explicit Compressor(AtomicFile& file);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Calls body(jpeg_compress_struct&), which may use libjpeg.
  template <class Body>
  void run(const Body& body) {
    guarded(errors_, limits_, [&] { body(cinfo_); });
  }
  // The next rows, once compression has started. `cancel` may be null.
  void write(ImageView<const std::uint8_t> rows, CancelToken* cancel = nullptr);
  void finish();

  // Of the compressor into memory.
  [[nodiscard]] Bytes bytes() const { return {buffer_, size_}; }

 private:
  // What the other constructors throw finds a whole object, which is destroyed.
  struct Created {};
  Compressor(const Limits& limits, Created created);

  const Limits limits_;
  JpegErrors errors_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
  std::unique_ptr<JpegFile> file_;
  jpeg_compress_struct cinfo_{};
};

}  // namespace colorlab::io
