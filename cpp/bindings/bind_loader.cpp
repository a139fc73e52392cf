// colorlab._core: index_photos, PhotoLoader.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "bindings.hpp"
#include "colorlab/error.hpp"
#include "colorlab/loader.hpp"
#include "without_gil.hpp"

namespace colorlab::bindings {
namespace {

namespace py = pybind11;

// Names are bytes on this side and may not be UTF-8: they pass as Python's file names do.
py::str file_name(const std::string& name) {
  auto decoded = py::reinterpret_steal<py::str>(
      PyUnicode_DecodeFSDefaultAndSize(name.data(), static_cast<Py_ssize_t>(name.size())));
  if (!decoded) throw py::error_already_set();
  return decoded;
}

using ItemTuple =
    std::tuple<std::filesystem::path, std::filesystem::path, std::uint64_t, std::uint64_t>;

py::list index_sources(const std::vector<std::filesystem::path>& sources) {
  py::list result;
  for (const PhotoItem& item : without_gil([&] { return index_photos(sources); })) {
    result.append(
        py::make_tuple(file_name(item.source), file_name(item.name), item.offset, item.size));
  }
  return result;
}

// A PhotoLoader and the shape of its batches.
class Loader {
 public:
  Loader(const std::vector<ItemTuple>& items, const LoaderOptions& options)
      : batch_(static_cast<py::ssize_t>(options.batch)),
        crop_(static_cast<py::ssize_t>(options.crop)) {
    std::vector<PhotoItem> photos;
    photos.reserve(items.size());
    for (const auto& [source, name, offset, size] : items) {
      photos.push_back({source.string(), name.string(), offset, size});
    }
    const py::gil_scoped_release free;
    loader_ = std::make_unique<PhotoLoader>(std::move(photos), options);
  }
  ~Loader() {  // NOLINT(bugprone-exception-escape): releasing the GIL does not throw
    const py::gil_scoped_release free;  // joins the workers
    loader_.reset();
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  [[nodiscard]] py::tuple next() {
    py::array_t<float> lightness({batch_, crop_, crop_, py::ssize_t{1}});
    py::array_t<float> ab({batch_, crop_, crop_, py::ssize_t{2}});
    float* lightness_data = lightness.mutable_data();
    float* ab_data = ab.mutable_data();
    without_gil([&] { loader_->next(lightness_data, ab_data); });
    return py::make_tuple(lightness, ab);
  }

  [[nodiscard]] py::list failed() const {
    py::list result;
    for (const FailedPhoto& photo : without_gil([this] { return loader_->failed(); })) {
      result.append(py::make_tuple(file_name(photo.path), photo.reason));
    }
    return result;
  }

  [[nodiscard]] std::uint64_t next_sample() const {
    return without_gil([this] { return loader_->next_sample(); });
  }

 private:
  py::ssize_t batch_, crop_;
  std::unique_ptr<PhotoLoader> loader_;
};

FilmOptions film_of(const std::map<std::string, double>& given) {
  FilmOptions film;
  const std::map<std::string, double*> known = {
      {"share", &film.share}, {"response", &film.response}, {"blur", &film.blur},
      {"gamma", &film.gamma}, {"contrast", &film.contrast}, {"fading", &film.fading},
      {"grain", &film.grain}, {"jpeg", &film.jpeg},
  };
  for (const auto& [name, value] : given) {
    const auto found = known.find(name);
    if (found == known.end()) {
      throw Error(ErrorCode::invalid_argument, "there is no film effect \"" + name + "\"");
    }
    *found->second = value;
  }
  return film;
}

std::unique_ptr<Loader> make_loader(const std::vector<ItemTuple>& items, std::size_t batch,
                                    std::size_t crop, double min_scale, bool flip, float ab_scale,
                                    std::uint64_t seed, std::uint64_t first_sample, int threads,
                                    std::size_t queue, std::optional<std::vector<double>> weights,
                                    const std::map<std::string, double>& film) {
  LoaderOptions options;
  options.batch = batch;
  options.crop = crop;
  options.min_scale = min_scale;
  options.flip = flip;
  options.ab_scale = ab_scale;
  options.seed = seed;
  options.first_sample = first_sample;
  options.threads = threads;
  options.queue = queue;
  options.weights = std::move(weights).value_or(std::vector<double>{});
  options.film = film_of(film);
  return std::make_unique<Loader>(items, options);
}

}  // namespace

void register_loader(py::module_& module) {
  module.def("index_photos", index_sources, py::arg("sources"),
             "Photos below files, folders and .tar shards as (source, name, offset, size).");
  py::class_<Loader>(module, "PhotoLoader", "Endless training batches of random crops, in Lab.")
      .def(py::init(&make_loader), py::arg("items"), py::kw_only(), py::arg("batch") = 16,
           py::arg("crop") = 128, py::arg("min_scale") = 0.6, py::arg("flip") = true,
           py::arg("ab_scale") = 110.0F, py::arg("seed") = 0, py::arg("first_sample") = 0,
           py::arg("threads") = 1, py::arg("queue") = 4, py::arg("weights") = py::none(),
           py::arg("film") = std::map<std::string, double>{})
      .def("next", &Loader::next,
           "(lightness, ab): float32 (N, crop, crop, 1) = L*/50 - 1 and (N, crop, crop, 2) = "
           "a*b*/ab_scale; the lightness of an old photograph where `film` says so.")
      .def("failed", &Loader::failed, "Photos that could not be read, as (path, reason).")
      .def_property_readonly("next_sample", &Loader::next_sample,
                             "Number of the next batch's first sample: first_sample to resume.");
}

}  // namespace colorlab::bindings
