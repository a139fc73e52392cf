// Pixels to PNG, row by row: zlib packs as the rows come, into one IDAT chunk after the other.
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "io/png_chunks.hpp"
#include "io/png_encode.hpp"
#include "io/row_encoder.hpp"

namespace colorlab::io {
namespace {

using Data = std::vector<std::uint8_t>;

constexpr std::size_t kPiece = std::size_t{256} << 10;  // of packed data: a chunk
constexpr std::size_t kSample = std::size_t{128} << 10;

class Deflate {
 public:
  Deflate(int level, int strategy) {
    constexpr int kWindowBits = 15, kMemory = 9;
    if (deflateInit2(&stream_, level, Z_DEFLATED, kWindowBits, kMemory, strategy) != Z_OK) fail();
  }
  ~Deflate() { deflateEnd(&stream_); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  // Packs all of `data`; calls full(piece) whenever one is.
  template <class Full>
  void pack(Bytes data, bool last, const Full& full) {
    stream_.next_in = const_cast<Bytef*>(data.data());
    stream_.avail_in = static_cast<uInt>(data.size());
    int status = Z_OK;
    do {
      stream_.next_out = &piece_[held_];
      stream_.avail_out = static_cast<uInt>(kPiece - held_);
      status = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) fail();
      held_ = kPiece - stream_.avail_out;
      if (held_ == kPiece || (status == Z_STREAM_END && held_ > 0)) {
        full(Bytes(piece_).first(held_));
        held_ = 0;
      }
    } while (stream_.avail_in > 0 || (last && status != Z_STREAM_END));
  }

 private:
  [[noreturn]] static void fail() {
    throw Error(ErrorCode::image_too_large, "there is not enough memory for the PNG");
  }
  z_stream stream_{};
  Data piece_ = Data(kPiece);
  std::size_t held_ = 0;
};

std::size_t packed_size(Bytes data, int level, int strategy) {
  std::size_t size = 0;
  Deflate(level, strategy).pack(data, true, [&size](Bytes piece) { size += piece.size(); });
  return size;
}

// Noise has no repeats to find: without looking for them packing is faster, and smaller.
int strategy_for(Bytes sample, int level) {
  if (level == 0) return Z_DEFAULT_STRATEGY;
  return packed_size(sample, level, Z_HUFFMAN_ONLY) < packed_size(sample, level, Z_DEFAULT_STRATEGY)
             ? Z_HUFFMAN_ONLY
             : Z_DEFAULT_STRATEGY;
}

class PngRowEncoder : public RowEncoder {
 public:
  PngRowEncoder(AtomicFile& file, const RowShape& shape, const RowWriteOptions& options)
      : file_(file), level_(options.compression), rows_(shape, false) {
    file_.append(png_start(shape, turned_metadata(options.metadata, options.orientation)));
  }

  void write(const Image& band, CancelToken* cancel) override {
    const std::size_t row = band.bytes() / std::max<std::size_t>(1, band.height());
    for (std::size_t y = 0; y < band.height(); ++y) {
      if (cancel != nullptr) cancel->check();
      const std::size_t had = filtered_.size();
      filtered_.resize(had + rows_.bytes());
      rows_.apply(band.data() + y * row, &filtered_[had]);
      if (filtered_.size() >= kSample) pack(false);
    }
  }

  void finish() override {
    pack(true);
    Data end;
    append_chunk(end, "IEND", {});
    file_.append(end);
  }

 private:
  // What was filtered, which then makes room for more.
  void pack(bool last) {
    if (!deflate_) deflate_ = std::make_unique<Deflate>(level_, strategy_for(filtered_, level_));
    constexpr std::size_t kStep = std::size_t{1} << 30;  // zlib counts in 32 bits
    Bytes rest(filtered_);
    do {
      const Bytes part = rest.first(std::min(rest.size(), kStep));
      rest = rest.subspan(part.size());
      deflate_->pack(part, last && rest.empty(), [this](Bytes piece) {
        Data chunk;
        append_chunk(chunk, "IDAT", piece);
        file_.append(chunk);
      });
    } while (!rest.empty());
    filtered_.clear();
  }

  AtomicFile& file_;
  int level_;
  FilteredRows rows_;
  Data filtered_;
  std::unique_ptr<Deflate> deflate_;
};

}  // namespace

std::unique_ptr<RowEncoder> png_row_encoder(AtomicFile& file, const RowShape& shape,
                                            const RowWriteOptions& options) {
  return std::make_unique<PngRowEncoder>(file, shape, options);
}

}  // namespace colorlab::io
