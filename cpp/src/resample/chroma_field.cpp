#include "resample/chroma_field.hpp"

#include <cmath>
#include <limits>

#include "colorlab/error.hpp"
#include "resample/guided.hpp"

namespace colorlab::resample {
namespace {

constexpr float kLargestAb = 1000.0F;  // far outside every real colour; keeps all sums finite
constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

std::vector<float> planes_of(ImageView<const float> ab) {
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

void check_ab(ImageView<const float> ab_low) {
  if (ab_low.pixels() == 0 || ab_low.channels != 2) {
    throw Error(ErrorCode::shape, "ab must be of shape (h, w, 2) with h and w at least 1");
  }
  for (std::size_t y = 0; y < ab_low.height; ++y) {
    const float* row = ab_low.row(y);
    for (std::size_t i = 0; i < 2 * ab_low.width; ++i) {
      if (!(std::abs(row[i]) <= kLargestAb)) {
        throw Error(ErrorCode::invalid_argument,
                    "ab must be finite a* and b*, within -1000 and 1000");
      }
    }
  }
}

ChromaField::ChromaField(ImageView<const float> ab_low, ImageView<const float> l_low,
                         std::size_t height, std::size_t width, Upsample method)
    : low_height_(ab_low.height),
      low_width_(ab_low.width),
      planes_(method == Upsample::guided ? 4 : 2),
      rows_(ab_low.height, height),
      columns_(ab_low.width, width) {
  check_ab(ab_low);
  values_ = method == Upsample::guided ? fit_guided(ab_low, l_low, {}) : planes_of(ab_low);
}

ChromaRows::ChromaRows(const ChromaField& field, std::size_t left, std::size_t width)
    : field_(field), left_(left), width_(width), held_{kNone, kNone} {
  for (auto& slot : slots_) slot.resize(field.planes_ * width);
}

const float* ChromaRows::wide(std::size_t low_y) {
  const std::size_t slot = low_y % 2;
  float* out = slots_[slot].data();
  if (held_[slot] == low_y) return out;
  held_[slot] = low_y;
  for (std::size_t p = 0; p < field_.planes_; ++p) {
    const float* from =
        field_.values_.data() + (p * field_.low_height_ + low_y) * field_.low_width_;
    for (std::size_t x = 0; x < width_; ++x) {
      const auto weights = field_.columns_.weights(left_ + x);
      const float* first = from + field_.columns_.first(left_ + x);
      float sum = 0.0F;
      for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * first[k];
      out[p * width_ + x] = sum;
    }
  }
  return out;
}

void ChromaRows::row(std::size_t y, const float* l, float* a, float* b) {
  const auto weights = field_.rows_.weights(y);
  const std::size_t first = field_.rows_.first(y);
  // A full-size ab may be larger than the image; then an area average takes more than two rows.
  const std::size_t planes = field_.planes_;
  for (std::size_t x = 0; x < width_; ++x) a[x] = b[x] = 0.0F;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const float* low = wide(first + k);
    const float weight = weights[k];
    if (planes == 2) {
      for (std::size_t x = 0; x < width_; ++x) {
        a[x] += weight * low[x];
        b[x] += weight * low[width_ + x];
      }
    } else {
      for (std::size_t x = 0; x < width_; ++x) {
        a[x] += weight * (low[x] * l[x] + low[width_ + x]);
        b[x] += weight * (low[2 * width_ + x] * l[x] + low[3 * width_ + x]);
      }
    }
  }
}

}  // namespace colorlab::resample
