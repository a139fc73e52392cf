// The extension colorlab._core: registers each topic, nothing else.
#include "bindings.hpp"

PYBIND11_MODULE(_core, module, pybind11::mod_gil_not_used()) {
  using namespace colorlab::bindings;
  module.doc() = "colorlab's native core; use the colorlab package, this module may change.";
  module.attr("__version__") = COLORLAB_VERSION;
  register_errors(module);
  register_color(module);
  register_pipeline(module);
  register_tile(module);
  register_io(module);
  register_rows(module);
  register_loader(module);
}
