#include "colorlab/cpu.hpp"

#include "colorlab/error.hpp"

namespace colorlab {

std::vector<std::string> cpu_targets() { return {"SCALAR"}; }
std::string active_target() { return "SCALAR"; }
void force_target(const std::string& name) {
  if (!name.empty() && name != "SCALAR") {
    throw Error(ErrorCode::invalid_argument, "no such target: " + name + " (there is SCALAR)");
  }
}

}  // namespace colorlab
