// Reading whole files and parts of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "colorlab/limits.hpp"

namespace colorlab::io {

// An open file; closes itself. Throws Error(file_not_found | input_unreadable) naming the path.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool regular() const { return regular_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  // of a regular file

  // Reads up to `count` bytes at `offset` of a regular file; fewer only at its end.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::uint8_t* target, std::size_t count);
  // The same from where the last `read` ended: for pipes.
  [[nodiscard]] std::size_t read(std::uint8_t* target, std::size_t count);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  bool regular_ = false;
  std::uint64_t size_ = 0;
};

// Bytes in memory, or in a regular file, which is read in pieces and never mapped: memory stays
// bounded, and a file that somebody cuts short meanwhile is an error and no signal.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}  // NOLINT: they are one
  ByteSource(InputFile& file) : file_(&file) {}                       // NOLINT: it is one

  [[nodiscard]] bool in_memory() const { return file_ == nullptr; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }  // of memory
  [[nodiscard]] InputFile* file() const { return file_; }
  [[nodiscard]] std::uint64_t size() const { return in_memory() ? bytes_.size() : file_->size(); }
  // Up to `count` bytes; fewer only at the end. Throws as InputFile does.
  std::size_t read_at(std::uint64_t offset, std::uint8_t* target, std::size_t count) const;
  // The first `count` bytes, fewer only at the end: in place, or in `held`.
  [[nodiscard]] std::span<const std::uint8_t> first(std::size_t count,
                                                    std::vector<std::uint8_t>& held) const;

 private:
  std::span<const std::uint8_t> bytes_;
  InputFile* file_ = nullptr;
};

// Bytes offset .. offset + size of a file; Error(truncated_image) when it ends before.
[[nodiscard]] std::vector<std::uint8_t> read_range(const std::filesystem::path& path,
                                                   std::uint64_t offset, std::uint64_t size,
                                                   const Limits& limits);

}  // namespace colorlab::io
