#include "io/photoshop.hpp"

#include <cstring>

namespace colorlab::io {
namespace {

constexpr std::uint8_t kIptcHigh = 0x04, kIptcLow = 0x04;

}  // namespace

std::vector<std::uint8_t> iptc_of_photoshop(Bytes blocks) {
  std::size_t at = 0;
  while (blocks.size() - at >= 12 && std::memcmp(&blocks[at], "8BIM", 4) == 0) {
    const std::size_t name = std::size_t{blocks[at + 6]} + 1;  // its length byte and the text
    const std::size_t size_at = at + 6 + name + (name & 1);    // padded to an even length
    if (size_at + 4 > blocks.size()) break;
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | blocks[size_at + i];
    const std::size_t start = size_at + 4;
    if (size > blocks.size() - start) break;
    if (blocks[at + 4] == kIptcHigh && blocks[at + 5] == kIptcLow) {
      return {blocks.begin() + static_cast<std::ptrdiff_t>(start),
              blocks.begin() + static_cast<std::ptrdiff_t>(start + size)};
    }
    at = start + size + (size & 1);
    if (at > blocks.size()) break;
  }
  return {};
}

std::vector<std::uint8_t> photoshop_of_iptc(Bytes iptc) {
  std::vector<std::uint8_t> block = {'8', 'B', 'I', 'M', kIptcHigh, kIptcLow, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) {
    block.push_back(static_cast<std::uint8_t>(iptc.size() >> shift));
  }
  block.insert(block.end(), iptc.begin(), iptc.end());
  if (iptc.size() % 2 != 0) block.push_back(0);
  return block;
}

}  // namespace colorlab::io
