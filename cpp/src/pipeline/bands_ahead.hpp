// Reading and writing bands beside the work on them: a thread each, one band ahead and one behind.
#pragma once

#include <chrono>
#include <cstddef>
#include <future>
#include <utility>

#include "colorlab/cancel.hpp"
#include "colorlab/error.hpp"
#include "colorlab/rows.hpp"

namespace colorlab::pipeline {

// Waits for another thread's result without going deaf to cancellation; the other thread has the
// same token, so that it ends soon as well.
template <class T>
T await(std::future<T>& result, CancelToken* cancel) {
  while (result.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
    if (cancel != nullptr) cancel->check();
  }
  return result.get();
}

// Throws Error(shape) unless `band` is what a source of this shape may give after `rows` rows.
inline void check_band(const RowShape& shape, std::size_t rows, const Image& band) {
  const bool fits = band.width() == shape.width && band.channels() == shape.channels &&
                    band.depth() == shape.depth && band.height() <= shape.height - rows;
  if (band.height() == 0 ? rows == shape.height : fits) return;
  throw Error(ErrorCode::shape, "the photo's rows are not those that it said it has");
}

// All bands of a photo from its first row: of its shape, and exactly as many rows as it has.
// Nothing else may use the photo while this lives.
class BandsAhead {
 public:
  BandsAhead(RowSource& photo, CancelToken* cancel)
      : photo_(photo), cancel_(cancel), shape_(photo.shape()) {
    photo_.rewind();
    start();
  }
  // An image without rows at the end.
  Image next() {
    Image band = await(coming_, cancel_);
    check_band(shape_, rows_, band);
    rows_ += band.height();
    if (band.height() > 0) start();
    return band;
  }

 private:
  void start() {
    coming_ = std::async(std::launch::async, [this] { return photo_.next(cancel_); });
  }
  RowSource& photo_;
  CancelToken* cancel_;
  RowShape shape_;
  std::size_t rows_ = 0;       // given
  std::future<Image> coming_;  // its end waits for the thread
};

// Writes bands in the order in which they are given.
class BandsBehind {
 public:
  BandsBehind(RowSink& sink, CancelToken* cancel) : sink_(sink), cancel_(cancel) {}
  void write(Image band) {
    wait();
    leaving_ = std::async(std::launch::async,
                          [this, held = std::move(band)] { sink_.write(held, cancel_); });
  }
  // All that was given is written; throws what went wrong.
  void wait() {
    if (leaving_.valid()) await(leaving_, cancel_);
  }

 private:
  RowSink& sink_;
  CancelToken* cancel_;
  std::future<void> leaving_;
};

}  // namespace colorlab::pipeline
