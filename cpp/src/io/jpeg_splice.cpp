#include "io/jpeg_splice.hpp"

#include <algorithm>
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

// The compressed data from where the header ends.
std::optional<Bytes> only_scan(const jpeg_decompress_struct& cinfo) {
  const Bytes rest(cinfo.src->next_input_byte, cinfo.src->bytes_in_buffer);
  const auto size = scan_size(rest, 0);
  if (!size) return std::nullopt;
  return rest.first(*size);
}

bool is_sequential(jpeg_decompress_struct& cinfo, int components) {
  const auto has = [&](JHUFF_TBL* const* tables, int number) {
    return number >= 0 && number < NUM_HUFF_TBLS && tables[number] != nullptr;
  };
  if (cinfo.progressive_mode != FALSE || cinfo.arith_code != FALSE) return false;
  if (cinfo.data_precision != 8) return false;  // newer releases of libjpeg-turbo read 12 bits
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

// Tables, restart interval and header of a scan whose components use tables `number`.
void put_scan(Data& out, jpeg_decompress_struct& cinfo, std::uint8_t number,
              std::initializer_list<std::uint8_t> components) {
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
}

void put_jfif(Data& out, const Metadata& metadata) {
  const auto density = density_of(metadata);
  Data body = {'J', 'F', 'I', 'F', 0, 1, 1, static_cast<std::uint8_t>(density.has_value())};
  put16(body, density ? density->x : 1);
  put16(body, density ? density->y : 1);
  body.insert(body.end(), {0, 0});  // no thumbnail
  put_marker(out, JPEG_APP0, body);
}

bool has_byte_quantisation(const jpeg_decompress_struct& cinfo) {
  const JQUANT_TBL& table = *cinfo.quant_tbl_ptrs[cinfo.comp_info[0].quant_tbl_no];
  return std::all_of(std::begin(table.quantval), std::end(table.quantval),
                     [](UINT16 value) { return value <= 255; });
}

}  // namespace

std::optional<std::uint64_t> scan_size(const ByteSource& source, std::uint64_t start) {
  constexpr std::size_t kPiece = std::size_t{256} << 10;
  Data held;
  for (std::uint64_t at = start;;) {
    Bytes piece;
    if (source.in_memory()) {
      piece = source.bytes().subspan(std::min<std::uint64_t>(at, source.size()));
    } else {
      held.resize(kPiece);
      piece = Bytes(held).first(source.read_at(at, held.data(), held.size()));
    }
    std::size_t i = 0;
    while (i + 1 < piece.size()) {
      const void* found = std::memchr(&piece[i], 0xFF, piece.size() - 1 - i);
      if (found == nullptr) {
        i = piece.size() - 1;
        break;
      }
      i = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - piece.data());
      const std::uint8_t code = piece[i + 1];
      if (code == JPEG_EOI) return at + i - start;
      const bool inside = code == 0 || (code >= JPEG_RST0 && code <= JPEG_RST0 + 7);
      if (!inside) return std::nullopt;
      i += 2;
    }
    if (piece.size() < 2 || source.in_memory()) return std::nullopt;
    at += std::min(i, piece.size());
  }
}

bool is_plain_grey(jpeg_decompress_struct& luma) {
  return luma.jpeg_color_space == JCS_GRAYSCALE && is_sequential(luma, 1) &&
         has_byte_quantisation(luma);
}

bool can_splice(jpeg_decompress_struct& luma, jpeg_decompress_struct& chroma) {
  return is_sequential(luma, 1) && is_sequential(chroma, 2) && has_byte_quantisation(luma);
}

Data before_luma(jpeg_decompress_struct& luma, jpeg_decompress_struct& chroma, bool subsampled,
                 const Metadata& metadata) {
  Data out = {0xFF, 0xD8};
  put_jfif(out, metadata);
  for (const Marker& marker : markers_of(metadata)) put_marker(out, marker.code, marker.data);
  put_quantisation(out, 0, *luma.quant_tbl_ptrs[luma.comp_info[0].quant_tbl_no]);
  put_quantisation(out, 1, *chroma.quant_tbl_ptrs[chroma.comp_info[0].quant_tbl_no]);
  Data frame = {8};  // bits
  put16(frame, luma.image_height);
  put16(frame, luma.image_width);
  const std::uint8_t sampling = subsampled ? 0x22 : 0x11;
  frame.insert(frame.end(), {3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1});
  put_marker(out, 0xC0, frame);
  put_scan(out, luma, 0, {1});
  return out;
}

Data before_chroma(jpeg_decompress_struct& chroma) {
  Data out;
  put_scan(out, chroma, 1, {2, 3});
  return out;
}

std::optional<std::vector<std::uint8_t>> splice_jpeg(JpegCoefficients& luma,
                                                     JpegCoefficients& chroma, bool subsampled,
                                                     const Metadata& metadata) {
  jpeg_decompress_struct &grey = luma.info(), &colors = chroma.info();
  if (!can_splice(grey, colors)) return std::nullopt;
  const auto luma_scan = only_scan(grey), chroma_scan = only_scan(colors);
  if (!luma_scan || !chroma_scan) return std::nullopt;
  Data out = before_luma(grey, colors, subsampled, metadata);
  out.reserve(out.size() + luma_scan->size() + chroma_scan->size() + (std::size_t{4} << 10));
  out.insert(out.end(), luma_scan->begin(), luma_scan->end());
  const Data middle = before_chroma(colors);
  out.insert(out.end(), middle.begin(), middle.end());
  out.insert(out.end(), chroma_scan->begin(), chroma_scan->end());
  out.insert(out.end(), std::begin(kEndOfJpeg), std::end(kEndOfJpeg));
  return out;
}

}  // namespace colorlab::io
