#include "loader/tar_index.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "colorlab/error.hpp"
#include "io/file.hpp"

namespace colorlab::loader {
namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kMaxExtended = 1U << 20;  // a long name or pax header
using Block = std::array<std::uint8_t, kBlock>;

std::string_view field(const Block& block, std::size_t offset, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(block.data()) + offset, size);
  return raw.substr(0, raw.find('\0'));
}

// Octal text, or GNU's base 256 where the first bit is set.
std::optional<std::uint64_t> number(const Block& block, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  if ((block[offset] & 0x80U) != 0) {
    if (block[offset] != 0x80) return std::nullopt;  // negative, or beyond any file
    for (std::size_t i = 1; i < size; ++i) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | block[offset + i];
    }
    return value;
  }
  std::string_view text = field(block, offset, size);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty()) return 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The header's bytes summed with the checksum field as blanks; old tars summed signed bytes.
bool checksum_fits(const Block& block) {
  std::int64_t plain = 0, with_sign = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const std::uint8_t byte = i >= 148 && i < 156 ? std::uint8_t{' '} : block[i];
    plain += byte;
    with_sign += static_cast<std::int8_t>(byte);
  }
  const auto stored = number(block, 148, 8);
  return stored && (static_cast<std::int64_t>(*stored) == plain ||
                    static_cast<std::int64_t>(*stored) == with_sign);
}

std::string header_name(const Block& block) {
  std::string name(field(block, 0, 100));
  const bool ustar =
      std::memcmp(&block[257], "ustar\0", 6) == 0;  // GNU's magic has no prefix field
  if (const auto prefix = field(block, 345, 155); ustar && !prefix.empty()) {
    name = std::string(prefix) + '/' + name;
  }
  return name;
}

// What extended headers say about the member that follows them.
struct Extended {
  std::optional<std::string> name;
  std::optional<std::uint64_t> size;
};

class TarWalk {
 public:
  explicit TarWalk(const std::filesystem::path& path) : file_(path) {}

  std::vector<PhotoItem> items() {
    std::vector<PhotoItem> found;
    Block block{};
    while (next_header(block)) {
      const std::uint64_t start = at_;
      const char type = static_cast<char>(block[156]);
      const std::uint64_t size = member_size(block, type);
      if (size > file_.size() - (start + kBlock)) broken("the member's data end early");
      at_ = start + kBlock;
      switch (type) {
        case 'L':
          extended_.name = std::string(text(size).c_str());  // ends at its first zero byte
          break;
        case 'x':
          read_pax(text(size));
          break;
        case 'K':
        case 'g':
          break;
        case 'S':
          broken("sparse members are not supported");
        default:
          add(found, block, type, size);
          extended_ = {};
      }
      // The last member's padding may be missing.
      at_ = std::min(file_.size(), start + kBlock + (size + kBlock - 1) / kBlock * kBlock);
    }
    return found;
  }

 private:
  [[noreturn]] void broken(const std::string& reason) const {
    throw Error(ErrorCode::corrupt_image,
                "the tar archive is broken at byte " + std::to_string(at_) + ": " + reason,
                file_.path().string(), "Make or fetch the archive again, without compression");
  }

  // False at the end: a block of zeros, or the end of the file between members.
  bool next_header(Block& block) {
    if (at_ == file_.size() && at_ != 0) return false;
    if (file_.read_at(at_, block.data(), kBlock) < kBlock) broken("a header ends early");
    if (std::all_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte == 0; })) {
      return false;
    }
    if (!checksum_fits(block)) broken("the header's checksum is wrong");
    return true;
  }

  std::uint64_t member_size(const Block& block, char type) const {
    const bool extension = type == 'L' || type == 'K' || type == 'x' || type == 'g';
    const auto stored = number(block, 124, 12);
    if (!stored) broken("the member's size is unreadable");
    if (type >= '1' && type <= '6') return 0;  // links, devices and folders have no data
    if (extension && *stored > kMaxExtended) broken("an extended header is too long");
    return extension ? *stored : extended_.size.value_or(*stored);
  }

  std::string text(std::uint64_t size) {
    std::string data(size, '\0');
    if (file_.read_at(at_, reinterpret_cast<std::uint8_t*>(data.data()), size) < size) {
      broken("an extended header ends early");
    }
    return data;
  }

  // Records "<length> <key>=<value>\n".
  void read_pax(std::string_view records) {
    while (!records.empty() && records.front() != '\0') {
      std::size_t length = 0;
      const auto [end, error] =
          std::from_chars(records.data(), records.data() + records.size(), length);
      const auto digits = static_cast<std::size_t>(end - records.data());
      if (error != std::errc{} || length < digits + 3 || length > records.size() ||
          records[digits] != ' ' || records[length - 1] != '\n') {
        broken("a pax header is unreadable");
      }
      const std::string_view pair = records.substr(digits + 1, length - digits - 2);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) broken("a pax header is unreadable");
      set(pair.substr(0, equals), pair.substr(equals + 1));
      records.remove_prefix(length);
    }
  }

  void set(std::string_view key, std::string_view value) {
    if (key == "path") extended_.name = std::string(value);
    if (key.starts_with("GNU.sparse.")) broken("sparse members are not supported");
    if (key != "size") return;
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc{} || end != value.data() + value.size()) {
      broken("a pax header's size is unreadable");
    }
    extended_.size = size;
  }

  void add(std::vector<PhotoItem>& found, const Block& block, char type, std::uint64_t size) const {
    if (type != '0' && type != '\0' && type != '7') return;
    std::string name = extended_.name.value_or(header_name(block));
    if (name.empty() || name.back() == '/') return;  // an old tar's folder
    found.push_back({file_.path().string(), std::move(name), at_, size});
  }

  io::InputFile file_;
  std::uint64_t at_ = 0;  // of the header or data being read
  Extended extended_;
};

}  // namespace

std::vector<PhotoItem> index_tar(const std::filesystem::path& path) {
  return TarWalk(path).items();
}

}  // namespace colorlab::loader
