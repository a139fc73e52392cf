// WebP to pixels, decoding only; of an animation the first frame.
#include <webp/decode.h>
#include <webp/demux.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/codec.hpp"
#include "io/exif.hpp"

namespace colorlab::io {
namespace {

std::uint32_t little_endian(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[3]) << 24 | static_cast<std::uint32_t>(at[2]) << 16 |
         static_cast<std::uint32_t>(at[1]) << 8 | at[0];
}

bool ends_early(Bytes bytes) {
  return bytes.size() < 12 || std::uint64_t{little_endian(&bytes[4])} + 8 > bytes.size();
}

// The chunks of an extended file; a broken chain just ends the walk.
void for_each_riff_chunk(Bytes bytes, const std::function<void(std::string_view, Bytes)>& visit) {
  std::size_t at = 12;
  while (at <= bytes.size() && bytes.size() - at >= 8) {
    const std::size_t size = little_endian(&bytes[at + 4]);
    if (size > bytes.size() - at - 8) break;
    visit({reinterpret_cast<const char*>(&bytes[at]), 4}, bytes.subspan(at + 8, size));
    at += 8 + size + (size & 1);
  }
}

int webp_orientation(Bytes bytes, const Limits& limits) {
  int orientation = 1;
  for_each_riff_chunk(bytes, [&](std::string_view type, Bytes data) {
    if (type == "EXIF" && data.size() <= limits.max_metadata_bytes) {
      orientation = exif_orientation(data);
    }
  });
  return orientation;
}

[[noreturn]] void fail(VP8StatusCode status, Bytes bytes) {
  if (status == VP8_STATUS_OUT_OF_MEMORY) {
    throw Error(ErrorCode::image_too_large, "there is not enough memory for the WebP's pixels");
  }
  if (status == VP8_STATUS_UNSUPPORTED_FEATURE) {
    throw unsupported_error("this kind of WebP is not supported");
  }
  if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED || ends_early(bytes)) {
    throw truncated_error("the WebP ends early");
  }
  throw corrupt_error("the WebP is corrupt");
}

WebPBitstreamFeatures features_of(Bytes bytes, const Limits& limits) {
  WebPBitstreamFeatures features{};
  const VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &features);
  if (status != VP8_STATUS_OK) fail(status, bytes);
  check_size(static_cast<std::size_t>(features.height), static_cast<std::size_t>(features.width),
             features.has_alpha != 0 ? 4 : 3, Depth::u8, limits);
  return features;
}

// The part of the canvas that a frame covers.
struct Area {
  std::uint8_t* data;
  std::size_t bytes;
  int stride;
};

// Row by row into `area`, so that a truncated file leaves what it had.
void decode_into(Bytes bytes, bool alpha, bool fill, const Area& area) {
  const std::unique_ptr<WebPIDecoder, decltype(&WebPIDelete)> decoder(
      WebPINewRGB(alpha ? MODE_RGBA : MODE_RGB, area.data, area.bytes, area.stride), WebPIDelete);
  if (!decoder) fail(VP8_STATUS_OUT_OF_MEMORY, bytes);
  const VP8StatusCode status = WebPIUpdate(decoder.get(), bytes.data(), bytes.size());
  if (status == VP8_STATUS_OK) return;
  const bool truncated = status == VP8_STATUS_SUSPENDED || status == VP8_STATUS_NOT_ENOUGH_DATA;
  if (!(fill && truncated)) fail(status, bytes);
}

void decode_first_frame(Bytes bytes, bool alpha, bool fill, Image& image) {
  const WebPData data{bytes.data(), bytes.size()};
  WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(
      WebPDemuxPartial(&data, &state), WebPDemuxDelete);
  if (!demuxer || state == WEBP_DEMUX_PARSE_ERROR) fail(VP8_STATUS_BITSTREAM_ERROR, bytes);
  if (state != WEBP_DEMUX_DONE && !fill) fail(VP8_STATUS_NOT_ENOUGH_DATA, bytes);
  WebPIterator frame{};
  if (WebPDemuxGetFrame(demuxer.get(), 1, &frame) == 0) {
    if (fill && state != WEBP_DEMUX_DONE) return;
    fail(VP8_STATUS_BITSTREAM_ERROR, bytes);
  }
  const std::unique_ptr<WebPIterator, decltype(&WebPDemuxReleaseIterator)> release(
      &frame, WebPDemuxReleaseIterator);
  const auto x = static_cast<std::size_t>(frame.x_offset);
  const auto y = static_cast<std::size_t>(frame.y_offset);
  const auto width = static_cast<std::size_t>(frame.width);
  const auto height = static_cast<std::size_t>(frame.height);
  if (frame.x_offset < 0 || frame.y_offset < 0 || frame.width <= 0 || frame.height <= 0 ||
      x + width > image.width() || y + height > image.height()) {
    fail(VP8_STATUS_BITSTREAM_ERROR, bytes);
  }
  const std::size_t start = (y * image.width() + x) * image.channels();
  decode_into(Bytes(frame.fragment.bytes, frame.fragment.size), alpha, fill,
              {reinterpret_cast<std::uint8_t*>(image.data()) + start, image.bytes() - start,
               static_cast<int>(image.width() * image.channels())});
}

}  // namespace

Header probe_webp(Bytes bytes, const Limits& limits) {
  const WebPBitstreamFeatures features = features_of(bytes, limits);
  return {.info = {.format = Format::webp,
                   .height = static_cast<std::size_t>(features.height),
                   .width = static_cast<std::size_t>(features.width),
                   .channels = features.has_alpha != 0 ? std::size_t{4} : std::size_t{3},
                   .depth = Depth::u8,
                   .animated = features.has_animation != 0},
          .orientation = webp_orientation(bytes, limits)};
}

Metadata metadata_of_webp(Bytes bytes, const Limits& limits) {
  Metadata metadata;
  for_each_riff_chunk(bytes, [&](std::string_view type, Bytes data) {
    if (data.size() > limits.max_metadata_bytes) return;
    if (type == "EXIF") metadata.exif.assign(data.begin(), data.end());
    if (type == "XMP ") metadata.xmp.assign(data.begin(), data.end());
    if (type == "ICCP") metadata.icc.assign(data.begin(), data.end());
  });
  return metadata;
}

Stored decode_webp(Bytes bytes, const ReadOptions& options) {
  const WebPBitstreamFeatures features = features_of(bytes, options.limits);
  const bool fill = options.on_truncated == OnTruncated::fill;
  if (ends_early(bytes) && !fill) fail(VP8_STATUS_NOT_ENOUGH_DATA, bytes);
  const bool alpha = options.mode == ReadMode::unchanged && features.has_alpha != 0;
  Image image(static_cast<std::size_t>(features.height), static_cast<std::size_t>(features.width),
              alpha ? 4 : 3, Depth::u8);
  if (features.has_animation != 0) {
    decode_first_frame(bytes, alpha, fill, image);
  } else {
    decode_into(bytes, alpha, fill,
                {reinterpret_cast<std::uint8_t*>(image.data()), image.bytes(),
                 static_cast<int>(image.width() * image.channels())});
  }
  return {std::move(image), ColorModel::rgb};
}

}  // namespace colorlab::io
