// colorlab._core: RowReader and RowWriter, files row by row.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "colorlab/lossless_luma.hpp"
#include "colorlab/luma_chroma.hpp"
#include "colorlab/row_files.hpp"
#include "colorlab/row_pipeline.hpp"
#include "interrupt.hpp"
#include "io_args.hpp"
#include "pipeline_args.hpp"
#include "without_gil.hpp"

namespace colorlab::bindings {
namespace {

Format format_named(const std::string& name) {
  for (const Format format : {Format::jpeg, Format::png, Format::tiff, Format::webp}) {
    if (format_name(format) == name) return format;
  }
  throw Error(ErrorCode::unsupported_format, "cannot write the format \"" + name + "\"");
}

// One thread at a time works on a file; another may stop it.
class Exclusive {
 public:
  void cancel() { stop_.store(true, std::memory_order_relaxed); }

 protected:
  // Calls work(CancelToken&) without the GIL, alone and interruptible.
  template <class Work>
  auto alone(const Work& work) {
    return interruptible(
        [&](CancelToken& token) {
          const std::lock_guard held(busy_);
          return work(token);
        },
        &stop_);
  }
  // The same while nobody works on `other` either; `other` cannot stop it.
  template <class Work>
  auto alone_with(Exclusive& other, const Work& work) {
    return interruptible(
        [&](CancelToken& token) {
          const std::scoped_lock held(busy_, other.busy_);
          return work(token);
        },
        &stop_);
  }

 private:
  std::mutex busy_;
  std::atomic<bool> stop_{false};
};

// A RowWriter or ChromaRowWriter that can be closed.
template <class Writer>
class PyWriter : public Exclusive {
 public:
  // Closes the writer whether or not it could be finished: then nothing is left.
  void finish() {
    alone([this](CancelToken&) {
      try {
        open().finish();
      } catch (...) {
        writer_.reset();
        throw;
      }
      writer_.reset();
    });
  }
  // Leaves nothing behind, unless it is finished.
  void abandon() {
    alone([this](CancelToken&) { writer_.reset(); });
  }
  Writer& open() {
    if (!writer_) throw Error(ErrorCode::invalid_argument, "this file is closed");
    return *writer_;
  }

 protected:
  std::optional<Writer> writer_;
};

class PyRowWriter : public PyWriter<RowWriter> {
 public:
  PyRowWriter(const std::filesystem::path& path, const std::string& format, std::size_t height,
              std::size_t width, std::size_t channels, int bits, const py::object& metadata,
              int quality, int compression, int orientation,
              std::pair<std::size_t, std::size_t> tile, bool overwrite,
              std::optional<unsigned> permissions, std::optional<std::int64_t> modified) {
    if (bits != 8 && bits != 16) throw Error(ErrorCode::dtype, "samples have 8 or 16 bits");
    const RowShape shape{height, width, channels, bits == 16 ? Depth::u16 : Depth::u8};
    RowWriteOptions options;
    options.quality = quality;
    options.compression = compression;
    options.metadata = metadata_of(metadata);
    options.orientation = orientation;
    std::tie(options.tile_height, options.tile_width) = tile;
    options.overwrite = overwrite;
    options.attributes = {permissions, modified};
    const Format chosen = format_named(format);
    const py::gil_scoped_release free;
    writer_.emplace(path, chosen, shape, options);
  }

  void write(const py::array& rows) {
    if (py::dtype::of<std::uint16_t>().equal(rows.dtype())) {
      write_as<std::uint16_t>(rows);
    } else {
      write_as<std::uint8_t>(rows);
    }
  }

