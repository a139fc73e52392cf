#include "io/color_profile.hpp"

#include <lcms2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <mutex>
#include <utility>

namespace colorlab {
namespace io {
namespace {

using Profile = std::unique_ptr<void, decltype(&cmsCloseProfile)>;
using Transform = std::unique_ptr<void, decltype(&cmsDeleteTransform)>;

void stay_silent(cmsContext, cmsUInt32Number, const char*) {}

// LittleCMS prints nothing and shares nothing between threads in a context of its own.
class Context {
 public:
  Context() : context_(cmsCreateContext(nullptr, nullptr)) {
    if (context_ == nullptr) {
      throw Error(ErrorCode::image_too_large, "there is not enough memory for colour management");
    }
    cmsSetLogErrorHandlerTHR(context_, stay_silent);
  }
  ~Context() { cmsDeleteContext(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  [[nodiscard]] cmsContext get() const { return context_; }

 private:
  cmsContext context_;
};

cmsColorSpaceSignature space_of(ColorModel model) {
  switch (model) {
    case ColorModel::grey:
      return cmsSigGrayData;
    case ColorModel::cmyk:
      return cmsSigCmykData;
    default:
      return cmsSigRgbData;
  }
}

// A profile of this colour space that describes devices; empty when the bytes are no such thing.
Profile open_profile(const Context& context, std::span<const std::uint8_t> icc,
                     cmsColorSpaceSignature space) {
  Profile profile(nullptr, cmsCloseProfile);
  if (icc.empty() || icc.size() > std::numeric_limits<cmsUInt32Number>::max()) return profile;
  profile.reset(cmsOpenProfileFromMemTHR(context.get(), icc.data(),
                                         static_cast<cmsUInt32Number>(icc.size())));
  if (!profile) return profile;
  const cmsProfileClassSignature kind = cmsGetDeviceClass(profile.get());
  const bool device = kind == cmsSigInputClass || kind == cmsSigDisplayClass ||
                      kind == cmsSigOutputClass || kind == cmsSigColorSpaceClass;
  if (!device || cmsGetColorSpace(profile.get()) != space) profile.reset();
  return profile;
}

// LittleCMS's description of interleaved samples of the machine's byte order.
cmsUInt32Number layout(ColorModel model, bool alpha, Depth depth) {
  const auto format = [&](unsigned type, unsigned channels) {
    return COLORSPACE_SH(type) | CHANNELS_SH(channels) | EXTRA_SH(alpha ? 1U : 0U) |
           BYTES_SH(depth == Depth::u16 ? 2U : 1U);
  };
  switch (model) {
    case ColorModel::grey:
      return format(PT_GRAY, 1);
    case ColorModel::cmyk:
      return format(PT_CMYK, 4);
    default:
      return format(PT_RGB, 3);
  }
}

// Whether a profile is curves, and a matrix if it has more than one channel.
bool is_curves(cmsHPROFILE profile) {
  return cmsGetColorSpace(profile) == cmsSigGrayData || cmsIsMatrixShaper(profile) != FALSE;
}

Transform make_transform(const Context& context, cmsHPROFILE from, cmsUInt32Number from_layout,
                         cmsHPROFILE to, cmsUInt32Number to_layout) {
  // No one-pixel cache: a transform is then safe to share, and the result the same in any order.
  cmsUInt32Number flags = cmsFLAGS_NOCACHE | cmsFLAGS_COPY_ALPHA;
  // LittleCMS's optimisation for 16 bits is a table of 33 points for each channel: wrong by up to
  // 20 of 255 near the edge of the gamut and in linear shadows. Its curves and matrices are exact.
  if (T_BYTES(from_layout) == 2 && is_curves(from) && is_curves(to)) flags |= cmsFLAGS_NOOPTIMIZE;
  return {cmsCreateTransformTHR(context.get(), from, from_layout, to, to_layout,
                                INTENT_RELATIVE_COLORIMETRIC, flags),
          cmsDeleteTransform};
}

void run_rows(const Transform& transform, const Image& source, Image& target) {
  const std::size_t from = source.bytes() / source.height();
  const std::size_t to = target.bytes() / target.height();
  for (std::size_t y = 0; y < source.height(); ++y) {
    cmsDoTransform(transform.get(), source.data() + y * from, target.data() + y * to,
                   static_cast<cmsUInt32Number>(source.width()));
  }
}

// True when no colour of a coarse grid moves by more than one 8-bit step.
bool is_nearly_identity(const Transform& transform) {
  constexpr std::array<std::uint8_t, 9> kSteps = {0, 32, 64, 96, 128, 160, 192, 224, 255};
  std::vector<std::uint8_t> colors;
  for (const auto r : kSteps) {
    for (const auto g : kSteps) {
      for (const auto b : kSteps) colors.insert(colors.end(), {r, g, b});
    }
  }
  std::vector<std::uint8_t> moved(colors.size());
  cmsDoTransform(transform.get(), colors.data(), moved.data(),
                 static_cast<cmsUInt32Number>(colors.size() / 3));
  return std::equal(colors.begin(), colors.end(), moved.begin(),
                    [](int a, int b) { return a - b <= 1 && b - a <= 1; });
}

bool is_nearly_identity(const std::vector<std::uint16_t>& table) {
  int code = 0;
  return std::all_of(table.begin(), table.end(), [&code](int moved) {
    const int by = moved - code++;
    return by >= -1 && by <= 1;
  });
}

// (1 - ink) (1 - black), as every viewer without colour management does.
template <class T>
void inks_to_rgb(ImageView<const T> inks, ImageView<T> rgb) {
  constexpr std::uint64_t kMost = std::numeric_limits<T>::max();
  for (std::size_t y = 0; y < inks.height; ++y) {
    const T* from = inks.row(y);
    T* to = rgb.row(y);
    for (std::size_t x = 0; x < inks.width; ++x, from += 4, to += 3) {
      const std::uint64_t paper = kMost - from[3];
      for (std::size_t c = 0; c < 3; ++c) {
        to[c] = static_cast<T>(((kMost - from[c]) * paper + kMost / 2) / kMost);
      }
    }
  }
}

template <class T>
void look_up(const std::vector<std::uint16_t>& table, ImageView<T> grey) {
  for (std::size_t y = 0; y < grey.height; ++y) {
    T* row = grey.row(y);
    for (std::size_t x = 0; x < grey.width; ++x) {
      row[x * grey.channels] = static_cast<T>(table[row[x * grey.channels]]);
    }
  }
}

}  // namespace

// What a profile means, and what was prepared for it. Threads may share it.
class ToSrgb::State {
 public:
  State(std::span<const std::uint8_t> icc, ColorModel model)
      : icc_(icc.begin(), icc.end()), model_(model) {
    if (icc.empty()) return;
    source_ = open_profile(context_, icc, space_of(model));
    if (!source_) return;
    srgb_.reset(cmsCreate_sRGBProfileTHR(context_.get()));
    const Transform& first = transform(false, Depth::u8);
    if (!first || (model == ColorModel::rgb && is_nearly_identity(first)) ||
        (model == ColorModel::grey && is_nearly_identity(table(Depth::u8)))) {
      source_.reset();
    }
  }

