#include "array_args.hpp"

#include <algorithm>

namespace colorlab::bindings {
namespace {

std::string text_of(const py::handle& object) { return py::str(object).cast<std::string>(); }

// Half-open range of the bytes that an array touches.
std::pair<const char*, const char*> extent(const py::array& array) {
  const char* low = static_cast<const char*>(array.data());
  const char* high = low + array.itemsize();
  for (py::ssize_t d = 0; d < array.ndim(); ++d) {
    if (array.shape(d) == 0) return {low, low};
    const py::ssize_t span = (array.shape(d) - 1) * array.strides(d);
    (span < 0 ? low : high) += span;
  }
  return {low, high};
}

}  // namespace

SampleType sample_type(const py::array& array, const char* name) {
  for (const SampleType type : {SampleType::u8, SampleType::u16, SampleType::f32}) {
    if (dtype_of(type).equal(array.dtype())) return type;
  }
  const bool floating = array.dtype().kind() == 'f';
  throw Error(
      ErrorCode::dtype,
      std::string(name) + " must be uint8, uint16 or float32, not " + text_of(array.dtype()), "",
      floating ? "Convert it with .astype(\"float32\"), values 0..1" : "");
}

SampleType sample_type_named(const std::string& name) {
  if (name == "uint8") return SampleType::u8;
  if (name == "uint16") return SampleType::u16;
  if (name == "float32") return SampleType::f32;
  throw Error(ErrorCode::invalid_argument,
              "dtype must be \"uint8\", \"uint16\" or \"float32\", not \"" + name + "\"");
}

py::dtype dtype_of(SampleType type) {
  switch (type) {
    case SampleType::u8:
      return py::dtype::of<std::uint8_t>();
    case SampleType::u16:
      return py::dtype::of<std::uint16_t>();
    case SampleType::f32:
      break;
  }
  return py::dtype::of<float>();
}

py::array array_argument(const py::object& object, const char* name) {
  if (!py::isinstance<py::array>(object)) {
    throw Error(ErrorCode::dtype, std::string(name) + " must be a NumPy array, not " +
                                      text_of(py::type::of(object).attr("__name__")));
  }
  return py::reinterpret_borrow<py::array>(object);
}

std::vector<py::ssize_t> shape_of(const py::array& array) {
  return {array.shape(), array.shape() + array.ndim()};
}

std::string shape_text(const std::vector<py::ssize_t>& shape) {
  std::string text = "(";
  for (std::size_t d = 0; d < shape.size(); ++d) {
    text += (d > 0 ? ", " : "") + std::to_string(shape[d]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

void require_float32(const py::array& array, const char* name) {
  if (!py::dtype::of<float>().equal(array.dtype())) {
    throw Error(ErrorCode::dtype,
                std::string(name) + " must be float32, not " + text_of(array.dtype()));
  }
}

void require_channels(const py::array& array, py::ssize_t channels, const char* name) {
  const py::ssize_t last = array.ndim() - 1;
  if (last < 0 || array.shape(last) != channels) {
    throw Error(ErrorCode::shape, std::string(name) + " must have shape (..., " +
                                      std::to_string(channels) + "), not " +
                                      shape_text(shape_of(array)));
  }
}

py::array output_array(const py::object& out, const py::dtype& dtype,
                       const std::vector<py::ssize_t>& shape, const py::array& input) {
  if (out.is_none()) return {dtype, shape};
  py::array array = array_argument(out, "out");
  if (!dtype.equal(array.dtype())) {
    throw Error(ErrorCode::dtype,
                "out must be " + text_of(dtype) + ", not " + text_of(array.dtype()));
  }
  if (shape_of(array) != shape) {
    throw Error(ErrorCode::shape, "out must have shape " + shape_text(shape) + ", not " +
                                      shape_text(shape_of(array)));
  }
  if (!array.writeable()) throw Error(ErrorCode::invalid_argument, "out is read-only");
  if (!well_aligned(array)) throw Error(ErrorCode::invalid_argument, "out is not aligned");
  const auto [low_in, high_in] = extent(input);
  const auto [low_out, high_out] = extent(array);
  if (low_in < high_out && low_out < high_in) {
    // Interleaved views of one buffer may touch the same range and yet no common byte.
    if (py::module_::import("numpy").attr("shares_memory")(input, array).cast<bool>()) {
      throw Error(ErrorCode::invalid_argument, "out must not share memory with the input");
    }
  }
  return array;
}

bool well_aligned(const py::array& array) {
  constexpr int kAligned = py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if ((array.flags() & kAligned) == 0) return false;
  for (py::ssize_t d = 0; d < array.ndim(); ++d) {
    if (array.strides(d) % array.itemsize() != 0) return false;
  }
  return true;
}

py::array readable(const py::array& array) {
  if (well_aligned(array)) return array;
  return py::module_::import("numpy").attr("array")(array, py::arg("order") = "C");
}

template <class T>
ImageView<const T> image_view(py::array& holder, std::initializer_list<py::ssize_t> channels,
                              const char* name) {
  const auto fits = [&channels](py::ssize_t count) {
    return std::find(channels.begin(), channels.end(), count) != channels.end();
  };
  const bool flat = holder.ndim() == 2 && fits(1);
  if (!flat && (holder.ndim() != 3 || !fits(holder.shape(2)))) {
    std::string wanted;
    for (const py::ssize_t count : channels) {
      if (count == 1) wanted += "(H, W) or ";
      wanted += "(H, W, " + std::to_string(count) + ") or ";
    }
    wanted.resize(wanted.size() - 4);
    throw Error(ErrorCode::shape, std::string(name) + " must have shape " + wanted + ", not " +
                                      shape_text(shape_of(holder)));
  }
  const py::ssize_t count = flat ? 1 : holder.shape(2);
  const auto in_place = [count, flat](const py::array& array) {
    const auto size = static_cast<py::ssize_t>(sizeof(T));
    return well_aligned(array) && array.strides(1) == count * size &&
           (flat || array.strides(2) == size);
  };
  if (!in_place(holder)) {
    holder = py::module_::import("numpy").attr("array")(holder, py::arg("order") = "C");
  }
  const auto size = [&holder](int d) { return static_cast<std::size_t>(holder.shape(d)); };
  return {static_cast<const T*>(holder.data()), size(0), size(1), static_cast<std::size_t>(count),
          holder.strides(0) / static_cast<py::ssize_t>(sizeof(T))};
}

template ImageView<const std::uint8_t> image_view<std::uint8_t>(py::array&,
                                                                std::initializer_list<py::ssize_t>,
                                                                const char*);
template ImageView<const std::uint16_t> image_view<std::uint16_t>(
    py::array&, std::initializer_list<py::ssize_t>, const char*);
template ImageView<const float> image_view<float>(py::array&, std::initializer_list<py::ssize_t>,
                                                  const char*);

PixelPairs::PixelPairs(const py::array& input, py::ssize_t input_channels, const py::array& output,
                       py::ssize_t output_channels)
    : input_(input.data()), output_(output.request().ptr) {
  const auto stride = [](const py::array& array, py::ssize_t d) {
    return static_cast<std::ptrdiff_t>(array.strides(d) / array.itemsize());
  };
  if (input_channels > 0) {
    input_channels_ = static_cast<std::size_t>(input_channels);
    input_channel_stride_ = stride(input, input.ndim() - 1);
  }
  if (output_channels > 0) {
    output_channels_ = static_cast<std::size_t>(output_channels);
    output_channel_stride_ = stride(output, output.ndim() - 1);
  }
  const py::ssize_t leading = input.ndim() - (input_channels > 0 ? 1 : 0);
  for (py::ssize_t d = leading; d-- > 0;) {
    const Dim dim{static_cast<std::size_t>(input.shape(d)), stride(input, d), stride(output, d)};
    // A dimension that continues the one inside it in both arrays is merged with it.
    if (!dims_.empty()) {
      Dim& inner = dims_.back();
      const auto size = static_cast<std::ptrdiff_t>(inner.size);
      if (dims_.size() > 1 && dim.input == size * inner.input &&
          dim.output == size * inner.output) {
        inner.size *= dim.size;
        continue;
      }
    }
    dims_.push_back(dim);
  }
  while (dims_.size() < 2) dims_.push_back({});
  for (std::size_t d = 2; d < dims_.size(); ++d) images_ *= dims_[d].size;
}

}  // namespace colorlab::bindings
