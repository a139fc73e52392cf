#include "io/jpeg_compressor.hpp"

#include <cstdlib>
#include <vector>

namespace colorlab::io {

struct JpegFile {
  jpeg_destination_mgr manager{};  // first: libjpeg hands back a pointer to it
  AtomicFile* file = nullptr;
  std::vector<std::uint8_t> piece{};

  void flush(std::size_t size) { file->append(Bytes(piece).first(size)); }
  void reset() {
    manager.next_output_byte = piece.data();
    manager.free_in_buffer = piece.size();
  }
};

namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;

JpegFile& file_of(j_compress_ptr cinfo) { return *reinterpret_cast<JpegFile*>(cinfo->dest); }

void start_file(j_compress_ptr cinfo) { file_of(cinfo).reset(); }

// libjpeg fills the piece to its last byte, whatever free_in_buffer says now.
boolean empty_piece(j_compress_ptr cinfo) {
  JpegFile& file = file_of(cinfo);
  shielded(reinterpret_cast<j_common_ptr>(cinfo), [&] { file.flush(file.piece.size()); });
  file.reset();
  return TRUE;
}

void end_file(j_compress_ptr cinfo) {
  JpegFile& file = file_of(cinfo);
  shielded(reinterpret_cast<j_common_ptr>(cinfo),
           [&] { file.flush(file.piece.size() - file.manager.free_in_buffer); });
}

}  // namespace

Compressor::Compressor(const Limits& limits, Created) : limits_(limits) {
  cinfo_.err = install(errors_);
  guarded(errors_, limits_, [this] { jpeg_create_compress(&cinfo_); });
}

Compressor::Compressor(const Limits& limits) : Compressor(limits, Created{}) {
  guarded(errors_, limits_, [this] { jpeg_mem_dest(&cinfo_, &buffer_, &size_); });
}

Compressor::Compressor(AtomicFile& file) : Compressor(Limits{}, Created{}) {
  file_ = std::make_unique<JpegFile>();
  file_->manager.init_destination = start_file;
  file_->manager.empty_output_buffer = empty_piece;
  file_->manager.term_destination = end_file;
  file_->file = &file;
  file_->piece.resize(kPiece);
  cinfo_.dest = &file_->manager;
}

Compressor::~Compressor() {
  jpeg_destroy_compress(&cinfo_);
  std::free(buffer_);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's malloc
}

void Compressor::write(ImageView<const std::uint8_t> rows, CancelToken* cancel) {
  run([&](jpeg_compress_struct& cinfo) {
    const JDIMENSION first = cinfo.next_scanline;
    while (cinfo.next_scanline < first + rows.height) {
      if (cancel != nullptr && cinfo.next_scanline % 16 == 0) {
        shielded(reinterpret_cast<j_common_ptr>(&cinfo), [cancel] { cancel->check(); });
      }
      JSAMPROW row = const_cast<JSAMPROW>(rows.row(cinfo.next_scanline - first));
      jpeg_write_scanlines(&cinfo, &row, 1);
    }
  });
}

void Compressor::finish() {
  run([](jpeg_compress_struct& cinfo) { jpeg_finish_compress(&cinfo); });
}

}  // namespace colorlab::io
