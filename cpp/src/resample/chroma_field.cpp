#include "resample/chroma_field.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "colorlab/error.hpp"
#include "resample/axis.hpp"
#include "resample/guided.hpp"

namespace colorlab::resample {
namespace {

constexpr float kLargestAb = 1000.0F;  // far outside every real colour; keeps all sums finite
constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

void check(ImageView<const float> ab) {
  if (ab.pixels() == 0 || ab.channels != 2) {
    throw Error(ErrorCode::shape, "ab must be of shape (h, w, 2) with h and w at least 1");
  }
  for (std::size_t y = 0; y < ab.height; ++y) {
    const float* row = ab.row(y);
    for (std::size_t i = 0; i < 2 * ab.width; ++i) {
      if (!(std::abs(row[i]) <= kLargestAb)) {
        throw Error(ErrorCode::invalid_argument,
                    "ab must be finite a* and b*, within -1000 and 1000");
      }
    }
  }
}

// Rows with their last sample there twice, so that every sample has one after it.
std::vector<float> padded(const std::vector<float>& samples, std::size_t rows, std::size_t width) {
  std::vector<float> out;
  out.reserve(rows * (width + 1) + kReadAhead);
  for (std::size_t y = 0; y < rows; ++y) {
    const auto row = samples.begin() + static_cast<std::ptrdiff_t>(y * width);
    out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(width));
    out.push_back(out.back());
  }
  out.resize(out.size() + kReadAhead);
  return out;
}

std::vector<float> split(ImageView<const float> ab) {
  std::vector<float> planes(2 * ab.pixels());
  for (std::size_t y = 0; y < ab.height; ++y) {
    for (std::size_t x = 0; x < ab.width; ++x) {
      planes[y * ab.width + x] = ab.row(y)[2 * x];
      planes[ab.pixels() + y * ab.width + x] = ab.row(y)[2 * x + 1];
    }
  }
  return planes;
}

}  // namespace

LowChroma::LowChroma(ImageView<const float> ab, std::size_t height, std::size_t width) : view_(ab) {
  check(ab);
  if (ab.height <= height && ab.width <= width) return;
  const std::size_t rows = std::min(ab.height, height);
  const std::size_t columns = std::min(ab.width, width);
  reduced_.resize(2 * rows * columns);
  resize_area(ab, {reduced_.data(), rows, columns, 2}, 1);
  view_ = {reduced_.data(), rows, columns, 2};
}

LinearAxis::LinearAxis(std::size_t low, std::size_t full) : index(full), fraction(full, 0.0F) {
  const AxisPlan plan(low, full);
  for (std::size_t i = 0; i < full; ++i) {
    index[i] = static_cast<std::int32_t>(plan.first(i));
    if (plan.weights(i).size() == 2) fraction[i] = plan.weights(i)[1];
  }
}

ChromaField::ChromaField(const LowChroma& ab, ImageView<const float> l_low, std::size_t height,
                         std::size_t width, Upsample method)
    : guided_(method == Upsample::guided),
      planes_(guided_ ? std::size_t{kGuidedPlanes} : 2),
      low_height_(ab.view().height),
      stride_(ab.view().width + 1),
      values_(padded(guided_ ? fit_guided(ab.view(), l_low, height, width, {}) : split(ab.view()),
                     planes_ * low_height_, ab.view().width)),
      rows_(ab.view().height, height),
      columns_(ab.view().width, width) {}

ChromaRows::ChromaRows(const ChromaField& field)
    : field_(field), kernels_(row_kernels()), held_{kNone, kNone} {
  constexpr std::size_t kLine = kCacheLine / sizeof(float);
  stride_ = (field.columns_.index.size() + kLine - 1) / kLine * kLine;
  for (auto& slot : slots_) slot = aligned_rows<float>(field.planes_ * stride_);
}

const float* ChromaRows::wide(std::size_t low_y) {
  const std::size_t slot = low_y % 2;
  float* out = slots_[slot].get();
  if (held_[slot] == low_y) return out;
  held_[slot] = low_y;
  const LinearAxis& columns = field_.columns_;
  for (std::size_t p = 0; p < field_.planes_; ++p) {
    kernels_.stretch(field_.values_.data() + (p * field_.low_height_ + low_y) * field_.stride_,
                     columns.index.data(), columns.fraction.data(), columns.index.size(),
                     out + p * stride_);
  }
  return out;
}

void ChromaRows::row(std::size_t y, std::size_t x, std::size_t n, const float* l, float* a,
                     float* b) {
  const auto first = static_cast<std::size_t>(field_.rows_.index[y]);
  const float fraction = field_.rows_.fraction[y];
  const float* above = wide(first) + x;
  const float* below = fraction > 0.0F ? wide(first + 1) + x : above;
  if (field_.guided_) {
    kernels_.guide(above, below, stride_, fraction, l, n, a, b);
  } else {
    kernels_.blend(above, below, fraction, n, a);
    kernels_.blend(above + stride_, below + stride_, fraction, n, b);
  }
}

}  // namespace colorlab::resample
