#include "io/exif.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace colorlab::io {
namespace {

constexpr std::uint32_t kOrientation = 0x0112, kXResolution = 0x011A, kYResolution = 0x011B,
                        kResolutionUnit = 0x0128;
constexpr std::uint32_t kShort = 3, kRational = 5;

std::span<const std::uint8_t> without_prefix(std::span<const std::uint8_t> block) {
  if (block.size() >= 6 && std::memcmp(block.data(), "Exif\0", 5) == 0) return block.subspan(6);
  return block;
}

// Bounded reads of either byte order.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), little_(bytes.size() >= 2 && bytes[0] == 'I' && bytes[1] == 'I') {}

  [[nodiscard]] std::optional<std::uint32_t> unsigned_at(std::size_t offset,
                                                         std::size_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = (value << 8) | bytes_[offset + (little_ ? size - 1 - i : i)];
    }
    return value;
  }

  [[nodiscard]] bool little() const { return little_; }

  // Where the first directory starts; nothing when the block is no TIFF structure.
  [[nodiscard]] std::optional<std::size_t> first_directory() const {
    if (bytes_.size() < 8 || (!little_ && !(bytes_[0] == 'M' && bytes_[1] == 'M'))) return {};
    if (unsigned_at(2, 2) != 42U) return std::nullopt;
    return *unsigned_at(4, 4);
  }

  // Where the first directory's entry of this tag starts.
  [[nodiscard]] std::optional<std::size_t> entry_of(std::uint32_t wanted) const {
    const auto directory = first_directory();
    const auto count = directory ? unsigned_at(*directory, 2) : std::nullopt;
    for (std::size_t i = 0; count && i < *count; ++i) {
      const std::size_t entry = *directory + 2 + 12 * i;
      const auto tag = unsigned_at(entry, 2);
      if (!tag) break;
      if (*tag == wanted) return entry;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::uint32_t> short_of(std::uint32_t tag) const {
    const auto entry = entry_of(tag);
    if (!entry || unsigned_at(*entry + 2, 2) != kShort) return std::nullopt;
    return unsigned_at(*entry + 8, 2);
  }

  [[nodiscard]] std::optional<double> rational_of(std::uint32_t tag) const {
    const auto entry = entry_of(tag);
    if (!entry || unsigned_at(*entry + 2, 2) != kRational) return std::nullopt;
    const auto at = unsigned_at(*entry + 8, 4);
    const auto numerator = at ? unsigned_at(*at, 4) : std::nullopt;
    const auto denominator = at ? unsigned_at(std::size_t{*at} + 4, 4) : std::nullopt;
    if (!numerator || !denominator || *denominator == 0) return std::nullopt;
    return static_cast<double>(*numerator) / *denominator;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool little_;
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> block) {
  const auto value = Reader(without_prefix(block)).short_of(kOrientation);
  return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
}

std::optional<Resolution> exif_resolution(std::span<const std::uint8_t> block) {
  const Reader reader(without_prefix(block));
  const auto x = reader.rational_of(kXResolution), y = reader.rational_of(kYResolution);
  constexpr std::uint32_t kInch = 2, kCentimetre = 3;
  const auto unit = reader.short_of(kResolutionUnit).value_or(kInch);
  if (!x || !y || *x <= 0 || *y <= 0 || unit < kInch || unit > kCentimetre) return std::nullopt;
  const double per_inch = unit == kCentimetre ? 2.54 : 1.0;
  return Resolution{*x * per_inch, *y * per_inch};
}

std::vector<std::uint8_t> upright_exif(std::span<const std::uint8_t> block) {
  block = without_prefix(block);
  const Reader reader(block);
  const auto directory = reader.first_directory();
  if (!directory || !reader.unsigned_at(*directory, 2)) return {};
  std::vector<std::uint8_t> upright(block.begin(), block.end());
  const auto entry = reader.entry_of(kOrientation);
  if (entry && reader.unsigned_at(*entry + 2, 2) == kShort && reader.unsigned_at(*entry + 8, 2)) {
    upright[*entry + 8] = reader.little() ? 1 : 0;
    upright[*entry + 9] = reader.little() ? 0 : 1;
  }
  // The directory that follows the first is the thumbnail's.
  const std::size_t next = *directory + 2 + 12 * std::size_t{*reader.unsigned_at(*directory, 2)};
  if (reader.unsigned_at(next, 4)) {
    std::fill_n(upright.begin() + static_cast<std::ptrdiff_t>(next), 4, std::uint8_t{0});
  }
  return upright;
}

std::vector<std::uint8_t> with_orientation(std::vector<std::uint8_t> exif, int orientation) {
  const auto value = static_cast<std::uint8_t>(orientation);
  const Reader reader(exif);
  if (const auto entry = reader.entry_of(kOrientation)) {
    if (reader.unsigned_at(*entry + 2, 2) == kShort && reader.unsigned_at(*entry + 8, 2)) {
      exif[*entry + 8] = reader.little() ? value : 0;
      exif[*entry + 9] = reader.little() ? 0 : value;
      return exif;
    }
  }
  return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0};
}

std::vector<std::uint8_t> upright_xmp(std::vector<std::uint8_t> xmp) {
  const std::string_view text(reinterpret_cast<const char*>(xmp.data()), xmp.size());
  for (const std::string_view spelling :
       {"tiff:Orientation=\"", "tiff:Orientation='", "<tiff:Orientation>"}) {
    const std::size_t at = text.find(spelling);
    if (at == std::string_view::npos || at + spelling.size() >= xmp.size()) continue;
    std::uint8_t& digit = xmp[at + spelling.size()];
    if (digit >= '2' && digit <= '8') digit = '1';
  }
  return xmp;
}

}  // namespace colorlab::io
