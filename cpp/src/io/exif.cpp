#include "io/exif.hpp"

#include <cstddef>
#include <cstring>
#include <optional>

namespace colorlab::io {
namespace {

constexpr std::uint16_t kOrientationTag = 0x0112;
constexpr std::uint16_t kShort = 3;

// Bounded reads of either byte order.
class Reader {
 public:
  Reader(std::span<const std::uint8_t> bytes, bool little) : bytes_(bytes), little_(little) {}

  [[nodiscard]] std::optional<std::uint32_t> unsigned_at(std::size_t offset,
                                                         std::size_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = (value << 8) | bytes_[offset + (little_ ? size - 1 - i : i)];
    }
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool little_;
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> block) {
  if (block.size() >= 6 && std::memcmp(block.data(), "Exif\0", 5) == 0) block = block.subspan(6);
  if (block.size() < 8) return 1;
  const bool little = block[0] == 'I' && block[1] == 'I';
  if (!little && !(block[0] == 'M' && block[1] == 'M')) return 1;
  const Reader reader(block, little);
  if (reader.unsigned_at(2, 2) != 42U) return 1;
  const std::size_t directory = *reader.unsigned_at(4, 4);
  const auto count = reader.unsigned_at(directory, 2);
  for (std::size_t i = 0; count && i < *count; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    const auto tag = reader.unsigned_at(entry, 2);
    if (!tag) return 1;
    if (*tag != kOrientationTag) continue;
    if (reader.unsigned_at(entry + 2, 2) != kShort) return 1;
    const auto value = reader.unsigned_at(entry + 8, 2);
    return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
  }
  return 1;
}

}  // namespace colorlab::io
