#include "colorlab/lossless_luma.hpp"

#include <algorithm>
#include <string>

#include "io/chroma_jpeg.hpp"
#include "io/color_profile.hpp"
#include "io/exif.hpp"
#include "io/jpeg_coefficients.hpp"
#include "io/jpeg_markers.hpp"
#include "io/jpeg_splice.hpp"
#include "io/row_encoder.hpp"

namespace colorlab {
namespace io {
namespace {

void check_source(const JpegCoefficients& luma, jpeg_decompress_struct& cinfo) {
  const bool grey = cinfo.num_components == 1 && cinfo.jpeg_color_space == JCS_GRAYSCALE;
  const bool color = cinfo.num_components == 3 && cinfo.jpeg_color_space == JCS_YCbCr &&
                     luma.component(0).h_samp_factor == cinfo.max_h_samp_factor &&
                     luma.component(0).v_samp_factor == cinfo.max_v_samp_factor;
  if (!grey && !color) {
    throw Error(ErrorCode::unsupported_format,
                "only the luma of grey and YCbCr JPEGs can be kept bit for bit", {},
                "Use preserve=\"lightness\"");
  }
}

// Rows of blocks that the writer asks for, which are whole multiples of the sampling factor.
JDIMENSION padded(std::size_t samples, int factor, int most) {
  const std::size_t unit = 8U * static_cast<std::size_t>(most);
  return static_cast<JDIMENSION>((samples + unit - 1) / unit * static_cast<std::size_t>(factor));
}

// One component's coefficients from where they were read to where they will be written.
struct Copy {
  JpegCoefficients* from;
  std::size_t from_index;
  jvirt_barray_ptr to;
};

void write_coefficients(JpegCoefficients& luma, JpegCoefficients& chroma, bool subsampled,
                        int quality, const Metadata& metadata, const std::vector<Marker>& markers,
                        Compressor& compressor) {
  const jpeg_decompress_struct& source = luma.info();
  compressor.run([&](jpeg_compress_struct& cinfo) {
    cinfo.image_width = source.image_width;
    cinfo.image_height = source.image_height;
    cinfo.input_components = 3;
    cinfo.in_color_space = JCS_YCbCr;
    jpeg_set_defaults(&cinfo);
    jpeg_set_quality(&cinfo, quality, TRUE);  // the chroma table; luma's is replaced
    const JQUANT_TBL& table = *luma.component(0).quant_table;
    std::copy(std::begin(table.quantval), std::end(table.quantval),
              cinfo.quant_tbl_ptrs[0]->quantval);
    const int factor = subsampled ? 2 : 1;
    cinfo.comp_info[0].h_samp_factor = factor;
    cinfo.comp_info[0].v_samp_factor = factor;
    set_density(cinfo, metadata);
    auto* common = reinterpret_cast<j_common_ptr>(&cinfo);
    Copy copies[3] = {{&luma, 0, nullptr}, {&chroma, 0, nullptr}, {&chroma, 1, nullptr}};
    jvirt_barray_ptr arrays[3] = {};
    for (int i = 0; i < 3; ++i) {
      const int own = i == 0 ? factor : 1;
      arrays[i] = copies[i].to = cinfo.mem->request_virt_barray(
          common, JPOOL_IMAGE, TRUE, padded(cinfo.image_width, own, factor),
          padded(cinfo.image_height, own, factor), static_cast<JDIMENSION>(own));
    }
    jpeg_write_coefficients(&cinfo, arrays);
    for (const Marker& marker : markers) {
      jpeg_write_marker(&cinfo, marker.code, marker.data.data(),
                        static_cast<unsigned>(marker.data.size()));
    }
    for (const Copy& copy : copies) {
      const jpeg_component_info& component = copy.from->component(copy.from_index);
      for (JDIMENSION y = 0; y < component.height_in_blocks; ++y) {
        const JBLOCK* row = copy.from->row(copy.from_index, y);
        JBLOCKROW target = cinfo.mem->access_virt_barray(common, copy.to, y, 1, TRUE)[0];
        std::copy(&row[0][0], &row[0][0] + std::size_t{component.width_in_blocks} * DCTSIZE2,
                  &target[0][0]);
      }
    }
    jpeg_finish_compress(&cinfo);
  });
}

}  // namespace
}  // namespace io

std::vector<std::uint8_t> add_chroma_to_jpeg(std::span<const std::uint8_t> source,
                                             ImageView<const std::uint8_t> cbcr, int quality,
                                             const Metadata& metadata, const Limits& limits,
                                             bool decoded) {
  io::check_jpeg_quality(quality);
  if (io::format_of(source, limits) != Format::jpeg) {
    throw Error(ErrorCode::unsupported_format, "only a JPEG's luma can be kept bit for bit", {},
                "Use preserve=\"lightness\"");
  }
  const io::Header header = io::probe_jpeg(source, limits);
  io::JpegCoefficients luma(source, limits);
  io::check_source(luma, luma.info());
  if (!io::ToSrgb(io::metadata_of_jpeg(source, limits).icc, header.model).identity()) {
    throw Error(ErrorCode::unsupported_format,
                "the JPEG's ICC profile is not sRGB's, so its luma cannot be kept bit for bit", {},
                "Use preserve=\"lightness\"");
  }
  const bool swapped = io::swaps_sides(header.orientation);
  const std::size_t height = swapped ? header.info.width : header.info.height;
  const std::size_t width = swapped ? header.info.height : header.info.width;
  const bool full = cbcr.height == height && cbcr.width == width;
  const bool half = cbcr.height == (height + 1) / 2 && cbcr.width == (width + 1) / 2;
  if (cbcr.channels != 2 || (!full && !half)) {
    throw Error(ErrorCode::shape,
                "Cb and Cr must be " + std::to_string(height) + " x " + std::to_string(width) +
                    " x 2 or half of that, not " + std::to_string(cbcr.height) + " x " +
                    std::to_string(cbcr.width) + " x " + std::to_string(cbcr.channels));
  }
  Image planes(cbcr.height, cbcr.width, 2, Depth::u8);
  for (std::size_t y = 0; y < cbcr.height; ++y) {
    std::copy_n(cbcr.row(y), 2 * cbcr.width, planes.view<std::uint8_t>().row(y));
  }
  // Back to how the file's pixels lie.
  planes = io::apply_orientation(std::move(planes), io::inverse_orientation(header.orientation));

  io::ChromaJpeg compressed(planes.height(), planes.width(), quality, limits);
  compressed.write(planes);
  compressed.finish();
  io::JpegCoefficients chroma(compressed.bytes(), limits);

  const Metadata carried = io::turned_metadata(metadata, header.orientation);
  auto spliced = io::splice_jpeg(luma, chroma, !full, carried);
  if (spliced && decoded) return std::move(*spliced);
  luma.read();
  if (spliced) return std::move(*spliced);
  chroma.read();
  io::Compressor result(limits);
  io::write_coefficients(luma, chroma, !full, quality, carried, io::markers_of(carried), result);
  const io::Bytes bytes = result.bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace colorlab
