#include "io/tiff_layout.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace colorlab::io {
namespace {

std::string describe(const TiffLayout& layout, unsigned photometric) {
  return std::to_string(layout.samples) + " x " + std::to_string(layout.bits) +
         (layout.is_float ? "-bit float" : "-bit") + " samples, photometric interpretation " +
         std::to_string(photometric);
}

// TIFF says 16 bits per colour; some writers gave 8.
void read_palette(TIFF* tiff, TiffLayout& layout) {
  std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) != 1 || layout.bits > 8) {
    throw corrupt_error("the TIFF lacks its palette");
  }
  const std::size_t count = std::size_t{1} << layout.bits;
  bool wide = false;
  for (std::size_t i = 0; i < count; ++i) {
    wide = wide || red[i] > 255 || green[i] > 255 || blue[i] > 255;
  }
  const int shift = wide ? 8 : 0;
  for (std::size_t i = 0; i < count; ++i) {
    layout.colors.push_back({static_cast<std::uint8_t>(red[i] >> shift),
                             static_cast<std::uint8_t>(green[i] >> shift),
                             static_cast<std::uint8_t>(blue[i] >> shift)});
  }
}

void find_alpha(TIFF* tiff, TiffLayout& layout) {
  std::uint16_t count = 0;
  std::uint16_t* kinds = nullptr;
  if (TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) != 1) return;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned sample = layout.color_samples() + i;
    if (kinds[i] == EXTRASAMPLE_UNSPECIFIED || sample >= layout.samples) continue;
    layout.alpha = sample;
    layout.premultiplied = kinds[i] == EXTRASAMPLE_ASSOCALPHA;
    return;
  }
}

// Some files' weights of red, green and blue are no numbers: BT.601's then, as where there are
// none.
void mend_weights(TIFF* tiff) {
  float* weights = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_YCBCRCOEFFICIENTS, &weights) != 1) return;
  const bool valid = std::all_of(weights, weights + 3,
                                 [](float weight) { return weight > 0 && std::isfinite(weight); });
  constexpr float kBt601[3] = {0.299F, 0.587F, 0.114F};
  if (!valid) TIFFSetField(tiff, TIFFTAG_YCBCRCOEFFICIENTS, kBt601);
}

// Which colours the samples are, and whether libtiff has to convert them; false: not readable.
bool understand(TIFF* tiff, TiffLayout& layout, unsigned photometric, unsigned compression) {
  ColorModel& model = layout.header.model;
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      model = ColorModel::grey;
      layout.inverted = photometric == PHOTOMETRIC_MINISWHITE;
      return true;
    case PHOTOMETRIC_PALETTE:
      layout.palette = true;
      return !layout.is_float && layout.bits <= 8;
    case PHOTOMETRIC_RGB:
      return layout.samples >= 3 && layout.bits >= 8;
    case PHOTOMETRIC_SEPARATED:
      model = ColorModel::cmyk;
      return tiff_field<std::uint16_t>(tiff, TIFFTAG_INKSET, INKSET_CMYK) == INKSET_CMYK &&
             layout.samples >= 4 && (layout.bits == 8 || layout.bits == 16) && !layout.is_float;
    case PHOTOMETRIC_YCBCR:
      if (compression == COMPRESSION_JPEG && layout.bits == 8 && layout.samples == 3) {
        // libjpeg converts while it decodes.
        return TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB) == 1;
      }
      mend_weights(tiff);
      layout.through_rgba = true;
      return true;
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
      layout.through_rgba = true;
      return true;
    default:
      return false;
  }
}

void read_blocks(TIFF* tiff, TiffLayout& layout) {
  layout.tiled = TIFFIsTiled(tiff) != 0;
  if (layout.tiled) {
    layout.tile_width = tiff_field<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH, 0);
    layout.tile_height = tiff_field<std::uint32_t>(tiff, TIFFTAG_TILELENGTH, 0);
  } else {
    layout.tile_width = layout.width;
    layout.tile_height = std::min(
        layout.height, tiff_field<std::uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP, layout.height));
  }
  if (layout.tile_width == 0 || layout.tile_height == 0) {
    throw corrupt_error("the TIFF's tiles have no pixels");
  }
}

}  // namespace

TiffLayout tiff_layout(TIFF* tiff, const Limits& limits) {
  TiffLayout layout;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height);
  check_size(layout.height, layout.width, 1, Depth::u8, limits);
  layout.bits = tiff_field<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = tiff_field<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  const unsigned kind = tiff_field<std::uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  layout.is_float = kind == SAMPLEFORMAT_IEEEFP;
  layout.is_signed = kind == SAMPLEFORMAT_INT;
  layout.planar = layout.samples > 1 &&
                  tiff_field<std::uint16_t>(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) ==
                      PLANARCONFIG_SEPARATE;
  std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric) != 1 && layout.samples >= 3) {
    photometric = PHOTOMETRIC_RGB;
  }
  const unsigned compression =
      tiff_field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  if (TIFFIsCODECConfigured(static_cast<std::uint16_t>(compression)) == 0) {
    throw unsupported_error("the TIFF's compression scheme " + std::to_string(compression) +
                            " is not supported");
  }
  const bool complex = kind == SAMPLEFORMAT_COMPLEXINT || kind == SAMPLEFORMAT_COMPLEXIEEEFP;
  const bool wide = layout.bits == 32 && layout.samples == 1;
  const bool readable = layout.is_float ? layout.bits == 32
                        : layout.is_signed && wide
                            ? true
                            : layout.bits == 1 || layout.bits == 2 || layout.bits == 4 ||
                                  layout.bits == 8 || layout.bits == 16;
  if (!readable || complex || !understand(tiff, layout, photometric, compression)) {
    throw unsupported_error("TIFF images of " + describe(layout, photometric) +
                            " are not supported");
  }
  if (layout.palette) read_palette(tiff, layout);
  if (!layout.through_rgba) find_alpha(tiff, layout);
  read_blocks(tiff, layout);

  ImageInfo& info = layout.header.info;
  const bool has_alpha = layout.alpha && layout.header.model != ColorModel::cmyk;
  info.format = Format::tiff;
  info.height = layout.height;
  info.width = layout.width;
  info.channels = (layout.header.model == ColorModel::grey ? 1U : 3U) + (has_alpha ? 1U : 0U);
  info.depth = layout.bits > 8 && !layout.through_rgba ? Depth::u16 : Depth::u8;
  info.animated = TIFFLastDirectory(tiff) == 0;
  const unsigned orientation = tiff_field<std::uint16_t>(tiff, TIFFTAG_ORIENTATION, 1);
  layout.header.orientation =
      orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  check_size(layout.height, layout.width,
             layout.header.model == ColorModel::cmyk ? 4 : info.channels, info.depth, limits);
  return layout;
}

}  // namespace colorlab::io
