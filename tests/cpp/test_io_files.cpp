// Files that appear whole or not at all.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"

namespace {

using namespace colorlab;
namespace fs = std::filesystem;

// A folder of its own for each test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "colorlab-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), {}));
  }

 private:
  fs::path path_;
};

const std::vector<std::uint8_t> kOld = {1, 2, 3}, kNew = {4, 5, 6, 7};

template <class Call>
ErrorCode code_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK_FALSE(error.path().empty());
    return error.code();
  }
  FAIL("expected an error");
  return ErrorCode::invalid_argument;
}

}  // namespace

TEST_CASE("a file is written, refused and replaced, and nothing else is left") {
  const Folder folder;
  const fs::path path = folder / "a.bin";
  write_file_atomically(path, kOld, false);
  CHECK(read_file(path, {}) == kOld);
  CHECK(code_of([&] { write_file_atomically(path, kNew, false); }) == ErrorCode::output_exists);
  CHECK(read_file(path, {}) == kOld);
  ::chmod(path.c_str(), 0640);
  write_file_atomically(path, kNew, true);
  CHECK(read_file(path, {}) == kNew);
  CHECK((fs::status(path).permissions() & fs::perms::mask) == fs::perms(0640));
  write_file_atomically(folder / "empty.bin", {}, false);
  CHECK(read_file(folder / "empty.bin", {}).empty());
  CHECK(folder.count() == 2);
}

TEST_CASE("a link's target is replaced, not the link") {
  const Folder folder;
  write_file_atomically(folder / "real", kOld, false);
  fs::create_symlink(folder / "real", folder / "link");
  write_file_atomically(folder / "link", kNew, true);
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read_file(folder / "real", {}) == kNew);
}

TEST_CASE("impossible outputs are named and leave nothing") {
  const Folder folder;
  fs::create_directory(folder / "sub");
  const auto refused = [&](const fs::path& path) {
    return code_of([&] { write_file_atomically(path, kNew, true); });
  };
  CHECK(refused(folder / "sub") == ErrorCode::output_unwritable);
  CHECK(refused(folder / "none/a.bin") == ErrorCode::output_unwritable);
  CHECK(refused(folder / "sub/") == ErrorCode::output_unwritable);
  CHECK(refused("/dev/null") == ErrorCode::output_unwritable);
  CHECK(refused(folder / std::string(300, 'x').c_str()) == ErrorCode::output_unwritable);
  CHECK(folder.count() == 1);
}

TEST_CASE("impossible inputs are named") {
  const Folder folder;
  CHECK(code_of([&] { (void)read_file(folder / "none", {}); }) == ErrorCode::file_not_found);
  CHECK(code_of([&] { (void)read_file(folder / "", {}); }) == ErrorCode::input_unreadable);
  write_file_atomically(folder / "big", kNew, false);
  Limits limits;
  limits.max_file_bytes = 3;
  CHECK(code_of([&] { (void)read_file(folder / "big", limits); }) == ErrorCode::image_too_large);
  CHECK(code_of([&] { (void)read_file("/dev/zero", limits); }) == ErrorCode::image_too_large);
}
