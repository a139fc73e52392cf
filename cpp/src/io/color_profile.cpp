#include "io/color_profile.hpp"

#include <lcms2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
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

Transform make_transform(const Context& context, cmsHPROFILE from, cmsUInt32Number from_layout,
                         cmsHPROFILE to, cmsUInt32Number to_layout) {
  // No one-pixel cache: a transform is then safe to share, and the result the same in any order.
  return {
      cmsCreateTransformTHR(context.get(), from, from_layout, to, to_layout,
                            INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOCACHE | cmsFLAGS_COPY_ALPHA),
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

struct ToSrgb::State {
  struct Kind {
    bool alpha;
    Depth depth;
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  Context context;
  ColorModel model = ColorModel::rgb;
  Profile source{nullptr, cmsCloseProfile};
  Profile srgb{nullptr, cmsCloseProfile};

  [[nodiscard]] Transform transform(bool alpha, Depth depth) const {
    return make_transform(context, source.get(), layout(model, alpha, depth), srgb.get(),
                          layout(ColorModel::rgb, alpha, depth));
  }

  // sRGB's code for each grey; greys of a grey profile are neutral, so one channel tells it.
  [[nodiscard]] std::vector<std::uint16_t> grey_table(Depth depth) const {
    const std::size_t codes = depth == Depth::u16 ? 65536 : 256;
    const Transform exact = transform(false, Depth::u16);
    std::vector<std::uint16_t> made(codes);
    for (std::size_t code = 0; code < codes; ++code) {
      const auto grey = static_cast<std::uint16_t>(code * (65535 / (codes - 1)));
      std::uint16_t rgb[3] = {};
      cmsDoTransform(exact.get(), &grey, rgb, 1);
      made[code] = depth == Depth::u16 ? rgb[1] : static_cast<std::uint16_t>((rgb[1] + 128) / 257);
    }
    return made;
  }

  // Those for the images at hand; a transform takes milliseconds to make.
  const Transform& prepared(bool alpha, Depth depth) {
    const Kind kind{alpha, depth};
    if (!ready || made_for != kind) ready = transform(alpha, depth);
    made_for = kind;
    return ready;
  }
  const std::vector<std::uint16_t>& prepared_table(Depth depth) {
    const Kind kind{false, depth};
    if (table.empty() || made_for != kind) table = grey_table(depth);
    made_for = kind;
    return table;
  }

  Kind made_for{};
  Transform ready{nullptr, cmsDeleteTransform};
  std::vector<std::uint16_t> table;
};

ToSrgb::ToSrgb(std::span<const std::uint8_t> icc, ColorModel model)
    : state_(std::make_unique<State>()) {
  state_->model = model;
  if (icc.empty()) return;
  state_->source = open_profile(state_->context, icc, space_of(model));
  if (!state_->source) return;
  state_->srgb.reset(cmsCreate_sRGBProfileTHR(state_->context.get()));
  const Transform transform = state_->transform(false, Depth::u8);
  if (!transform || (model == ColorModel::rgb && is_nearly_identity(transform)) ||
      (model == ColorModel::grey && is_nearly_identity(state_->grey_table(Depth::u8)))) {
    state_->source.reset();
  }
}

ToSrgb::~ToSrgb() = default;

bool ToSrgb::identity() const { return !state_->source && state_->model != ColorModel::cmyk; }

Image ToSrgb::apply(Image image) {
  if (identity()) return image;
  const Image& source = image;
  if (state_->model == ColorModel::grey) {
    const auto& table = state_->prepared_table(image.depth());
    if (image.depth() == Depth::u16) {
      look_up(table, image.view<std::uint16_t>());
    } else {
      look_up(table, image.view<std::uint8_t>());
    }
    return image;
  }
  if (state_->model == ColorModel::cmyk) {
    Image rgb(image.height(), image.width(), 3, image.depth());
    if (state_->source) {
      run_rows(state_->prepared(false, image.depth()), source, rgb);
    } else if (image.depth() == Depth::u16) {
      inks_to_rgb(source.view<std::uint16_t>(), rgb.view<std::uint16_t>());
    } else {
      inks_to_rgb(source.view<std::uint8_t>(), rgb.view<std::uint8_t>());
    }
    return rgb;
  }
  run_rows(state_->prepared(image.channels() == 4, image.depth()), source, image);
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
