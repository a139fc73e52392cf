// Pixels to PNG, 8 or 16 bits per sample.
#include "io/png_encode.hpp"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "io/codec.hpp"
#include "io/png_chunks.hpp"
#include "io/row_encoder.hpp"

namespace colorlab {
namespace io {

using Data = std::vector<std::uint8_t>;

namespace {

[[noreturn]] void no_memory() {
  throw Error(ErrorCode::image_too_large, "there is not enough memory for the PNG");
}

// The filtered rows of an image, which is what PNG packs, one after the other.
template <class T>
Image filtered_rows(ImageView<const T> image, const RowShape& shape) {
  FilteredRows rows(shape, true);
  Image filtered(image.height, rows.bytes(), 1, Depth::u8);
  for (std::size_t y = 0; y < image.height; ++y) {
    rows.apply(reinterpret_cast<const std::byte*>(image.row(y)),
               filtered.view<std::uint8_t>().row(y));
  }
  return filtered;
}

// What packs a zlib stream; `pack` appends it to `out`.
class Packer {
 public:
  virtual ~Packer() = default;
  virtual void pack(Bytes data, Data& out) = 0;
};

class LibdeflatePacker : public Packer {
 public:
  explicit LibdeflatePacker(int level)
      : compressor_(libdeflate_alloc_compressor(level), libdeflate_free_compressor) {
    if (!compressor_) no_memory();
  }
  void pack(Bytes data, Data& out) override {
    const std::size_t start = out.size();
    out.resize(start + libdeflate_zlib_compress_bound(compressor_.get(), data.size()));
    out.resize(start + libdeflate_zlib_compress(compressor_.get(), data.data(), data.size(),
                                                &out[start], out.size() - start));
  }

 private:
  std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor_;
};

// Noise has no repeats to find: without looking for them packing is faster, and smaller.
class HuffmanPacker : public Packer {
 public:
  void pack(Bytes data, Data& out) override {
    z_stream stream{};
    constexpr int kLevel = 1, kWindowBits = 15, kMemory = 9;
    if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBits, kMemory, Z_HUFFMAN_ONLY) != Z_OK) {
      no_memory();
    }
    const std::unique_ptr<z_stream, decltype(&deflateEnd)> ends(&stream, deflateEnd);
    constexpr std::size_t kStep = std::size_t{1} << 30;  // zlib counts in 32 bits
    int status = Z_OK;
    while (status == Z_OK) {
      const std::size_t step = std::min(data.size(), kStep), start = out.size();
      stream.next_in = const_cast<Bytef*>(data.data());
      stream.avail_in = static_cast<uInt>(step);
      const auto room = deflateBound(&stream, static_cast<uLong>(step));
      out.resize(start + room);
      stream.next_out = &out[start];
      stream.avail_out = static_cast<uInt>(room);
      status = deflate(&stream, step == data.size() ? Z_FINISH : Z_NO_FLUSH);
      out.resize(out.size() - stream.avail_out);
      data = data.subspan(step - stream.avail_in);
    }
    if (status != Z_STREAM_END) no_memory();
  }
};

// Pieces from all over the rows.
Data sample_of(Bytes filtered) {
  constexpr std::size_t kPieces = 4, kPieceBytes = std::size_t{32} << 10;
  if (filtered.size() <= kPieces * kPieceBytes) return {filtered.begin(), filtered.end()};
  Data sample;
  for (std::size_t i = 0; i < kPieces; ++i) {
    const Bytes piece =
        filtered.subspan((filtered.size() - kPieceBytes) / (kPieces - 1) * i, kPieceBytes);
    sample.insert(sample.end(), piece.begin(), piece.end());
  }
  return sample;
}

std::unique_ptr<Packer> packer_for(Bytes filtered, int compression) {
  auto libdeflate = std::make_unique<LibdeflatePacker>(compression);
  if (compression == 0) return libdeflate;
  auto huffman = std::make_unique<HuffmanPacker>();
  const Data sample = sample_of(filtered);
  Data with_repeats, without;
  libdeflate->pack(sample, with_repeats);
  huffman->pack(sample, without);
  if (without.size() < with_repeats.size()) return huffman;
  return libdeflate;
}

// Packs in place: a copy of all pixels would cost more than the checksum.
void append_pixels(Data& png, Bytes filtered, Packer& packer) {
  const std::size_t start = png.size();
  append_chunk(png, "IDAT", {});
  png.resize(start + 8);  // length and type
  packer.pack(filtered, png);
  const std::size_t packed = png.size() - start - 8;
  if (packed > kMostChunkBytes) {
    const Data all(png.begin() + static_cast<std::ptrdiff_t>(start + 8), png.end());
    png.resize(start);
    for (Bytes rest = all; !rest.empty();
         rest = rest.subspan(std::min(rest.size(), kMostChunkBytes))) {
      append_chunk(png, "IDAT", rest.first(std::min(rest.size(), kMostChunkBytes)));
    }
    return;
  }
  for (int i = 0; i < 4; ++i) png[start + i] = static_cast<std::uint8_t>(packed >> (24 - 8 * i));
  append_big_endian(png, chunk_checksum(Bytes(png).subspan(start + 4)));
}

}  // namespace

