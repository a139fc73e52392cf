// Which SIMD targets were compiled, which this CPU runs, and which one is used.
#pragma once

#include <string>
#include <vector>

namespace colorlab {

// Names of the targets this build holds and this CPU runs, best first; "SCALAR"-like last.
[[nodiscard]] std::vector<std::string> cpu_targets();

// The target in use: the best, or the one named by COLORLAB_FORCE_TARGET (read once, at first use).
// Throws Error(invalid_argument) naming the valid targets if the variable names none of them.
[[nodiscard]] std::string active_target();

// Uses this target from now on in the whole process ("" = the best); for tests.
void force_target(const std::string& name);

}  // namespace colorlab
