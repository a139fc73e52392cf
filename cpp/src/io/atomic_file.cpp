#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "colorlab/error.hpp"

namespace colorlab {
namespace io {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void unwritable(const fs::path& path, const std::string& reason) {
  throw Error(ErrorCode::output_unwritable, reason, path.string());
}

[[noreturn]] void unwritable(const fs::path& path, int code) {
  if (code == ENOENT || code == ENOTDIR) {
    throw Error(ErrorCode::output_unwritable, "its folder does not exist", path.string(),
                "Create the folder first");
  }
  unwritable(path, "cannot be written: " + std::generic_category().message(code));
}

[[noreturn]] void refuse_existing(const fs::path& path) {
  throw Error(ErrorCode::output_exists, "there is a file of this name already", path.string(),
              "Allow overwriting or choose another name");
}

// The permissions of the file to be replaced; nothing when there is none.
std::optional<mode_t> existing_mode(const fs::path& path, bool overwrite) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) unwritable(path, errno);
    return std::nullopt;
  }
  if (S_ISDIR(status.st_mode)) unwritable(path, "is a folder");
  if (!overwrite) refuse_existing(path);
  if (!S_ISREG(status.st_mode)) unwritable(path, "is no regular file");
  return status.st_mode & 07777U;
}

// Makes the new name itself durable; file systems that cannot are left alone.
void sync_folder(const fs::path& target) {
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(fs::path path, bool overwrite, FileAttributes attributes)
    : path_(std::move(path)), target_(path_), overwrite_(overwrite), attributes_(attributes) {
  if (!path_.has_filename()) unwritable(path_, "names no file");
  if (attributes_.permissions && *attributes_.permissions > 07777U) {
    throw Error(ErrorCode::invalid_argument, "permissions must be 0..0o7777", path_.string());
  }
  const std::optional<mode_t> mode = existing_mode(path_, overwrite);
  std::error_code ignored;
  // Through a symbolic link the file it points at is replaced, not the link.
  if (mode && fs::is_symlink(path_, ignored)) target_ = fs::canonical(path_, ignored);
  if (!attributes_.permissions && mode) attributes_.permissions = *mode;
  static std::atomic<unsigned> counter{0};
  const fs::path folder = target_.parent_path();
  do {
    name_ = folder / (".colorlab-" + std::to_string(::getpid()) + "-" +
                      std::to_string(counter.fetch_add(1)) + ".tmp");
    descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) unwritable(target_, errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!moved_) ::unlink(name_.c_str());
}

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) unwritable(target_, errno);
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ = std::max(size_, offset);
  }
}

void AtomicFile::commit() {
  finish();
  if (overwrite_) {
    replace();
  } else {
    appear();
  }
  sync_folder(target_);
}

void AtomicFile::finish() {
  // File systems without permissions or times refuse to set them; the pixels matter more.
  if (attributes_.permissions) (void)::fchmod(descriptor_, *attributes_.permissions);
  if (attributes_.modified_nanoseconds) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t time = *attributes_.modified_nanoseconds;
    const std::int64_t rest = (time % kSecond + kSecond) % kSecond;
    const timespec moment{static_cast<time_t>((time - rest) / kSecond), static_cast<long>(rest)};
    const timespec times[2] = {moment, moment};  // of access and of modification
    (void)::futimens(descriptor_, times);
  }
  if (::fsync(descriptor_) != 0) unwritable(target_, errno);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) unwritable(target_, errno);
}

void AtomicFile::replace() {
  if (std::rename(name_.c_str(), target_.c_str()) != 0) unwritable(target_, errno);
  moved_ = true;
}

// A link never replaces; where the file system has no links, look first and then rename.
void AtomicFile::appear() {
  if (::link(name_.c_str(), target_.c_str()) == 0) return;
  if (errno == EEXIST) refuse_existing(target_);
  if (errno != EPERM && errno != ENOTSUP && errno != EMLINK && errno != ENOSYS) {
    unwritable(target_, errno);
  }
  if (::access(target_.c_str(), F_OK) == 0) refuse_existing(target_);
  replace();
}

}  // namespace io

void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
                           bool overwrite, const FileAttributes& attributes) {
  io::AtomicFile file(path, overwrite, attributes);
  file.append(bytes);
  file.commit();
}

}  // namespace colorlab