FilteredRows::FilteredRows(const RowShape& shape, bool rows_stay)
    : swaps_(shape.depth == Depth::u16 && std::endian::native == std::endian::little),
      stay_(rows_stay && !swaps_),
      row_bytes_(shape.width * shape.channels * (shape.depth == Depth::u16 ? 2 : 1)),
      filter_(row_bytes_, row_bytes_ / shape.width),
      rows_{Data(stay_ ? 0 : row_bytes_), Data(stay_ ? 0 : row_bytes_)} {}

void FilteredRows::apply(const std::byte* row, std::uint8_t* out) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(row);
  if (!stay_) {
    Data& own = rows_[count_ % 2];
    if (swaps_) {
      for (std::size_t i = 0; i < row_bytes_; i += 2) {
        own[i] = bytes[i + 1];
        own[i + 1] = bytes[i];
      }
    } else {
      std::copy_n(bytes, row_bytes_, own.data());
    }
    bytes = own.data();
  }
  filter_.apply(bytes, above_, out);
  above_ = bytes;
  ++count_;
}

Data png_start(const RowShape& shape, const Metadata& metadata) {
  constexpr std::uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  constexpr std::uint8_t kColors[] = {0, 4, 2, 6};  // grey, grey + alpha, RGB, RGBA
  Data header;
  append_big_endian(header, static_cast<std::uint32_t>(shape.width));
  append_big_endian(header, static_cast<std::uint32_t>(shape.height));
  // then deflate, the five filters, not interlaced
  header.insert(header.end(),
                {static_cast<std::uint8_t>(shape.depth), kColors[shape.channels - 1], 0, 0, 0});
  Data png(std::begin(kSignature), std::end(kSignature));
  append_chunk(png, "IHDR", header);
  for (const PngChunk& chunk : chunks_of(metadata)) append_chunk(png, chunk.type, chunk.data);
  return png;
}

void check_png(const RowShape& image, int compression) {
  if (compression < 0 || compression > 9) {
    throw Error(ErrorCode::invalid_argument,
                "PNG compression must be 0..9, not " + std::to_string(compression));
  }
  if (image.height == 0 || image.width == 0 || image.channels < 1 || image.channels > 4) {
    throw Error(ErrorCode::shape, "a PNG holds 1..4 channels and at least one pixel, not " +
                                      std::to_string(image.height) + " x " +
                                      std::to_string(image.width) + " x " +
                                      std::to_string(image.channels));
  }
  constexpr std::size_t kMostSide = 0x7FFFFFFF;
  if (image.height > kMostSide || image.width > kMostSide) {
    throw Error(ErrorCode::image_too_large, "a PNG's sides end at 2147483647 pixels");
  }
}

}  // namespace io

template <class T>
std::vector<std::uint8_t> encode_png(ImageView<const T> image, int compression,
                                     const Metadata& metadata) {
  const RowShape shape{image.height, image.width, image.channels,
                       sizeof(T) == 2 ? Depth::u16 : Depth::u8};
  io::check_png(shape, compression);
  std::vector<std::uint8_t> png = io::png_start(shape, metadata);
  const Image rows = io::filtered_rows(image, shape);
  const io::Bytes filtered(rows.view<std::uint8_t>().data, rows.bytes());
  io::append_pixels(png, filtered, *io::packer_for(filtered, compression));
  io::append_chunk(png, "IEND", {});
  return png;
}

template std::vector<std::uint8_t> encode_png(ImageView<const std::uint8_t>, int, const Metadata&);
template std::vector<std::uint8_t> encode_png(ImageView<const std::uint16_t>, int, const Metadata&);

}  // namespace colorlab
