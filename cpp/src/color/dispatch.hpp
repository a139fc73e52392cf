// Which target Highway's HWY_DYNAMIC_DISPATCH takes; see colorlab/cpu.hpp.
#pragma once

namespace colorlab::color {

// Applies COLORLAB_FORCE_TARGET, once; to be called before every HWY_DYNAMIC_DISPATCH.
void ensure_target();

}  // namespace colorlab::color
