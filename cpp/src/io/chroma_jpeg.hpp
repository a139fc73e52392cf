// libjpeg's compressor into memory, and chroma packed by it.
#pragma once

#include <cstdlib>

#include "io/codec.hpp"
#include "io/jpeg_handle.hpp"

namespace colorlab::io {

// Owns a compressor and the buffer that libjpeg grows.
class Compressor {
 public:
  explicit Compressor(const Limits& limits) : limits_(limits) {
    cinfo_.err = install(errors_);
    guarded(errors_, limits_, [this] {
      jpeg_create_compress(&cinfo_);
      jpeg_mem_dest(&cinfo_, &buffer_, &size_);
    });
  }
  ~Compressor() {
    jpeg_destroy_compress(&cinfo_);
    std::free(buffer_);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's malloc
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  template <class Body>
  void run(const Body& body) {
    guarded(errors_, limits_, [&] { body(cinfo_); });
  }
  [[nodiscard]] Bytes bytes() const { return {buffer_, size_}; }

 private:
  const Limits& limits_;
  JpegErrors errors_{};
  jpeg_compress_struct cinfo_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
};

// Cb and Cr as a JPEG of two components without a colour space: libjpeg's own transform and
// quantisation, whose data can then be copied, or its coefficients read back.
class ChromaJpeg {
 public:
  ChromaJpeg(std::size_t height, std::size_t width, int quality, const Limits& limits)
      : compressor_(limits) {
    compressor_.run([&](jpeg_compress_struct& cinfo) {
      constexpr int kTable = 1;
      cinfo.image_width = static_cast<JDIMENSION>(width);
      cinfo.image_height = static_cast<JDIMENSION>(height);
      cinfo.input_components = 2;
      cinfo.in_color_space = JCS_UNKNOWN;
      jpeg_set_defaults(&cinfo);
      jpeg_set_quality(&cinfo, quality, TRUE);
      for (int i = 0; i < 2; ++i) {
        cinfo.comp_info[i].quant_tbl_no = kTable;
        cinfo.comp_info[i].dc_tbl_no = kTable;
        cinfo.comp_info[i].ac_tbl_no = kTable;
      }
      jpeg_start_compress(&cinfo, TRUE);
    });
  }
  // The next rows: 2 channels of 8 bits.
  void write(const Image& rows) {
    const auto view = rows.view<std::uint8_t>();
    compressor_.run([&](jpeg_compress_struct& cinfo) {
      for (std::size_t y = 0; y < view.height; ++y) {
        JSAMPROW row = const_cast<JSAMPROW>(view.row(y));
        jpeg_write_scanlines(&cinfo, &row, 1);
      }
    });
  }
  void finish() {
    compressor_.run([](jpeg_compress_struct& cinfo) { jpeg_finish_compress(&cinfo); });
  }
  [[nodiscard]] Bytes bytes() const { return compressor_.bytes(); }

 private:
  Compressor compressor_;
};

}  // namespace colorlab::io
