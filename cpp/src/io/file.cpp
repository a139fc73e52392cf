#include "io/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"

namespace colorlab {
namespace io {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int code) {
  const std::string reason = std::generic_category().message(code);
  if (code == ENOENT || code == ENOTDIR) {
    throw Error(ErrorCode::file_not_found, "there is no such file", path.string());
  }
  throw Error(ErrorCode::input_unreadable, "cannot be read: " + reason, path.string());
}

[[noreturn]] void too_large(const std::filesystem::path& path, const Limits& limits) {
  throw Error(
      ErrorCode::image_too_large,
      "the file is over the limit max_file_bytes = " + std::to_string(limits.max_file_bytes),
      path.string(), "Raise max_file_bytes in limits if you trust the file");
}

// Bytes as a vector; not having the memory is a limit too.
std::vector<std::uint8_t> allocate(std::uint64_t size, const std::filesystem::path& path) {
  try {
    return std::vector<std::uint8_t>(size);
  } catch (const std::exception&) {
    throw Error(ErrorCode::image_too_large, "there is not enough memory for the file",
                path.string());
  }
}

}  // namespace

InputFile::InputFile(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail(path_, errno);
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int code = S_ISDIR(status.st_mode) ? EISDIR : errno;
    ::close(descriptor_);
    fail(path_, code);
  }
  regular_ = S_ISREG(status.st_mode);
  size_ = regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
}

InputFile::~InputFile() { ::close(descriptor_); }

std::size_t InputFile::read_at(std::uint64_t offset, std::uint8_t* target, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(descriptor_, target + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::size_t InputFile::read(std::uint8_t* target, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(descriptor_, target + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::size_t ByteSource::read_at(std::uint64_t offset, std::uint8_t* target,
                                std::size_t count) const {
  if (!in_memory()) return file_->read_at(offset, target, count);
  if (offset >= bytes_.size()) return 0;
  const std::size_t there = std::min<std::size_t>(count, bytes_.size() - offset);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), there, target);
  return there;
}

std::span<const std::uint8_t> ByteSource::first(std::size_t count,
                                                std::vector<std::uint8_t>& held) const {
  if (in_memory()) return bytes_.first(std::min(count, bytes_.size()));
  held.resize(std::min<std::uint64_t>(count, size()));
  held.resize(read_at(0, held.data(), held.size()));
  return held;
}

std::vector<std::uint8_t> read_range(const std::filesystem::path& path, std::uint64_t offset,
                                     std::uint64_t size, const Limits& limits) {
  if (size > limits.max_file_bytes) too_large(path, limits);
  InputFile file(path);
  if (offset > file.size() || file.size() - offset < size) {
    throw Error(ErrorCode::truncated_image,
                "the file ends before byte " + std::to_string(offset + size), path.string());
  }
  std::vector<std::uint8_t> bytes = allocate(size, path);
  bytes.resize(file.read_at(offset, bytes.data(), bytes.size()));
  return bytes;
}

namespace {

// A pipe or device: its size shows only at its end.
std::vector<std::uint8_t> read_stream(InputFile& file, const Limits& limits) {
  constexpr std::size_t kStep = 1U << 16;
  std::vector<std::uint8_t> bytes;
  while (true) {
    const std::size_t had = bytes.size();
    if (had > limits.max_file_bytes) too_large(file.path(), limits);
    bytes.resize(had + kStep);
    bytes.resize(had + file.read(bytes.data() + had, kStep));
    if (bytes.size() < had + kStep) return bytes;
  }
}

}  // namespace
}  // namespace io

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, const Limits& limits) {
  io::InputFile file(path);
  if (!file.regular()) return io::read_stream(file, limits);
  if (file.size() > limits.max_file_bytes) io::too_large(path, limits);
  std::vector<std::uint8_t> bytes = io::allocate(file.size(), path);
  bytes.resize(file.read_at(0, bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace colorlab