 private:
  template <class T>
  void write_as(const py::array& rows) {
    const auto view = view_of<T>(rows);
    alone([&](CancelToken& token) {
      const Image band = copy_of(view);
      open().write(band, &token);
    });
  }
};

class PyChromaWriter : public PyWriter<ChromaRowWriter> {
 public:
  PyChromaWriter(const std::filesystem::path& source, const std::filesystem::path& path,
                 const py::object& metadata, int quality, int orientation, bool overwrite,
                 std::optional<unsigned> permissions, std::optional<std::int64_t> modified,
                 const py::object& limits) {
    RowWriteOptions options;
    options.quality = quality;
    options.metadata = metadata_of(metadata);
    options.orientation = orientation;
    options.overwrite = overwrite;
    options.attributes = {permissions, modified};
    const Limits checked = limits_of(limits, row_limits());
    const py::gil_scoped_release free;
    writer_.emplace(source, path, options, checked);
  }
};

class PyRowReader : public Exclusive {
 public:
  PyRowReader(const std::filesystem::path& path, const std::string& mode,
              const std::string& on_truncated, const py::object& limits, const std::string& colors,
              std::size_t band_rows) {
    RowReadOptions options;
    options.mode = read_mode(mode);
    options.on_truncated = on_truncated_of(on_truncated);
    options.colors = colors_of(colors);
    options.limits = limits_of(limits, row_limits());
    options.whole_limits = limits_of(limits);
    options.band_rows = band_rows;
    const py::gil_scoped_release free;
    reader_.emplace(path, options);
  }

  [[nodiscard]] const RowReader& reader() const { return *reader_; }

  py::object next() {
    Image band = alone([this](CancelToken& token) { return reader_->next(&token); });
    return band.height() == 0 ? py::object(py::none()) : py::object(to_array(std::move(band)));
  }
  void rewind() {
    alone([this](CancelToken&) { reader_->rewind(); });
  }

  std::vector<py::array_t<float>> reduce_lightness(
      const std::vector<std::pair<py::ssize_t, py::ssize_t>>& sizes) {
    std::vector<py::array_t<float>> planes;
    std::vector<ImageView<float>> targets;
    for (const auto& [height, width] : sizes) {
      auto& plane = planes.emplace_back(
          std::vector<std::size_t>{side_of(height, "height"), side_of(width, "width")});
      targets.emplace_back(plane.mutable_data(), static_cast<std::size_t>(height),
                           static_cast<std::size_t>(width), 1);
    }
    alone([&](CancelToken& token) { reduce_rows(*reader_, targets, &token); });
    return planes;
  }

  py::dict recolor(PyRowWriter& out, const py::object& ab, const py::object& guide,
                   const std::string& preserve, const std::string& upsample, int threads) {
    py::array chroma = array_argument(ab, "ab");
    const auto ab_low = float_view(chroma, {2}, "ab");
    py::array lightness;
    ImageView<const float> l_low;
    if (!guide.is_none()) {
      lightness = array_argument(guide, "guide");
      l_low = float_view(lightness, {1}, "guide");
    }
    const RowRecolorOptions options{preserve_of(preserve), upsample_of(upsample), threads};
    return as_dict(alone_with(out, [&](CancelToken& token) {
      return recolor_rows(*reader_, ab_low, l_low, out.open(), options, &token);
    }));
  }

  py::dict add_chroma(PyChromaWriter& out, const py::object& ab, const std::string& upsample,
                      int threads) {
    py::array chroma = array_argument(ab, "ab");
    const auto ab_low = float_view(chroma, {2}, "ab");
    const Upsample method = upsample_of(upsample);
    return as_dict(alone_with(out, [&](CancelToken& token) {
      return chroma_rows_for_luma(*reader_, ab_low, out.open(), method, threads, &token);
    }));
  }

