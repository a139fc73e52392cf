// Reading whole files and parts of them.
#pragma once

#include <cstdint>
#include <filesystem>
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

// Bytes offset .. offset + size of a file; Error(truncated_image) when it ends before.
[[nodiscard]] std::vector<std::uint8_t> read_range(const std::filesystem::path& path,
                                                   std::uint64_t offset, std::uint64_t size,
                                                   const Limits& limits);

}  // namespace colorlab::io
