// Deterministic row-parallel loops: rows are cut into fixed contiguous ranges, so that results
// cannot depend on the number of threads.
#pragma once

#include <cstddef>
#include <functional>

namespace colorlab {

// Threads to use for `pixels` of work: `requested` if positive, else every core that this process
// may run on, and never more than one per 256k pixels (below that a thread costs more than it
// gives).
[[nodiscard]] int threads_for(std::size_t pixels, int requested);

// Calls body(begin, end) over disjoint ranges that cover [0, rows), on `threads` threads including
// the caller. The first exception a range throws is rethrown here once every range has ended.
void parallel_rows(std::size_t rows, int threads,
                   const std::function<void(std::size_t, std::size_t)>& body);

}  // namespace colorlab
