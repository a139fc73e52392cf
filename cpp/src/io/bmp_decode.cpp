// Windows and OS/2 bitmaps: 1, 2, 4 and 8 bits with a palette, RLE, and 16, 24 and 32 bits with or
// without bit masks. There is no common library for them, and they need none.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "io/codec.hpp"

namespace colorlab::io {
namespace {

enum Compression : std::uint32_t {
  kRgb = 0,
  kRle8 = 1,
  kRle4 = 2,
  kBitfields = 3,
  kAlphaBitfields = 6
};

constexpr std::size_t kFileHeader = 14;

// Bits of a pixel that make one channel.
struct Mask {
  std::uint32_t bits = 0;
  [[nodiscard]] std::uint8_t of(std::uint32_t pixel) const {
    if (bits == 0) return 0;
    const int shift = std::countr_zero(bits);
    const std::uint64_t most = bits >> shift, value = (pixel & bits) >> shift;
    return static_cast<std::uint8_t>((value * 255 + most / 2) / most);
  }
  [[nodiscard]] bool contiguous() const {
    const std::uint32_t low = bits >> std::countr_zero(bits | 0x80000000U);
    return (low & (low + 1)) == 0;
  }
};

struct Layout {
  std::size_t height = 0, width = 0, pixels_at = 0;
  unsigned bits = 0;
  std::uint32_t compression = kRgb;
  bool top_down = false;
  std::array<Mask, 4> masks{};  // red, green, blue, alpha
  std::array<std::array<std::uint8_t, 3>, 256> palette{};
  std::size_t colors = 0;
  Bytes icc;
  double dpi_x = 0, dpi_y = 0;

