#include "io/jpeg_splice.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

namespace colorlab::io {
namespace {

using Data = std::vector<std::uint8_t>;

void put16(Data& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_marker(Data& out, int code, const Data& body) {
  out.insert(out.end(), {0xFF, static_cast<std::uint8_t>(code)});
  put16(out, body.size() + 2);
  out.insert(out.end(), body.begin(), body.end());
}

// The compressed data from where the header ends up to the next marker, which must end the image.
std::optional<Bytes> only_scan(const jpeg_decompress_struct& cinfo) {
  const std::uint8_t* const start = cinfo.src->next_input_byte;
  const std::uint8_t* const end = start + cinfo.src->bytes_in_buffer;
  for (const std::uint8_t* at = start; at != end;) {
    at =
        static_cast<const std::uint8_t*>(std::memchr(at, 0xFF, static_cast<std::size_t>(end - at)));
    if (at == nullptr || at + 1 == end) break;
    const std::uint8_t code = at[1];
    if (code == JPEG_EOI) return Bytes(start, at);
    const bool inside = code == 0 || (code >= JPEG_RST0 && code <= JPEG_RST0 + 7);
    if (!inside) break;
    at += 2;
  }
  return std::nullopt;
}

bool is_sequential(jpeg_decompress_struct& cinfo, int components) {
  const auto has = [&](JHUFF_TBL* const* tables, int number) {
    return number >= 0 && number < NUM_HUFF_TBLS && tables[number] != nullptr;
  };
  if (cinfo.progressive_mode != FALSE || cinfo.arith_code != FALSE) return false;
  if (cinfo.num_components != components || cinfo.comps_in_scan != components) return false;
  const jpeg_component_info& first = cinfo.comp_info[0];
  return has(cinfo.dc_huff_tbl_ptrs, first.dc_tbl_no) &&
         has(cinfo.ac_huff_tbl_ptrs, first.ac_tbl_no) && first.quant_tbl_no < NUM_QUANT_TBLS &&
         cinfo.quant_tbl_ptrs[first.quant_tbl_no] != nullptr;
}

void put_quantisation(Data& out, std::uint8_t number, const JQUANT_TBL& table) {
  // The order in which a JPEG holds its 8 x 8 coefficients: along the diagonals.
  Data body = {number};
  for (int diagonal = 0; diagonal < 15; ++diagonal) {
    const int first = std::max(0, diagonal - 7), last = std::min(7, diagonal);
    for (int i = first; i <= last; ++i) {
      const int row = diagonal % 2 == 0 ? diagonal - i : i;
      body.push_back(static_cast<std::uint8_t>(table.quantval[8 * row + diagonal - row]));
    }
  }
  put_marker(out, 0xDB, body);
}

void put_huffman(Data& out, std::uint8_t number, const JHUFF_TBL& table) {
  Data body = {number};
  std::size_t codes = 0;
  for (int length = 1; length <= 16; ++length) {
    body.push_back(table.bits[length]);
    codes += table.bits[length];
  }
  body.insert(body.end(), table.huffval, table.huffval + std::min<std::size_t>(codes, 256));
  put_marker(out, 0xC4, body);
}

// Tables, restart interval, header and data of a scan whose components use tables `number`.
void put_scan(Data& out, jpeg_decompress_struct& cinfo, std::uint8_t number,
              std::initializer_list<std::uint8_t> components, Bytes data) {
  const jpeg_component_info& first = cinfo.comp_info[0];
  constexpr int kAc = 0x10;
  put_huffman(out, number, *cinfo.dc_huff_tbl_ptrs[first.dc_tbl_no]);
  put_huffman(out, static_cast<std::uint8_t>(kAc | number),
              *cinfo.ac_huff_tbl_ptrs[first.ac_tbl_no]);
  Data interval;
  put16(interval, cinfo.restart_interval);
  put_marker(out, 0xDD, interval);
  Data header = {static_cast<std::uint8_t>(components.size())};
  for (const std::uint8_t component : components) {
    header.insert(header.end(), {component, static_cast<std::uint8_t>(number << 4 | number)});
  }
  header.insert(header.end(), {0, 63, 0});  // all coefficients, at once
  put_marker(out, 0xDA, header);
  out.insert(out.end(), data.begin(), data.end());
}

void put_jfif(Data& out, const Metadata& metadata) {
  const long x = std::lround(metadata.dpi_x), y = std::lround(metadata.dpi_y);
  const bool known = x >= 1 && y >= 1 && x <= 65535 && y <= 65535;
  Data body = {'J', 'F', 'I', 'F', 0, 1, 1, static_cast<std::uint8_t>(known)};
  put16(body, known ? static_cast<std::size_t>(x) : 1);
  put16(body, known ? static_cast<std::size_t>(y) : 1);
  body.insert(body.end(), {0, 0});  // no thumbnail
  put_marker(out, JPEG_APP0, body);
}

}  // namespace

std::optional<std::vector<std::uint8_t>> splice_jpeg(JpegCoefficients& luma,
                                                     JpegCoefficients& chroma, bool subsampled,
                                                     const Metadata& metadata) {
  jpeg_decompress_struct &grey = luma.info(), &colors = chroma.info();
  if (!is_sequential(grey, 1) || !is_sequential(colors, 2)) return std::nullopt;
  const JQUANT_TBL& luma_table = *grey.quant_tbl_ptrs[grey.comp_info[0].quant_tbl_no];
  const bool bytes = std::all_of(std::begin(luma_table.quantval), std::end(luma_table.quantval),
                                 [](UINT16 value) { return value <= 255; });
  const auto luma_scan = only_scan(grey), chroma_scan = only_scan(colors);
  if (!bytes || !luma_scan || !chroma_scan) return std::nullopt;

  Data out = {0xFF, 0xD8};
  out.reserve(luma_scan->size() + chroma_scan->size() + (std::size_t{64} << 10));
  put_jfif(out, metadata);
  for (const Marker& marker : markers_of(metadata)) put_marker(out, marker.code, marker.data);
  put_quantisation(out, 0, luma_table);
  put_quantisation(out, 1, *colors.quant_tbl_ptrs[colors.comp_info[0].quant_tbl_no]);
  Data frame = {8};  // bits
  put16(frame, grey.image_height);
  put16(frame, grey.image_width);
  const std::uint8_t sampling = subsampled ? 0x22 : 0x11;
  frame.insert(frame.end(), {3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1});
  put_marker(out, 0xC0, frame);
  put_scan(out, grey, 0, {1}, *luma_scan);
  put_scan(out, colors, 1, {2, 3}, *chroma_scan);
  out.insert(out.end(), {0xFF, JPEG_EOI});
  return out;
}

}  // namespace colorlab::io
