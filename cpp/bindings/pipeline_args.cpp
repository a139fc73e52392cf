#include "pipeline_args.hpp"

namespace colorlab::bindings {

Upsample upsample_of(const std::string& name) {
  if (name == "guided") return Upsample::guided;
  if (name == "bilinear") return Upsample::bilinear;
  throw Error(ErrorCode::invalid_argument,
              "upsample must be \"guided\" or \"bilinear\", not \"" + name + "\"");
}

Preserve preserve_of(const std::string& name) {
  if (name == "lightness") return Preserve::lightness;
  if (name == "luma") return Preserve::luma;
  throw Error(ErrorCode::invalid_argument,
              "preserve must be \"lightness\" or \"luma\", not \"" + name + "\"");
}

std::size_t side_of(py::ssize_t value, const char* name) {
  if (value < 1 || value > py::ssize_t{1} << 30) {
    throw Error(ErrorCode::shape,
                std::string(name) + " must be at least 1, not " + std::to_string(value));
  }
  return static_cast<std::size_t>(value);
}

ImageView<const float> float_view(py::array& array, std::initializer_list<py::ssize_t> channels,
                                  const char* name) {
  require_float32(array, name);
  return image_view<float>(array, channels, name);
}

py::dict as_dict(const Certificate& certificate) {
  py::dict fields;
  fields["max_delta_l"] = certificate.max_delta_l;
  fields["mean_delta_l"] = certificate.mean_delta_l;
  fields["max_delta_luma"] = certificate.max_delta_luma;
  fields["mean_delta_luma"] = certificate.mean_delta_luma;
  fields["reduced_chroma"] = certificate.reduced_chroma;
  return fields;
}

}  // namespace colorlab::bindings
