// Pixels to a baseline JPEG.
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/codec.hpp"
#include "io/jpeg_handle.hpp"
#include "io/jpeg_markers.hpp"
#include "io/row_encoder.hpp"

namespace colorlab {
namespace io {
namespace {

constexpr int kFullChromaFrom = 90;  // from this quality on chroma is not subsampled

constexpr std::size_t kPiece = std::size_t{256} << 10;

// A file that libjpeg writes to, piece by piece.
struct Destination {
  jpeg_destination_mgr manager{};  // first: libjpeg hands back a pointer to it
  AtomicFile* file = nullptr;
  std::vector<std::uint8_t> piece{};

  void flush(std::size_t size) { file->append(Bytes(piece).first(size)); }
  void reset() {
    manager.next_output_byte = piece.data();
    manager.free_in_buffer = piece.size();
  }
};

Destination& destination_of(j_compress_ptr cinfo) {
  return *reinterpret_cast<Destination*>(cinfo->dest);
}

void start_destination(j_compress_ptr cinfo) { destination_of(cinfo).reset(); }

// libjpeg fills the piece to its last byte, whatever free_in_buffer says now.
boolean empty_piece(j_compress_ptr cinfo) {
  Destination& destination = destination_of(cinfo);
  shielded(reinterpret_cast<j_common_ptr>(cinfo),
           [&] { destination.flush(destination.piece.size()); });
  destination.reset();
  return TRUE;
}

void end_destination(j_compress_ptr cinfo) {
  Destination& destination = destination_of(cinfo);
  shielded(reinterpret_cast<j_common_ptr>(cinfo), [&] {
    destination.flush(destination.piece.size() - destination.manager.free_in_buffer);
  });
}

// Owns a compressor; libjpeg is called in its members only, each of them guarded.
class Encoder {
 public:
  // Into memory, which libjpeg grows.
  Encoder() {
    create();
    guarded(errors_, limits_, [this] { jpeg_mem_dest(&cinfo_, &buffer_, &size_); });
  }
  explicit Encoder(AtomicFile& file) {
    create();
    destination_.manager.init_destination = start_destination;
    destination_.manager.empty_output_buffer = empty_piece;
    destination_.manager.term_destination = end_destination;
    destination_.file = &file;
    destination_.piece.resize(kPiece);
    cinfo_.dest = &destination_.manager;
  }
  ~Encoder() {
    jpeg_destroy_compress(&cinfo_);
    std::free(buffer_);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's malloc
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  void start(const RowShape& shape, int quality, const Metadata& metadata) {
    const std::vector<Marker> markers = markers_of(metadata);
    cinfo_.image_width = static_cast<JDIMENSION>(shape.width);
    cinfo_.image_height = static_cast<JDIMENSION>(shape.height);
    cinfo_.input_components = static_cast<int>(shape.channels);
    cinfo_.in_color_space = shape.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    guarded(errors_, limits_, [&] {
      jpeg_set_defaults(&cinfo_);
      jpeg_set_quality(&cinfo_, quality, TRUE);
      if (quality >= kFullChromaFrom) {
        cinfo_.comp_info[0].h_samp_factor = 1;
        cinfo_.comp_info[0].v_samp_factor = 1;
      }
      set_density(cinfo_, metadata);
      jpeg_start_compress(&cinfo_, TRUE);
      for (const Marker& marker : markers) {
        jpeg_write_marker(&cinfo_, marker.code, marker.data.data(),
                          static_cast<unsigned>(marker.data.size()));
      }
    });
  }

  void write(ImageView<const std::uint8_t> rows, CancelToken* cancel = nullptr) {
    const JDIMENSION first = cinfo_.next_scanline;
    guarded(errors_, limits_, [&] {
      while (cinfo_.next_scanline < first + rows.height) {
        if (cancel != nullptr && cinfo_.next_scanline % 16 == 0) {
          shielded(reinterpret_cast<j_common_ptr>(&cinfo_), [cancel] { cancel->check(); });
        }
        JSAMPROW row = const_cast<JSAMPROW>(rows.row(cinfo_.next_scanline - first));
        jpeg_write_scanlines(&cinfo_, &row, 1);
      }
    });
  }

  void finish() {
    guarded(errors_, limits_, [this] { jpeg_finish_compress(&cinfo_); });
  }

  // Of the encoder into memory.
  [[nodiscard]] Bytes bytes() const { return {buffer_, size_}; }

 private:
  void create() {
    cinfo_.err = install(errors_);
    guarded(errors_, limits_, [this] { jpeg_create_compress(&cinfo_); });
  }

  Limits limits_{};
  JpegErrors errors_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
  Destination destination_{};
  jpeg_compress_struct cinfo_{};
};

class JpegRowEncoder : public RowEncoder {
 public:
  JpegRowEncoder(AtomicFile& file, const RowShape& shape, const RowWriteOptions& options)
      : encoder_(file) {
    encoder_.start(shape, options.quality, turned_metadata(options.metadata, options.orientation));
  }
  void write(const Image& band, CancelToken* cancel) override {
    encoder_.write(band.view<std::uint8_t>(), cancel);
  }
  void finish() override { encoder_.finish(); }

 private:
  Encoder encoder_;
};

}  // namespace

std::unique_ptr<RowEncoder> jpeg_row_encoder(AtomicFile& file, const RowShape& shape,
                                             const RowWriteOptions& options) {
  return std::make_unique<JpegRowEncoder>(file, shape, options);
}

void check_jpeg_quality(int quality) {
  if (quality >= 1 && quality <= 100) return;
  throw Error(ErrorCode::invalid_argument,
              "JPEG quality must be 1..100, not " + std::to_string(quality));
}

void check_jpeg(const RowShape& image, int quality) {
  if (image.depth != Depth::u8) {
    throw Error(ErrorCode::dtype, "a JPEG holds 8 bits per sample");
  }
  check_jpeg_quality(quality);
  if (image.height == 0 || image.width == 0 || (image.channels != 1 && image.channels != 3)) {
    throw Error(ErrorCode::shape,
                "a JPEG holds 1 or 3 channels and at least one pixel, not " +
                    std::to_string(image.height) + " x " + std::to_string(image.width) + " x " +
                    std::to_string(image.channels),
                {}, "Write PNG, TIFF or WebP to keep alpha");
  }
  if (image.height > JPEG_MAX_DIMENSION || image.width > JPEG_MAX_DIMENSION) {
    throw Error(ErrorCode::image_too_large,
                "a JPEG's sides end at " + std::to_string(JPEG_MAX_DIMENSION) +
                    " pixels, these are " + std::to_string(image.width) + " x " +
                    std::to_string(image.height),
                {}, "Write PNG or TIFF");
  }
}

}  // namespace io

std::vector<std::uint8_t> encode_jpeg(ImageView<const std::uint8_t> image, int quality,
                                      const Metadata& metadata) {
  const RowShape shape{image.height, image.width, image.channels, Depth::u8};
  io::check_jpeg(shape, quality);
  io::Encoder encoder;
  encoder.start(shape, quality, metadata);
  encoder.write(image);
  encoder.finish();
  const io::Bytes bytes = encoder.bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace colorlab