  [[nodiscard]] ColorModel model() const { return model_; }
  [[nodiscard]] bool has_profile() const { return source_ != nullptr; }
  [[nodiscard]] bool is_for(std::span<const std::uint8_t> icc, ColorModel model) const {
    return model == model_ && std::equal(icc.begin(), icc.end(), icc_.begin(), icc_.end());
  }

  // LittleCMS takes milliseconds to make a transform; without its one-pixel cache, as here, using
  // it changes nothing in it.
  const Transform& transform(bool alpha, Depth depth) {
    auto& [once, made] = transforms_.at(alpha ? 1 : 0).at(depth == Depth::u16 ? 1 : 0);
    std::call_once(once, [&, &into = made] {
      into = make_transform(context_, source_.get(), layout(model_, alpha, depth), srgb_.get(),
                            layout(ColorModel::rgb, alpha, depth));
    });
    return made;
  }

  // sRGB's code for each grey; greys of a grey profile are neutral, so one channel tells it.
  const std::vector<std::uint16_t>& table(Depth depth) {
    auto& [once, made] = tables_.at(depth == Depth::u16 ? 1 : 0);
    std::call_once(once, [&, &into = made] { into = make_table(depth); });
    return made;
  }

 private:
  struct OnceTable {
    std::once_flag once;
    std::vector<std::uint16_t> made;
  };
  struct OnceTransform {
    std::once_flag once;
    Transform made{nullptr, cmsDeleteTransform};
  };

  std::vector<std::uint16_t> make_table(Depth depth) {
    const std::size_t codes = depth == Depth::u16 ? 65536 : 256;
    std::vector<std::uint16_t> greys(codes);
    for (std::size_t code = 0; code < codes; ++code) {
      greys[code] = static_cast<std::uint16_t>(code * (65535 / (codes - 1)));
    }
    std::vector<std::uint16_t> rgb(3 * codes);
    cmsDoTransform(transform(false, Depth::u16).get(), greys.data(), rgb.data(),
                   static_cast<cmsUInt32Number>(codes));
    std::vector<std::uint16_t> made(codes);
    for (std::size_t code = 0; code < codes; ++code) {
      const unsigned green = rgb[3 * code + 1];
      made[code] = static_cast<std::uint16_t>(depth == Depth::u16 ? green : (green + 128) / 257);
    }
    return made;
  }