 private:
  std::optional<RowReader> reader_;
};

}  // namespace

void register_rows(py::module_& module) {
  py::class_<PyRowWriter>(module, "RowWriter",
                          "A JPEG, PNG or TIFF written row by row; it appears at finish().")
      .def(py::init<const std::filesystem::path&, const std::string&, std::size_t, std::size_t,
                    std::size_t, int, const py::object&, int, int, int,
                    std::pair<std::size_t, std::size_t>, bool, std::optional<unsigned>,
                    std::optional<std::int64_t>>(),
           py::arg("path"), py::arg("format"), py::arg("height"), py::arg("width"),
           py::arg("channels"), py::arg("bits") = 8, py::arg("metadata") = py::none(),
           py::arg("quality") = 92, py::arg("compression") = 1, py::arg("orientation") = 1,
           py::arg("tile") = std::pair<std::size_t, std::size_t>{0, 0},
           py::arg("overwrite") = false, py::arg("permissions") = py::none(),
           py::arg("modified") = py::none())
      .def("write", &PyRowWriter::write, py::arg("rows"), "The next rows, (h, W) or (h, W, C).")
      .def("finish", &PyRowWriter::finish, "After the last row: the file appears.")
      .def("abandon", &PyRowWriter::abandon, "Leaves nothing behind, unless it is finished.")
      .def("cancel", &PyRowWriter::cancel, "Stops what another thread does here, for good.");

  py::class_<PyChromaWriter>(module, "ChromaWriter",
                             "A grey JPEG's compressed luma, joined with chroma row by row.")
      .def(py::init<const std::filesystem::path&, const std::filesystem::path&, const py::object&,
                    int, int, bool, std::optional<unsigned>, std::optional<std::int64_t>,
                    const py::object&>(),
           py::arg("source"), py::arg("path"), py::arg("metadata") = py::none(),
           py::arg("quality") = 92, py::arg("orientation") = 1, py::arg("overwrite") = false,
           py::arg("permissions") = py::none(), py::arg("modified") = py::none(),
           py::arg("limits") = py::none())
      .def("finish", &PyChromaWriter::finish, "After the last row: the file appears.")
      .def("abandon", &PyChromaWriter::abandon, "Leaves nothing behind, unless it is finished.");
  module.def(
      "may_copy_luma",
      [](const std::filesystem::path& path, const py::object& limits) {
        const Limits checked = limits_of(limits, row_limits());
        return without_gil([&] { return may_copy_luma(path, checked); });
      },
      py::arg("path"), py::arg("limits") = py::none(),
      "Whether a JPEG's header says that ChromaWriter may copy its luma.");

  py::class_<PyRowReader>(module, "RowReader", "A photo's rows, as they lie in its file.")
      .def(py::init<const std::filesystem::path&, const std::string&, const std::string&,
                    const py::object&, const std::string&, std::size_t>(),
           py::arg("path"), py::arg("mode") = "unchanged", py::arg("on_truncated") = "error",
           py::arg("limits") = py::none(), py::arg("colors") = "srgb", py::arg("band_rows") = 0)
      .def_property_readonly("height",
                             [](const PyRowReader& self) { return self.reader().shape().height; })
      .def_property_readonly("width",
                             [](const PyRowReader& self) { return self.reader().shape().width; })
      .def_property_readonly("channels",
                             [](const PyRowReader& self) { return self.reader().shape().channels; })
      .def_property_readonly(
          "bits",
          [](const PyRowReader& self) { return static_cast<int>(self.reader().shape().depth); })
      .def_property_readonly(
          "format", [](const PyRowReader& self) { return format_name(self.reader().format()); })
      .def_property_readonly("orientation",
                             [](const PyRowReader& self) { return self.reader().orientation(); })
      .def_property_readonly("animated",
                             [](const PyRowReader& self) { return self.reader().animated(); })
      .def_property_readonly("whole_because",
                             [](const PyRowReader& self) { return self.reader().whole_because(); })
      .def_property_readonly("fits_in_memory",
                             [](const PyRowReader& self) { return self.reader().fits_in_memory(); })
      .def_property_readonly("tile",
                             [](const PyRowReader& self) {
                               return std::pair(self.reader().tile_height(),
                                                self.reader().tile_width());
                             })
      .def(
          "metadata",
          [](const PyRowReader& self) {
            return to_dict(without_gil([&self] { return self.reader().metadata(); }));
          },
          "As read_metadata.")
      .def("next", &PyRowReader::next, "The next rows, or None at the end.")
      .def("rewind", &PyRowReader::rewind, "Back to the first row.")
      .def("reduce_lightness", &PyRowReader::reduce_lightness, py::arg("sizes"),
           "L*, area-reduced to each (height, width), float32, in one reading of all rows.")
      .def("recolor", &PyRowReader::recolor, py::arg("out"), py::arg("ab"),
           py::arg("guide") = py::none(), py::arg("preserve") = "lightness",
           py::arg("upsample") = "guided", py::arg("threads") = 0,
           "All rows, coloured by low-resolution a*b*, to a RowWriter; gives the certificate.")
      .def("add_chroma", &PyRowReader::add_chroma, py::arg("out"), py::arg("ab"),
           py::arg("upsample") = "guided", py::arg("threads") = 0,
           "Chroma for all rows, by low-resolution a*b*, to a ChromaWriter; gives the certificate.")
      .def("cancel", &PyRowReader::cancel, "Stops what another thread does here, for good.");
}

}  // namespace colorlab::bindings