  [[nodiscard]] bool alpha() const { return bits > 8 && masks[3].bits != 0; }
  [[nodiscard]] bool rle() const { return compression == kRle8 || compression == kRle4; }
};

std::uint32_t little_endian(Bytes bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || bytes.size() - at < size) {
    throw truncated_error("the BMP ends in its header");
  }
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

void read_masks(Bytes bytes, std::size_t header, Layout& layout) {
  if (layout.bits == 16) layout.masks = {Mask{0x7C00}, Mask{0x03E0}, Mask{0x001F}, Mask{0}};
  if (layout.bits == 24 || layout.bits == 32) {
    layout.masks = {Mask{0xFF0000}, Mask{0x00FF00}, Mask{0x0000FF}, Mask{0}};
  }
  const bool given = layout.compression == kBitfields || layout.compression == kAlphaBitfields;
  if (!given) return;
  if (layout.bits != 16 && layout.bits != 32) throw corrupt_error("the BMP's bit masks do not fit");
  // Headers of 56 bytes and more hold an alpha mask; it follows the header when that is said.
  const bool alpha = header >= 56 || layout.compression == kAlphaBitfields;
  for (std::size_t i = 0; i < (alpha ? 4U : 3U); ++i) {
    layout.masks[i].bits = little_endian(bytes, kFileHeader + 40 + 4 * i, 4);
    if (!layout.masks[i].contiguous()) throw corrupt_error("the BMP's bit masks have holes");
  }
}

void read_palette(Bytes bytes, std::size_t at, std::size_t entry, Layout& layout) {
  for (std::size_t i = 0; i < layout.colors; ++i) {
    const std::uint32_t color = little_endian(bytes, at + entry * i, 3);
    layout.palette[i] = {static_cast<std::uint8_t>(color >> 16),
                         static_cast<std::uint8_t>(color >> 8), static_cast<std::uint8_t>(color)};
  }
}

Layout read_layout(Bytes bytes, const Limits& limits) {
  Layout layout;
  const std::size_t header = little_endian(bytes, kFileHeader, 4);
  layout.pixels_at = little_endian(bytes, 10, 4);
  if (header == 12) {
    layout.width = little_endian(bytes, 18, 2);
    layout.height = little_endian(bytes, 20, 2);
    layout.bits = little_endian(bytes, 24, 2);
  } else {
    const auto width = static_cast<std::int32_t>(little_endian(bytes, 18, 4));
    const auto height = static_cast<std::int32_t>(little_endian(bytes, 22, 4));
    if (width <= 0 || height == 0 || height == INT32_MIN) {
      throw corrupt_error("the BMP's sides make no sense");
    }
    layout.width = static_cast<std::size_t>(width);
    layout.height = static_cast<std::size_t>(height < 0 ? -height : height);
    layout.top_down = height < 0;
    layout.bits = little_endian(bytes, 28, 2);
    layout.compression = header >= 20 ? little_endian(bytes, 30, 4) : kRgb;
  }
  check_size(layout.height, layout.width, 3, Depth::u8, limits);
  const std::uint32_t kind = layout.compression;
  const bool known = kind == kRgb || (kind == kRle8 && layout.bits == 8) ||
                     (kind == kRle4 && layout.bits == 4) ||
                     ((kind == kBitfields || kind == kAlphaBitfields) && header >= 40);
  const unsigned bits = layout.bits;
  if (!known || (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16 && bits != 24 &&
                 bits != 32)) {
    throw unsupported_error("BMP images of " + std::to_string(bits) + " bits and compression " +
                            std::to_string(kind) + " are not supported");
  }
  if (layout.rle() && layout.top_down) throw corrupt_error("a packed BMP cannot be top-down");
  read_masks(bytes, header, layout);
  if (bits <= 8) {
    const std::size_t most = std::size_t{1} << bits;
    const std::size_t said = header >= 36 ? little_endian(bytes, 46, 4) : 0;
    layout.colors = said == 0 ? most : std::min(said, most);
    const std::size_t entry = header == 12 ? 3 : 4, start = kFileHeader + header;
    if (layout.pixels_at > start) {  // some files' palettes are shorter than they say
      layout.colors = std::min(layout.colors, (layout.pixels_at - start) / entry);
    }
    read_palette(bytes, start, entry, layout);
  }
  if (header >= 40) {  // dots per metre
    layout.dpi_x = little_endian(bytes, 38, 4) * 0.0254;
    layout.dpi_y = little_endian(bytes, 42, 4) * 0.0254;
  }
  constexpr std::uint32_t kEmbedded = 0x4D424544;  // "MBED"
  if (header >= 124 && little_endian(bytes, kFileHeader + 56, 4) == kEmbedded) {
    const std::size_t at = kFileHeader + std::size_t{little_endian(bytes, kFileHeader + 112, 4)};
    const std::size_t size = little_endian(bytes, kFileHeader + 116, 4);
    if (at <= bytes.size() && size <= bytes.size() - at && size <= limits.max_metadata_bytes) {
      layout.icc = bytes.subspan(at, size);
    }
  }
  return layout;
}

// Packed rows to palette indices, from the bottom up; what is skipped stays 0.
class RleReader {
 public:
  RleReader(Bytes rest, const Layout& layout, std::vector<std::uint8_t>& indices)
      : rest_(rest), layout_(layout), indices_(indices) {}

  // False when the data end before the image does.
  [[nodiscard]] bool read() {
    while (true) {
      if (rest_.size() < 2) return y_ >= layout_.height;
      const std::uint8_t count = rest_[0], value = rest_[1];
      rest_ = rest_.subspan(2);
      if (count > 0) {
        for (unsigned i = 0; i < count; ++i) put(nibble(value, i));
      } else if (value == 0) {
        x_ = 0;
        ++y_;
      } else if (value == 1) {
        return true;
      } else if (value == 2) {
        if (rest_.size() < 2) return false;
        x_ += rest_[0];
        y_ += rest_[1];
        rest_ = rest_.subspan(2);
      } else if (!literal(value)) {
        return false;
      }
    }
  }

 private:
  [[nodiscard]] std::uint8_t nibble(std::uint8_t value, unsigned i) const {
    if (layout_.compression == kRle8) return value;
    return i % 2 == 0 ? value >> 4 : value & 15;
  }

  void put(std::uint8_t index) {
    if (y_ >= layout_.height || x_ >= layout_.width) {
      throw corrupt_error("the BMP's runs leave the image");
    }
    indices_[(layout_.height - 1 - y_) * layout_.width + x_++] = index;
  }

