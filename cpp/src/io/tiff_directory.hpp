// TIFF's directories as data: read from any file within bounds, and built anew. EXIF is made of
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "io/codec.hpp"
#include "io/file.hpp"

namespace colorlab::io {

// Bytes of one value of a TIFF type; 0 for a type that is not known.
inline std::size_t tiff_type_size(std::uint16_t type) {
  constexpr std::size_t kSizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < std::size(kSizes) ? kSizes[type] : 0;
}

inline constexpr std::uint16_t kExifDirectory = 0x8769, kGpsDirectory = 0x8825, kMakerNote = 0x927C,
                               kInteroperability = 0xA005;

// Makers' notes hold offsets into the old file.
inline bool is_carried(std::uint16_t tag) { return tag != kMakerNote && tag != kInteroperability; }

// One value, its bytes in the file's order.
struct TiffEntry {
  std::uint16_t tag = 0, type = 0;
  std::uint32_t count = 0;
  std::vector<std::uint8_t> value;
};

// Bounded reading of classic and BigTIFF directories.
class TiffWalker {
 public:
  TiffWalker(ByteSource source, std::size_t most) : source_(source), left_(most) {
    std::uint8_t head[4] = {};
    (void)source_.read_at(0, head, sizeof(head));
    little_ = head[0] == 'I';
    big_ = head[little_ ? 2 : 3] == '+';
  }

  [[nodiscard]] bool little() const { return little_; }
  [[nodiscard]] std::uint64_t first() const { return big_ ? at(8, 8) : at(4, 4); }

  // The directory's entries whose tags are wanted; broken ones are left out.
  [[nodiscard]] std::vector<TiffEntry> directory(std::uint64_t start,
                                                 bool (*wanted)(std::uint16_t)) {
    std::vector<TiffEntry> entries;
    const std::size_t count_size = big_ ? 8 : 2, entry_size = big_ ? 20 : 12;
    const std::uint64_t count = std::min(at(start, count_size), kMostEntries);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t entry = start + count_size + i * entry_size;
      if (!inside(entry, entry_size)) break;
      const auto tag = static_cast<std::uint16_t>(at(entry, 2));
      if (!wanted(tag)) continue;
      const auto type = static_cast<std::uint16_t>(at(entry + 2, 2));
      const std::uint64_t values = at(entry + 4, big_ ? 8 : 4), each = tiff_type_size(type);
      const std::size_t room = big_ ? 8 : 4;
      const std::uint64_t field = entry + (big_ ? 12 : 8);
      if (each == 0 || values == 0 || values > left_ / each) continue;
      const std::uint64_t size = values * each, place = size <= room ? field : at(field, room);
      if (!inside(place, size)) continue;
      left_ -= size;
      TiffEntry& found = entries.emplace_back();
      found = {tag, type, static_cast<std::uint32_t>(values), std::vector<std::uint8_t>(size)};
      (void)source_.read_at(place, found.value.data(), size);
    }
    return entries;
  }

  [[nodiscard]] std::uint64_t number(const TiffEntry& entry) const {
    std::uint64_t value = 0;
    const std::size_t size = std::min<std::size_t>(8, entry.value.size());
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | entry.value[little_ ? size - 1 - i : i];
    }
    return value;
  }

 private:
  static constexpr std::uint64_t kMostEntries = 4096;

  [[nodiscard]] bool inside(std::uint64_t offset, std::uint64_t size) const {
    return offset <= source_.size() && source_.size() - offset >= size;
  }
  // 0 outside of the file.
  [[nodiscard]] std::uint64_t at(std::uint64_t offset, std::size_t size) const {
    std::uint64_t value = 0;
    std::uint8_t bytes[8] = {};
    if (!inside(offset, size) || source_.read_at(offset, bytes, size) != size) return 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | bytes[little_ ? size - 1 - i : i];
    }
    return value;
  }

  ByteSource source_;
  bool little_ = true, big_ = false;
  std::size_t left_;  // bytes that values may still take
};

// Directories to be placed at `base` of a TIFF of this byte order and kind.
class TiffBuilder {
 public:
  TiffBuilder(std::uint64_t base, bool little, bool big)
      : base_(base), little_(little), big_(big) {}

  // Adds a directory; gives its offset in the file. `links` are the offsets of others, by tag.
  std::uint64_t add(std::vector<TiffEntry> entries,
                    const std::map<std::uint16_t, std::uint64_t>& links = {}) {
    const std::size_t room = big_ ? 8 : 4;
    for (const auto& [tag, offset] : links) {
      std::vector<std::uint8_t> value;
      put(value, offset, room);
      entries.push_back({tag, static_cast<std::uint16_t>(big_ ? 18 : 4), 1, std::move(value)});
    }
    std::sort(entries.begin(), entries.end(),
              [](const TiffEntry& a, const TiffEntry& b) { return a.tag < b.tag; });
    if (bytes_.size() % 2 != 0) bytes_.push_back(0);
    const std::uint64_t start = base_ + bytes_.size();
    std::uint64_t data = start + (big_ ? 8 : 2) + (big_ ? 20 : 12) * entries.size() + room;
    put(bytes_, entries.size(), big_ ? 8 : 2);
    std::vector<std::uint8_t> values;
    for (const TiffEntry& entry : entries) {
      put(bytes_, entry.tag, 2);
      put(bytes_, entry.type, 2);
      put(bytes_, entry.count, room);
      if (entry.value.size() <= room) {
        bytes_.insert(bytes_.end(), entry.value.begin(), entry.value.end());
        bytes_.insert(bytes_.end(), room - entry.value.size(), 0);
      } else {
        put(bytes_, data + values.size(), room);
        values.insert(values.end(), entry.value.begin(), entry.value.end());
        if (values.size() % 2 != 0) values.push_back(0);
      }
    }
    put(bytes_, 0, room);
    bytes_.insert(bytes_.end(), values.begin(), values.end());
    return start;
  }

  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  // A classic structure of its own, whose directories were built for offset 8.
  [[nodiscard]] std::vector<std::uint8_t> with_header(std::uint64_t first) const {
    const auto order = static_cast<std::uint8_t>(little_ ? 'I' : 'M');
    std::vector<std::uint8_t> all = {order, order};
    put(all, 42, 2);
    put(all, first, 4);
    all.insert(all.end(), bytes_.begin(), bytes_.end());
    return all;
  }

 private:
  void put(std::vector<std::uint8_t>& out, std::uint64_t value, std::size_t size) const {
    for (std::size_t i = 0; i < size; ++i) {
      out.push_back(static_cast<std::uint8_t>(value >> 8 * (little_ ? i : size - 1 - i)));
    }
  }

  std::uint64_t base_;
  bool little_, big_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace colorlab::io
