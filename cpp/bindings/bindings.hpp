// One register function per topic; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace colorlab::bindings {

void register_errors(pybind11::module_& module);
void register_color(pybind11::module_& module);
void register_pipeline(pybind11::module_& module);
void register_tile(pybind11::module_& module);
void register_io(pybind11::module_& module);
void register_rows(pybind11::module_& module);
void register_loader(pybind11::module_& module);

}  // namespace colorlab::bindings
