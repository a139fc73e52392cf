#include "io/sniff.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace colorlab::io {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kJpeg = "\xFF\xD8\xFF"sv;
constexpr std::string_view kPng = "\x89PNG\r\n\x1A\n"sv;
constexpr std::string_view kRiff = "RIFF"sv;
constexpr std::string_view kWebp = "WEBP"sv;
constexpr std::string_view kBmp = "BM"sv;
constexpr std::array kTiff = {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv};  // + is BigTIFF
constexpr std::size_t kBmpStart = 18;  // up to the size of its second header, which tells its kind

struct Signature {
  std::size_t offset;
  std::string_view magic;
  const char* description;
};

constexpr std::array kKnown = {
    Signature{0, "GIF87a"sv, "a GIF image"},
    Signature{0, "GIF89a"sv, "a GIF image"},
    Signature{0, "\0\0\1\0"sv, "a Windows icon"},
    Signature{0, "8BPS"sv, "a Photoshop document"},
    Signature{0, "\0\0\0\x0CJXL "sv, "a JPEG XL image"},
    Signature{0, "\xFF\x0A"sv, "a JPEG XL image"},
    Signature{0, "\0\0\0\x0CjP  "sv, "a JPEG 2000 image"},
    Signature{0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000 image"},
    Signature{4, "ftypavif"sv, "an AVIF image"},
    Signature{4, "ftyphei"sv, "a HEIF image"},
    Signature{4, "ftypmif1"sv, "a HEIF image"},
    Signature{4, "ftyp"sv, "a video or ISO media file"},
    Signature{0, "%PDF"sv, "a PDF document"},
    Signature{0, "%!PS"sv, "a PostScript document"},
    Signature{0, "PK\3\4"sv, "a ZIP archive"},
    Signature{0, "\x1F\x8B"sv, "a gzip archive"},
    Signature{0, "\xFD\x37zXZ\0"sv, "an xz archive"},
    Signature{0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive"},
    Signature{0, "Rar!"sv, "a RAR archive"},
    Signature{257, "ustar"sv, "a tar archive"},
    Signature{0,
              "\x7F"
              "ELF"sv,
              "a program"},
    Signature{0, "\x93NUMPY"sv, "a NumPy array"},
    Signature{0, "\x89HDF"sv, "an HDF5 file"},
    Signature{0, "qoif"sv, "a QOI image"},
    Signature{0, "SQLite format 3"sv, "an SQLite database"},
};

std::string_view text_of(Bytes bytes, std::size_t limit) {
  return {reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), limit)};
}

bool has(std::string_view text, std::size_t offset, std::string_view magic) {
  return text.size() >= offset + magic.size() && text.substr(offset, magic.size()) == magic;
}

// Printable ASCII or UTF-8-like bytes, with the usual white space.
bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= 0x20 && byte != 0x7F) || c == '\n' || c == '\r' || c == '\t';
  });
}

std::string lower_start(std::string_view text) {
  if (has(text, 0, "\xEF\xBB\xBF"sv)) text.remove_prefix(3);
  const auto start = std::find_if(text.begin(), text.end(), [](char c) {
    return std::isspace(static_cast<unsigned char>(c)) == 0;
  });
  std::string lower(start, text.end());
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return lower;
}

const char* describe_text(std::string_view text) {
  const std::string start = lower_start(text);
  if (start.starts_with("<!doctype html") || start.starts_with("<html")) {
    return "an HTML page (perhaps a download that failed)";
  }
  if (start.starts_with("<svg")) return "an SVG drawing";
  if (start.starts_with("<?xml")) {
    return start.find("<svg") != std::string::npos ? "an SVG drawing" : "an XML document";
  }
  if (start.starts_with("version https://git-lfs")) {
    return "a Git LFS pointer, not the file it stands for";
  }
  if (start.starts_with("{") || start.starts_with("[")) return "JSON or other text";
  return "text";
}

bool is_tiff(std::string_view text) {
  return std::any_of(kTiff.begin(), kTiff.end(),
                     [text](std::string_view magic) { return has(text, 0, magic); });
}

// "BM" alone starts many a text: the second header's size must be one of the known.
bool is_bmp(std::string_view text) {
  if (text.size() < kBmpStart || !has(text, 0, kBmp)) return false;
  const auto size = static_cast<unsigned char>(text[14]);
  return text.substr(15, 3) == "\0\0\0"sv && (size == 12 || (size >= 16 && size <= 124));
}

}  // namespace

std::optional<Format> sniff(Bytes bytes) {
  const std::string_view text = text_of(bytes, kBmpStart);
  if (has(text, 0, kJpeg)) return Format::jpeg;
  if (has(text, 0, kPng)) return Format::png;
  if (has(text, 0, kRiff) && has(text, 8, kWebp)) return Format::webp;
  if (is_tiff(text)) return Format::tiff;
  if (is_bmp(text)) return Format::bmp;
  return std::nullopt;
}

bool ends_in_signature(Bytes bytes) {
  const std::string_view text = text_of(bytes, kBmpStart);
  const auto inside = [text](std::string_view magic) {
    return text.size() >= 2 && text.size() < magic.size() && magic.starts_with(text);
  };
  if (inside(kJpeg) || inside(kPng) || inside(kRiff)) return true;
  if (std::any_of(kTiff.begin(), kTiff.end(), inside)) return true;
  if (has(text, 0, kBmp) && bytes.size() < kBmpStart && !is_text(text)) return true;
  if (!has(text, 0, kRiff) || text.size() >= 12) return false;
  return text.size() <= 8 || kWebp.starts_with(text.substr(8));
}

std::string describe_unknown(Bytes bytes) {
  if (bytes.empty()) return "an empty file";
  const std::string_view text = text_of(bytes, 1024);
  if (has(text, 0, kRiff) && text.size() >= 12) return "a RIFF file (audio or video)";
  for (const Signature& known : kKnown) {
    if (has(text, known.offset, known.magic)) return known.description;
  }
  if (is_text(text)) return describe_text(text);
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == 0; })) {
    return "a file of zero bytes (perhaps a disk or a download that failed)";
  }
  return "unknown binary data";
}

}  // namespace colorlab::io
