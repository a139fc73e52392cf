// A JPEG's quantised DCT coefficients, as the file stores them.
#pragma once

#include <jerror.h>

#include "io/codec.hpp"
#include "io/jpeg_handle.hpp"  // before jerror.h

namespace colorlab::io {

class JpegCoefficients {
 public:
  // Reads the header; `bytes` must outlive this.
  JpegCoefficients(Bytes bytes, const Limits& limits) : JpegCoefficients(limits) {
    guarded(errors_, limits_, [&] {
      jpeg_mem_src(&cinfo_, bytes.data(), static_cast<unsigned long>(bytes.size()));
      jpeg_read_header(&cinfo_, TRUE);
    });
    // Coefficients take two bytes where a sample takes one.
    check_size(cinfo_.image_height, cinfo_.image_width,
               2 * static_cast<std::size_t>(cinfo_.num_components), Depth::u8, limits_);
    scans_.manager.progress_monitor = count_scans;
    scans_.max_scans = limits.max_jpeg_scans;
    cinfo_.progress = &scans_.manager;
  }
  ~JpegCoefficients() { jpeg_destroy_decompress(&cinfo_); }
  JpegCoefficients(const JpegCoefficients&) = delete;
  JpegCoefficients& operator=(const JpegCoefficients&) = delete;

  // Decodes the entropy-coded data; any damage is an error.
  void read() {
    guarded(errors_, limits_, [this] { arrays_ = jpeg_read_coefficients(&cinfo_); });
    if (errors_.warning == JWRN_JPEG_EOF) throw truncated_error("the JPEG ends early");
    if (errors_.warning != 0) throw_jpeg(errors_, limits_);
  }

  [[nodiscard]] jpeg_decompress_struct& info() { return cinfo_; }
  [[nodiscard]] const jpeg_component_info& component(std::size_t index) const {
    return cinfo_.comp_info[index];
  }
  // One row of blocks of a component.
  [[nodiscard]] const JBLOCK* row(std::size_t index, JDIMENSION y) {
    const JBLOCK* blocks = nullptr;
    guarded(errors_, limits_, [&] {
      auto* common = reinterpret_cast<j_common_ptr>(&cinfo_);
      blocks = cinfo_.mem->access_virt_barray(common, arrays_[index], y, 1, FALSE)[0];
    });
    return blocks;
  }

 private:
  // What the other constructor throws finds a whole object, which is destroyed.
  explicit JpegCoefficients(const Limits& limits) : limits_(limits) {
    cinfo_.err = install(errors_);
    guarded(errors_, limits_, [this] { jpeg_create_decompress(&cinfo_); });
  }

  const Limits limits_;
  JpegErrors errors_{};
  ScanCounter scans_{};
  jpeg_decompress_struct cinfo_{};
  jvirt_barray_ptr* arrays_ = nullptr;
};

}  // namespace colorlab::io
