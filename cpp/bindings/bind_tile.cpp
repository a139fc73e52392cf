// colorlab._core: plan_tiles, blend_windows.
#include <pybind11/numpy.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "colorlab/error.hpp"
#include "colorlab/tile.hpp"

namespace colorlab::bindings {
namespace {

namespace py = pybind11;

std::size_t size_of(py::ssize_t value, const char* name) {
  if (value < 0 || value > py::ssize_t{1} << 40) {
    throw Error(ErrorCode::invalid_argument,
                std::string(name) + " cannot be " + std::to_string(value));
  }
  return static_cast<std::size_t>(value);
}

TilePlan plan_of(py::ssize_t height, py::ssize_t width, py::ssize_t tile, py::ssize_t halo,
                 py::ssize_t overlap) {
  return {size_of(height, "height"),
          size_of(width, "width"),
          {size_of(tile, "tile"), size_of(halo, "halo"), size_of(overlap, "overlap")}};
}

py::tuple bounds(const Rect& rect) {
  return py::make_tuple(rect.top, rect.bottom(), rect.left, rect.right());
}

py::list plan_tiles(py::ssize_t height, py::ssize_t width, py::ssize_t tile, py::ssize_t halo,
                    py::ssize_t overlap) {
  const TilePlan plan = plan_of(height, width, tile, halo, overlap);
  py::list tiles;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Tile one = plan[i];
    tiles.append(py::make_tuple(one.row, one.column, bounds(one.write), bounds(one.read)));
  }
  return tiles;
}

py::tuple blend_windows(py::ssize_t height, py::ssize_t width, py::ssize_t tile,
                        py::ssize_t overlap) {
  const TilePlan plan = plan_of(height, width, tile, 0, overlap);
  const auto array = [](const std::vector<float>& window) {
    py::array_t<float> copy(static_cast<py::ssize_t>(window.size()));
    std::copy(window.begin(), window.end(), copy.mutable_data());
    return copy;
  };
  py::list rows;
  for (std::size_t i = 0; i < plan.rows(); ++i) rows.append(array(plan.row_window(i)));
  py::list columns;
  for (std::size_t i = 0; i < plan.columns(); ++i) columns.append(array(plan.column_window(i)));
  return py::make_tuple(rows, columns);
}

}  // namespace

void register_tile(py::module_& module) {
  module.def(
      "plan_tiles", plan_tiles, py::arg("height"), py::arg("width"), py::arg("tile") = 512,
      py::arg("halo") = 0, py::arg("overlap") = 0,
      "Tiles in reading order: (row, column, write, read), rectangles as (top, bottom, left, "
      "right).");
  module.def("blend_windows", blend_windows, py::arg("height"), py::arg("width"), py::arg("tile"),
             py::arg("overlap"),
             "Weights of each row and each column of tiles, float32: they sum to 1 at each pixel.");
}

}  // namespace colorlab::bindings