  Context context_;
  std::vector<std::uint8_t> icc_;
  ColorModel model_;
  Profile source_{nullptr, cmsCloseProfile};
  Profile srgb_{nullptr, cmsCloseProfile};
  std::array<std::array<OnceTransform, 2>, 2> transforms_;  // by alpha, by depth
  std::array<OnceTable, 2> tables_;                         // by depth
};

// The photos of an archive share a few profiles, and small ones decode faster than LittleCMS starts
// up: each thread keeps the profiles that it met last.
std::shared_ptr<ToSrgb::State> ToSrgb::state_for(std::span<const std::uint8_t> icc,
                                                 ColorModel model) {
  constexpr std::size_t kMost = 4;
  constexpr std::size_t kLargest = std::size_t{4} << 20;
  thread_local std::vector<std::shared_ptr<State>> met;  // the last one first
  auto found = std::find_if(met.begin(), met.end(),
                            [&](const auto& each) { return each->is_for(icc, model); });
  if (found == met.end()) {
    auto made = std::make_shared<State>(icc, model);
    if (icc.size() > kLargest) return made;
    if (met.size() == kMost) met.pop_back();
    found = met.insert(met.end(), std::move(made));
  }
  std::rotate(met.begin(), found, found + 1);
  return met.front();
}

ToSrgb::ToSrgb(std::span<const std::uint8_t> icc, ColorModel model)
    : state_(state_for(icc, model)) {}

ToSrgb::~ToSrgb() = default;

bool ToSrgb::identity() const {
  return !state_->has_profile() && state_->model() != ColorModel::cmyk;
}

Image ToSrgb::apply(Image image) {
  if (identity()) return image;
  const Image& source = image;
  if (state_->model() == ColorModel::grey) {
    const auto& table = state_->table(image.depth());
    if (image.depth() == Depth::u16) {
      look_up(table, image.view<std::uint16_t>());
    } else {
      look_up(table, image.view<std::uint8_t>());
    }
    return image;
  }
  if (state_->model() == ColorModel::cmyk) {
    Image rgb(image.height(), image.width(), 3, image.depth());
    if (state_->has_profile()) {
      run_rows(state_->transform(false, image.depth()), source, rgb);
    } else if (image.depth() == Depth::u16) {
      inks_to_rgb(source.view<std::uint16_t>(), rgb.view<std::uint16_t>());
    } else {
      inks_to_rgb(source.view<std::uint8_t>(), rgb.view<std::uint8_t>());
    }
    return rgb;
  }
  run_rows(state_->transform(image.channels() == 4, image.depth()), source, image);
  return image;
}

}  // namespace io

Image srgb_to_icc(Image image, std::span<const std::uint8_t> icc) {
  const io::Context context;
  const io::Profile target = open_profile(context, icc, cmsSigRgbData);
  const io::Profile srgb(cmsCreate_sRGBProfileTHR(context.get()), cmsCloseProfile);
  io::Transform transform(nullptr, cmsDeleteTransform);
  const auto described = io::layout(io::ColorModel::rgb, image.channels() == 4, image.depth());
  if (target && image.channels() >= 3) {
    transform = io::make_transform(context, srgb.get(), described, target.get(), described);
  }
  if (!transform) {
    throw Error(ErrorCode::invalid_argument,
                "the photo's ICC profile cannot be used for its colour version", {},
                "Write the photo as sRGB");
  }
  const Image& source = image;
  io::run_rows(transform, source, image);
  return image;
}

namespace {

std::vector<std::uint8_t> make_srgb_profile(bool grey) {
  const io::Context context;
  io::Profile profile(cmsCreate_sRGBProfileTHR(context.get()), cmsCloseProfile);
  if (profile && grey) {
    const auto* curve =
        static_cast<const cmsToneCurve*>(cmsReadTag(profile.get(), cmsSigGreenTRCTag));
    io::Profile single(cmsCreateGrayProfileTHR(context.get(), cmsD50_xyY(), curve),
                       cmsCloseProfile);
    profile.swap(single);
  }
  cmsUInt32Number size = 0;
  std::vector<std::uint8_t> bytes;
  if (profile && cmsSaveProfileToMem(profile.get(), nullptr, &size) != FALSE) {
    bytes.resize(size);
    if (cmsSaveProfileToMem(profile.get(), bytes.data(), &size) == FALSE) bytes.clear();
  }
  if (bytes.size() < 128) {
    throw Error(ErrorCode::image_too_large, "there is not enough memory for an ICC profile");
  }
  // The header's creation time would make two files of the same photo differ: 2000-01-01.
  constexpr std::uint8_t kDate[12] = {0x07, 0xD0, 0, 1, 0, 1};
  std::copy(std::begin(kDate), std::end(kDate), bytes.begin() + 24);
  return bytes;
}

}  // namespace

const std::vector<std::uint8_t>& srgb_icc(std::size_t channels) {
  static const std::vector<std::uint8_t> grey = make_srgb_profile(true);
  static const std::vector<std::uint8_t> rgb = make_srgb_profile(false);
  return channels <= 2 ? grey : rgb;
}

}  // namespace colorlab
