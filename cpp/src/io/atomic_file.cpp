// Files that appear whole or not at all.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"

namespace colorlab {
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

// A temporary file that is removed unless it is kept.
class Temporary {
 public:
  explicit Temporary(const fs::path& target) : target_(target) {
    static std::atomic<unsigned> counter{0};
    const fs::path folder = target.parent_path();
    do {
      name_ = folder / (".colorlab-" + std::to_string(::getpid()) + "-" +
                        std::to_string(counter.fetch_add(1)) + ".tmp");
      descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) unwritable(target_, errno);
  }
  ~Temporary() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!moved_) ::unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void write(std::span<const std::uint8_t> bytes, const FileAttributes& attributes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) unwritable(target_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    // File systems without permissions or times refuse to set them; the pixels matter more.
    if (attributes.permissions) (void)::fchmod(descriptor_, *attributes.permissions);
    if (attributes.modified_nanoseconds) {
      constexpr std::int64_t kSecond = 1'000'000'000;
      const std::int64_t time = *attributes.modified_nanoseconds;
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

  void replace() {
    if (std::rename(name_.c_str(), target_.c_str()) != 0) unwritable(target_, errno);
    moved_ = true;
  }

  // A link never replaces; where the file system has no links, look first and then rename.
  void appear() {
    if (::link(name_.c_str(), target_.c_str()) == 0) return;
    if (errno == EEXIST) refuse_existing(target_);
    if (errno != EPERM && errno != ENOTSUP && errno != EMLINK && errno != ENOSYS) {
      unwritable(target_, errno);
    }
    if (::access(target_.c_str(), F_OK) == 0) refuse_existing(target_);
    replace();
  }

 private:
  const fs::path& target_;
  fs::path name_;
  int descriptor_ = -1;
  bool moved_ = false;
};

// Makes the new name itself durable; file systems that cannot are left alone.
void sync_folder(const fs::path& target) {
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

void write_file_atomically(const fs::path& path, std::span<const std::uint8_t> bytes,
                           bool overwrite, const FileAttributes& attributes) {
  if (!path.has_filename()) unwritable(path, "names no file");
  if (attributes.permissions && *attributes.permissions > 07777U) {
    throw Error(ErrorCode::invalid_argument, "permissions must be 0..0o7777", path.string());
  }
  const std::optional<mode_t> mode = existing_mode(path, overwrite);
  std::error_code ignored;
  // Through a symbolic link the file it points at is replaced, not the link.
  const fs::path target =
      mode && fs::is_symlink(path, ignored) ? fs::canonical(path, ignored) : path;
  {
    Temporary temporary(target);
    FileAttributes given = attributes;
    if (!given.permissions && mode) given.permissions = *mode;
    temporary.write(bytes, given);
    if (overwrite) {
      temporary.replace();
    } else {
      temporary.appear();
    }
  }
  sync_folder(target);
}

}  // namespace colorlab
