// libFuzzer's entry; COLORLAB_FUZZ_TARGET names one of targets.hpp.
#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  colorlab::fuzz::COLORLAB_FUZZ_TARGET({data, size});
  return 0;
}
