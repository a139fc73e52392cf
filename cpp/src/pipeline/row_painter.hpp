// One row of a photo in colour, and what became of its lightness.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "colorlab/color.hpp"
#include "colorlab/image_view.hpp"
#include "colorlab/pipeline.hpp"
#include "pipeline/lightness_rows.hpp"
#include "pipeline/luma.hpp"
#include "resample/chroma_field.hpp"

namespace colorlab::pipeline {

// The row's share of a Certificate.
struct RowRecord {
  double max_delta_l = 0, sum_delta_l = 0;
  double max_delta_luma = 0, sum_delta_luma = 0;
  std::size_t reduced = 0;
};

// Whether sRGB shows L*a*b*; colours within a 16-bit code value of the boundary count as shown.
[[nodiscard]] inline bool in_gamut(float l, float a, float b) {
  const auto cube = [](float f) {
    return f > 6.0F / 29.0F ? f * f * f : (f - 4.0F / 29.0F) * (108.0F / 841.0F);
  };
  const float fy = (l + 16.0F) / 116.0F;
  const float x = 0.95047F * cube(fy + a / 500.0F);
  const float y = cube(fy);
  const float z = 1.08883F * cube(fy - b / 200.0F);
  const float red = 3.2404542F * x - 1.5371385F * y - 0.4985314F * z;
  const float green = -0.9692660F * x + 1.8760108F * y + 0.0415560F * z;
  const float blue = 0.0556434F * x - 0.2040259F * y + 1.0572252F * z;
  constexpr float kSlack = 2e-5F;
  return std::min({red, green, blue}) >= -kSlack && std::max({red, green, blue}) <= 1.0F + kSlack;
}

// Where a rising function changes sign.
struct Bracket {
  float low = 0, at_low = 0, high = 0, at_high = 0;
  int side = 0;  // which end moved last

  // Takes in the function's value at `place`; returns the next place to look at.
  float narrow(float place, float value) {
    if (value == 0.0F) {
      low = high = place;
      at_low = at_high = 0.0F;
    } else if (value < 0.0F) {
      if (side < 0) at_high *= 0.5F;
      low = place;
      at_low = value;
      side = -1;
    } else {
      if (side > 0) at_low *= 0.5F;
      high = place;
      at_high = value;
      side = 1;
    }
    if (at_high <= at_low) return place;
    return std::clamp(low - at_low * (high - low) / (at_high - at_low), low, high);
  }
};

constexpr int kLumaSteps = 10;

template <class T>
class RowPainter {
 public:
  RowPainter(ImageView<const T> image, const resample::ChromaField& field, ImageView<T> rgb,
             Preserve preserve)
      : image_(image),
        rgb_(rgb),
        preserve_(preserve),
        chroma_(field, 0, image.width),
        lightness_(image),
        a_(image.width),
        b_(image.width),
        lab_(3 * image.width),
        measured_(image.width) {
    if (preserve == Preserve::luma) encoded_.resize(3 * image.width);
  }

  RowRecord paint(std::size_t y) {
    const float* l = lightness_(y);
    chroma_.row(y, l, a_.data(), b_.data());
    for (std::size_t x = 0; x < image_.width; ++x) {
      lab_[3 * x] = l[x];
      lab_[3 * x + 1] = a_[x];
      lab_[3 * x + 2] = b_[x];
    }
    const ImageView<T> out(rgb_.row(y), 1, rgb_.width, 3);
    if (preserve_ == Preserve::luma) {
      keep_luma(image_.row(y), out.data);
    } else {
      lab_to_rgb<T>(lab(), out, Gamut::chroma, 1);
    }
    return measure(l, image_.row(y), out);
  }

 private:
  [[nodiscard]] ImageView<const float> lab() const { return {lab_.data(), 1, image_.width, 3}; }

  // Moves L* until Y' of the colour, reduced to the gamut, is the photo's. Y' rises with L* at
  // constant a*b*, from black to white: regula falsi with Illinois' halving, which never leaves its
  // bracket and converges faster than linearly.
  void keep_luma(const T* pixels, T* out) {
    const std::size_t width = image_.width;
    brackets_.assign(width, {});
    for (int step = 0; step < kLumaSteps; ++step) {
      lab_to_rgb<float>(lab(), {encoded_.data(), 1, width, 3}, Gamut::chroma, 1);
      for (std::size_t x = 0; x < width; ++x) {
        const float wanted = luma_of(pixels + x * image_.channels, image_.channels);
        if (step == 0) brackets_[x] = {0.0F, -wanted, 100.0F, 1.0F - wanted, 0};
        lab_[3 * x] =
            brackets_[x].narrow(lab_[3 * x], luma_of(encoded_.data() + 3 * x, 3) - wanted);
      }
    }
    lab_to_rgb<float>(lab(), {encoded_.data(), 1, width, 3}, Gamut::chroma, 1);
    for (std::size_t x = 0; x < width; ++x) {
      const float wanted = luma_of(pixels + x * image_.channels, image_.channels);
      round_to_luma(encoded_.data() + 3 * x, wanted, out + 3 * x);
    }
  }

  // Red and blue to their nearest samples; green takes up what they lost of Y', and where it is at
  // an end of its range, red and then blue do. The error of Y' is then at most half of 0.587 code
  // values.
  static void round_to_luma(const float* encoded, float wanted, T* out) {
    for (std::size_t c = 0; c < 3; ++c) out[c] = sample_of<T>(encoded[c]);
    constexpr std::size_t kOrder[] = {1, 0, 2};
    constexpr float kWeights[] = {kLumaR, kLumaG, kLumaB};
    for (const std::size_t c : kOrder) {
      const float error = wanted - luma_of(out, 3);
      out[c] = sample_of<T>(std::clamp(unit_of(out[c]) + error / kWeights[c], 0.0F, 1.0F));
    }
  }

  RowRecord measure(const float* l, const T* pixels, ImageView<T> out) {
    lightness<T>(out, {measured_.data(), 1, image_.width, 1}, 1);
    RowRecord record;
    for (std::size_t x = 0; x < image_.width; ++x) {
      const double delta = std::abs(static_cast<double>(measured_[x]) - l[x]);
      record.max_delta_l = std::max(record.max_delta_l, delta);
      record.sum_delta_l += delta;
      const double luma = 255.0 * std::abs(luma_of(out.data + 3 * x, 3) -
                                           luma_of(pixels + x * image_.channels, image_.channels));
      record.max_delta_luma = std::max(record.max_delta_luma, luma);
      record.sum_delta_luma += luma;
      record.reduced += in_gamut(lab_[3 * x], a_[x], b_[x]) ? 0 : 1;
    }
    return record;
  }

  ImageView<const T> image_;
  ImageView<T> rgb_;
  Preserve preserve_;
  resample::ChromaRows chroma_;
  LightnessRows<T> lightness_;
  std::vector<float> a_, b_, lab_, measured_, encoded_;
  std::vector<Bracket> brackets_;
};

}  // namespace colorlab::pipeline
