// What several tests need: a folder, the error of a call, every SIMD target in turn.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "colorlab/cpu.hpp"
#include "colorlab/error.hpp"

namespace colorlab::testing {

// A folder of its own, which is gone afterwards.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "colorlab-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

// The error that `call` must end in.
template <class Call>
Error error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("expected an error");
  throw std::logic_error("FAIL returned");
}

template <class Call>
ErrorCode code_of(const Call& call) {
  return error_of(call).code();
}

// Runs `test` on each target; the best one is in use again afterwards.
template <class Test>
void on_each_target(const Test& test) {
  const struct Best {
    ~Best() { force_target(""); }
  } best;
  for (const std::string& name : cpu_targets()) {
    CAPTURE(name);
    force_target(name);
    REQUIRE(active_target() == name);
    test();
  }
}

}  // namespace colorlab::testing
