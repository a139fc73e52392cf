#include "colorlab/cpu.hpp"

#include <cstdint>
#include <cstdlib>
#include <mutex>

#include "color/dispatch.hpp"
#include "colorlab/error.hpp"
#include "hwy/highway.h"

namespace colorlab {
namespace {

std::mutex target_mutex;

// Taken before anything is forced: SupportedTargets() is the CPU's own answer only until then.
const std::vector<std::int64_t>& available() {
  static const std::vector<std::int64_t> targets = hwy::SupportedAndGeneratedTargets();
  return targets;
}

std::int64_t target_named(const std::string& name) {
  std::string names;
  for (const std::int64_t target : available()) {
    if (name == hwy::TargetName(target)) return target;
    names += (names.empty() ? "" : ", ") + std::string(hwy::TargetName(target));
  }
  throw Error(ErrorCode::invalid_argument,
              "no SIMD target \"" + name + "\" in this build on this CPU; there are " + names);
}

void use(std::int64_t target) {  // 0: the best
  available();
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

namespace color {

void ensure_target() {
  static const bool done = [] {
    const std::lock_guard lock(target_mutex);
    const char* name = std::getenv("COLORLAB_FORCE_TARGET");
    use(name == nullptr || *name == '\0' ? 0 : target_named(name));
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace color

std::vector<std::string> cpu_targets() {
  std::vector<std::string> names;
  for (const std::int64_t target : available()) names.emplace_back(hwy::TargetName(target));
  return names;
}

std::string active_target() {
  color::ensure_target();
  const std::lock_guard lock(target_mutex);
  const std::int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(supported & -supported);  // the lowest bit is the best
}

void force_target(const std::string& name) {
  color::ensure_target();  // or the environment would have its way later
  const std::lock_guard lock(target_mutex);
  use(name.empty() ? 0 : target_named(name));
}

}  // namespace colorlab
