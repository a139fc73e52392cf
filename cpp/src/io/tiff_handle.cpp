#include "io/tiff_handle.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>

namespace colorlab::io {
namespace {

constexpr auto kFailed = static_cast<tmsize_t>(-1);

std::uint64_t moved(std::uint64_t position, std::uint64_t end, toff_t offset, int whence) {
  if (whence == SEEK_CUR) return position + offset;
  return whence == SEEK_END ? end + offset : offset;
}

// Reading

tmsize_t read_source(thandle_t handle, void* target, tmsize_t count) {
  auto& source = *static_cast<TiffSource*>(handle);
  if (count < 0) return kFailed;
  const std::uint64_t there = source.size() - std::min(source.size(), source.position);
  const std::size_t wanted = std::min(static_cast<std::size_t>(count), std::size_t{there});
  std::size_t got = 0;
  try {
    got = source.data.read_at(source.position, static_cast<std::uint8_t*>(target), wanted);
  } catch (...) {
    if (!source.failure) source.failure = std::current_exception();
    return 0;  // at -1 libtiff 4.5 writes in front of its buffer
  }
  source.position += got;
  return static_cast<tmsize_t>(got);
}

tmsize_t refuse_write(thandle_t, void*, tmsize_t) { return kFailed; }

toff_t seek_source(thandle_t handle, toff_t offset, int whence) {
  auto& source = *static_cast<TiffSource*>(handle);
  return source.position = moved(source.position, source.size(), offset, whence);
}

int close_nothing(thandle_t) { return 0; }

toff_t size_of_source(thandle_t handle) { return static_cast<TiffSource*>(handle)->size(); }

int map_source(thandle_t handle, void** base, toff_t* size) {
  auto& source = *static_cast<TiffSource*>(handle);
  const Bytes bytes = source.data.bytes();
  if (bytes.empty() || !source.in_place) return 0;
  *base = const_cast<std::uint8_t*>(bytes.data());
  *size = bytes.size();
  return 1;
}

void unmap_nothing(thandle_t, void*, toff_t) {}

// Writing

tmsize_t refuse_read(thandle_t, void*, tmsize_t) { return kFailed; }

tmsize_t write_sink(thandle_t handle, void* data, tmsize_t count) {
  auto& sink = *static_cast<TiffSink*>(handle);
  if (count < 0) return kFailed;
  try {
    sink.write_at(sink.position,
                  Bytes(static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(count)));
  } catch (...) {
    if (!sink.exception) sink.exception = std::current_exception();
    return kFailed;
  }
  sink.position += static_cast<std::uint64_t>(count);
  return count;
}

toff_t seek_sink(thandle_t handle, toff_t offset, int whence) {
  auto& sink = *static_cast<TiffSink*>(handle);
  return sink.position = moved(sink.position, sink.size(), offset, whence);
}

int map_nothing(thandle_t, void**, toff_t*) { return 0; }

toff_t size_of_sink(thandle_t handle) { return static_cast<TiffSink*>(handle)->size(); }

// Messages

int keep_message(TIFF*, void* target, const char*, const char* format, va_list arguments) {
  auto& message = *static_cast<std::string*>(target);
  if (message.empty()) {
    char text[256] = {};
    std::vsnprintf(text, sizeof(text), format, arguments);
    message = text;
  }
  return 1;  // handled: nothing is printed
}

int drop_message(TIFF*, void*, const char*, const char*, va_list) { return 1; }

using Options = std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)>;

Options options_of(std::string& message) {
  Options options(TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  if (!options) throw Error(ErrorCode::image_too_large, "there is not enough memory for a TIFF");
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_message, &message);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), drop_message, nullptr);
  return options;
}

}  // namespace

Error tiff_error(const TiffSource& source, const std::string& what, std::uint64_t end) {
  if (source.failure) std::rethrow_exception(source.failure);
  const std::string detail = source.message.empty() ? "" : " (libtiff: " + source.message + ")";
  if (end > source.size()) return truncated_error("the TIFF ends early" + detail);
  return corrupt_error(what + detail);
}

TiffHandle open_tiff(TiffSource& source, const Limits& limits) {
  const Options options = options_of(source.message);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  TIFFOpenOptionsSetMaxSingleMemAlloc(
      options.get(), static_cast<tmsize_t>(std::min(limits.max_decoded_bytes, kMost)));
  // "O": the places of strips and tiles are only read when they are needed.
  TiffHandle tiff(
      TIFFClientOpenExt("", "rO", &source, read_source, refuse_write, seek_source, close_nothing,
                        size_of_source, map_source, unmap_nothing, options.get()),
      TIFFClose);
  if (tiff) return tiff;
  // A whole file has its first directory inside.
  std::uint8_t head[16] = {};
  source.position = 0;
  const tmsize_t got = read_source(&source, head, sizeof(head));
  const bool little = head[0] == 'I', big = head[2] == '+' || head[3] == '+';
  std::uint64_t directory = 0;
  for (std::size_t i = 0; i < (big ? 8U : 4U); ++i) {
    const std::size_t start = big ? 8 : 4, last = big ? 7 : 3;
    directory = directory << 8 | head[start + (little ? last - i : i)];
  }
  const std::uint64_t end = got < (big ? 16 : 8) ? source.size() + 1 : directory + 2;
  if (end > source.size() && !source.failure) {
    throw Error(ErrorCode::truncated_image,
                "the TIFF ends before its directory, which tells where the pixels are", {},
                "Fetch the file again");
  }
  throw tiff_error(source, "the TIFF's first directory is corrupt");
}

TiffHandle create_tiff(TiffSink& sink, bool big) {
  const Options options = options_of(sink.message);
  TiffHandle tiff(
      TIFFClientOpenExt("", big ? "w8" : "w", &sink, refuse_read, write_sink, seek_sink,
                        close_nothing, size_of_sink, map_nothing, unmap_nothing, options.get()),
      TIFFClose);
  if (!tiff) throw_tiff(sink);
  return tiff;
}

void throw_tiff(const TiffSink& sink) {
  if (sink.exception) std::rethrow_exception(sink.exception);
  throw Error(ErrorCode::image_too_large, "cannot encode the TIFF (libtiff: " + sink.message + ")");
}

}  // namespace colorlab::io
