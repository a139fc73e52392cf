// A file that appears whole or not at all, written piece by piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "colorlab/io.hpp"

namespace colorlab::io {

// Writes to a temporary file in the same folder, which vanishes unless `commit` gives it its name.
// Everything throws Error(output_exists | output_unwritable) naming the path.
class AtomicFile {
 public:
  // Refuses at once what could not be written in the end. Permissions that are not given are those
  // of the file replaced.
  AtomicFile(std::filesystem::path path, bool overwrite, FileAttributes attributes = {});
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

  void append(std::span<const std::uint8_t> bytes) { write_at(size_, bytes); }
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  // The file is there, on the disk and under its name. Nothing may be written afterwards.
  void commit();

 private:
  void finish();
  void replace();
  void appear();

  std::filesystem::path path_;    // as it was given: for errors
  std::filesystem::path target_;  // what a symbolic link points at
  std::filesystem::path name_;    // of the temporary file
  bool overwrite_;
  FileAttributes attributes_;
  std::uint64_t size_ = 0;
  int descriptor_ = -1;
  bool moved_ = false;
};

}  // namespace colorlab::io
