// Files that appear whole or not at all.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/io.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;
namespace fs = std::filesystem;
using colorlab::testing::Folder;

const std::vector<std::uint8_t> kOld = {1, 2, 3}, kNew = {4, 5, 6, 7};

template <class Call>
ErrorCode code_of(const Call& call) {
  const Error error = testing::error_of(call);
  CHECK_FALSE(error.path().empty());
  return error.code();
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
  CHECK(refused(folder / std::string(300, 'x')) == ErrorCode::output_unwritable);
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
