// Chroma packed by libjpeg.
#pragma once

#include "io/codec.hpp"
#include "io/jpeg_compressor.hpp"

namespace colorlab::io {

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
  void write(const Image& rows) { compressor_.write(rows.view<std::uint8_t>()); }
  void finish() { compressor_.finish(); }
  [[nodiscard]] Bytes bytes() const { return compressor_.bytes(); }

 private:
  Compressor compressor_;
};

}  // namespace colorlab::io