  [[nodiscard]] bool literal(unsigned count) {
    const std::size_t bytes = layout_.compression == kRle8 ? count : (count + 1) / 2;
    if (rest_.size() < bytes) return false;
    for (unsigned i = 0; i < count; ++i) {
      put(layout_.compression == kRle8 ? rest_[i] : nibble(rest_[i / 2], i));
    }
    rest_ = rest_.subspan(std::min(rest_.size(), bytes + bytes % 2));
    return true;
  }

  Bytes rest_;
  const Layout& layout_;
  std::vector<std::uint8_t>& indices_;
  std::size_t x_ = 0, y_ = 0;
};

void put_color(const Layout& layout, std::size_t index, std::uint8_t* out) {
  if (index >= layout.colors) throw corrupt_error("the BMP's pixels leave its palette");
  std::copy_n(layout.palette[index].data(), 3, out);
}

void unpack_row(const Layout& layout, const std::uint8_t* row, std::size_t channels,
                std::uint8_t* out) {
  for (std::size_t x = 0; x < layout.width; ++x, out += channels) {
    if (layout.bits <= 8) {
      const std::size_t bit = x * layout.bits;
      const auto shift = static_cast<unsigned>(8 - layout.bits - bit % 8);
      put_color(layout, row[bit / 8] >> shift & ((1U << layout.bits) - 1), out);
      continue;
    }
    std::uint32_t pixel = 0;
    for (std::size_t i = layout.bits / 8; i-- > 0;) {
      pixel = pixel << 8 | row[x * (layout.bits / 8) + i];
    }
    for (std::size_t c = 0; c < channels; ++c) out[c] = layout.masks[c].of(pixel);
  }
}

}  // namespace

Header probe_bmp(Bytes bytes, const Limits& limits) {
  const Layout layout = read_layout(bytes, limits);
  return {.info = {.format = Format::bmp,
                   .height = layout.height,
                   .width = layout.width,
                   .channels = layout.alpha() ? std::size_t{4} : std::size_t{3},
                   .depth = Depth::u8,
                   .animated = false},
          .orientation = 1,
          .model = ColorModel::rgb};
}

Metadata metadata_of_bmp(Bytes bytes, const Limits& limits) {
  const Layout layout = read_layout(bytes, limits);
  Metadata metadata;
  metadata.icc.assign(layout.icc.begin(), layout.icc.end());
  metadata.dpi_x = layout.dpi_x;
  metadata.dpi_y = layout.dpi_y;
  return metadata;
}

Stored decode_bmp(Bytes bytes, const ReadOptions& options) {
  const Layout layout = read_layout(bytes, options.limits);
  const std::size_t channels = options.mode == ReadMode::unchanged && layout.alpha() ? 4 : 3;
  const bool fill = options.on_truncated == OnTruncated::fill;
  const std::size_t start = std::min(layout.pixels_at, bytes.size());
  const Bytes data = bytes.subspan(start);
  check_size(layout.height, layout.width, channels, Depth::u8, options.limits);
  Image image(layout.height, layout.width, channels, Depth::u8);
  const auto pixels = image.view<std::uint8_t>();
  if (layout.rle()) {
    std::vector<std::uint8_t> indices(layout.height * layout.width);
    if (!RleReader(data, layout, indices).read() && !fill) {
      throw truncated_error("the BMP ends early");
    }
    for (std::size_t i = 0; i < indices.size(); ++i)
      put_color(layout, indices[i], pixels.data + 3 * i);
    return {std::move(image), ColorModel::rgb};
  }
  const std::size_t row_bytes = (layout.width * layout.bits + 31) / 32 * 4;
  const std::size_t needed = (layout.width * layout.bits + 7) / 8;  // the last padding may lack
  for (std::size_t y = 0; y < layout.height; ++y) {
    if (y * row_bytes + needed > data.size()) {
      if (fill) break;
      throw truncated_error("the BMP ends early, after " + std::to_string(y) + " of " +
                            std::to_string(layout.height) + " rows");
    }
    unpack_row(layout, data.data() + y * row_bytes, channels,
               pixels.row(layout.top_down ? y : layout.height - 1 - y));
  }
  return {std::move(image), ColorModel::rgb};
}

}  // namespace colorlab::io
