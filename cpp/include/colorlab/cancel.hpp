// Stopping long work on request: asked for by anyone, noticed within a row of pixels.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "colorlab/error.hpp"

namespace colorlab {

class CancelToken {
 public:
  CancelToken() = default;
  // `asked` is called by check(), on the thread that made this token and no more often than every
  // 20 ms; true cancels. For sources that can only be asked, such as an interpreter's signals.
  explicit CancelToken(std::function<bool()> asked) : asked_(std::move(asked)) {}
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool cancelled() const noexcept {
    return cancelled_.load(std::memory_order_relaxed);
  }

  // Throws Error(cancelled) once the work is to stop. For workers, every few thousand pixels.
  void check() {
    if (asked_ && std::this_thread::get_id() == owner_) ask();
    if (cancelled()) throw Error(ErrorCode::cancelled, "the work was cancelled");
  }

 private:
  void ask() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(20);
    if (asked_()) cancel();
  }

  std::atomic<bool> cancelled_{false};
  std::function<bool()> asked_;
  std::thread::id owner_ = std::this_thread::get_id();
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now();
};

}  // namespace colorlab
