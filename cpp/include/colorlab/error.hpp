// The one exception the core throws; cpp/bindings/errors.cpp maps each code to a Python class.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace colorlab {

enum class ErrorCode {
  unsupported_format,
  corrupt_image,
  truncated_image,
  image_too_large,
  shape,
  dtype,
  file_not_found,
  input_unreadable,
  output_exists,
  output_unwritable,
  cancelled,
  invalid_argument,
};

// The code's name, as Python sees it: "corrupt_image".
[[nodiscard]] constexpr const char* code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::unsupported_format:
      return "unsupported_format";
    case ErrorCode::corrupt_image:
      return "corrupt_image";
    case ErrorCode::truncated_image:
      return "truncated_image";
    case ErrorCode::image_too_large:
      return "image_too_large";
    case ErrorCode::shape:
      return "shape";
    case ErrorCode::dtype:
      return "dtype";
    case ErrorCode::file_not_found:
      return "file_not_found";
    case ErrorCode::input_unreadable:
      return "input_unreadable";
    case ErrorCode::output_exists:
      return "output_exists";
    case ErrorCode::output_unwritable:
      return "output_unwritable";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
  }
  return "unknown";
}

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string path = {}, std::string hint = {})
      : std::runtime_error(message), code_(code), path_(std::move(path)), hint_(std::move(hint)) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  // The file concerned; empty when the image came from memory.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // One sentence on what the person can do; may be empty.
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

  // The same error, naming a file; keeps a path that is already there.
  [[nodiscard]] Error with_path(const std::string& path) const {
    return {code_, what(), path_.empty() ? path : path_, hint_};
  }

 private:
  ErrorCode code_;
  std::string path_;
  std::string hint_;
};

}  // namespace colorlab
