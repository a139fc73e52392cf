// Work that an error leaves half done.
#pragma once

#include <exception>

namespace colorlab::io {

// It cannot go on from there, and says so each time: rows would be missing, or be there twice.
class StaysBroken {
 public:
  // Runs `work`, or throws again what ended it before.
  template <class Work>
  auto run(const Work& work) {
    if (failure_) std::rethrow_exception(failure_);
    try {
      return work();
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }

 private:
  std::exception_ptr failure_;
};

}  // namespace colorlab::io
