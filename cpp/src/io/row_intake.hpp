// What writers of rows have in common: the rows that they take, and that they end once.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "colorlab/error.hpp"
#include "colorlab/rows.hpp"
#include "io/stays_broken.hpp"

namespace colorlab::io {

class RowIntake {
 public:
  // Errors name `path` and call the rows `rows`, such as "rows of chroma".
  RowIntake(const RowShape& shape, std::string path, std::string rows = "rows")
      : shape_(shape), path_(std::move(path)), name_(std::move(rows)) {}

  [[nodiscard]] const RowShape& shape() const { return shape_; }

  // Calls encode() for the next rows. Throws Error(shape) when they do not fit or are too many.
  template <class Encode>
  void take(const Image& band, const Encode& encode) {
    check_open();
    if (band.width() != shape_.width || band.channels() != shape_.channels ||
        band.depth() != shape_.depth || band.height() > shape_.height - rows_) {
      throw Error(ErrorCode::shape, "these " + name_ + " do not fit into the image that is written",
                  path_);
    }
    work_.run(encode);
    rows_ += band.height();
  }

  // Calls end() after the last row. Throws Error(shape) when rows are missing.
  template <class End>
  void finish(const End& end) {
    check_open();
    work_.run([] {});  // an error before matters more than missing rows
    if (rows_ != shape_.height) {
      throw Error(ErrorCode::shape,
                  "only " + std::to_string(rows_) + " of " + std::to_string(shape_.height) + " " +
                      name_ + " were written",
                  path_);
    }
    work_.run(end);
    finished_ = true;
  }

 private:
  void check_open() const {
    if (finished_) throw Error(ErrorCode::invalid_argument, "this file is finished", path_);
  }

  RowShape shape_;
  std::string path_, name_;
  std::size_t rows_ = 0;  // taken
  bool finished_ = false;
  StaysBroken work_;
};

}  // namespace colorlab::io
