#include "colorlab/parallel.hpp"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

namespace colorlab {
namespace {

constexpr std::size_t kPixelsPerThread = std::size_t{1} << 18;

// The cores this process may run on, which a container or taskset may have narrowed.
int available_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

int threads_for(std::size_t pixels, int requested) {
  const std::size_t useful = std::max<std::size_t>(1, pixels / kPixelsPerThread);
  const int wanted = requested > 0 ? requested : available_cores();
  return static_cast<int>(std::min(useful, static_cast<std::size_t>(wanted)));
}

void parallel_rows(std::size_t rows, int threads,
                   const std::function<void(std::size_t, std::size_t)>& body) {
  const auto parts = std::min<std::size_t>(rows, static_cast<std::size_t>(std::max(1, threads)));
  if (parts <= 1) {
    if (rows > 0) body(0, rows);
    return;
  }
  const auto bound = [rows, parts](std::size_t part) { return rows * part / parts; };
  std::vector<std::exception_ptr> errors(parts);
  const auto run = [&](std::size_t part) {
    try {
      body(bound(part), bound(part + 1));
    } catch (...) {
      errors[part] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    workers.reserve(parts - 1);
    for (std::size_t part = 1; part < parts; ++part) workers.emplace_back(run, part);
    run(0);
  }
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace colorlab
