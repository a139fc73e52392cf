#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"
#include "colorlab/resample.hpp"
#include "resample/chroma_field.hpp"

namespace colorlab {

void upsample_ab(ImageView<const float> ab_low, ImageView<const float> l, ImageView<float> ab,
                 Upsample method, int threads) {
  if (l.pixels() == 0 || l.channels != 1) {
    throw Error(ErrorCode::shape, "lightness must be of shape (H, W) with H and W at least 1");
  }
  if (ab.height != l.height || ab.width != l.width || ab.channels != 2) {
    throw Error(ErrorCode::shape, "the full-size ab must be as large as the lightness");
  }
  const resample::LowChroma low(ab_low, l.height, l.width);
  std::vector<float> l_low;
  ImageView<float> reduced;
  if (method == Upsample::guided) {
    l_low.resize(low.view().pixels());
    reduced = {l_low.data(), low.view().height, low.view().width, 1};
    resize_area(l, reduced, threads);
  }
  const resample::ChromaField field(low, reduced, l.height, l.width, method);
  parallel_rows(l.height, threads_for(l.pixels(), threads),
                [&](std::size_t begin, std::size_t end) {
                  resample::ChromaRows rows(field);
                  std::vector<float> a(l.width);
                  std::vector<float> b(l.width);
                  for (std::size_t y = begin; y < end; ++y) {
                    rows.row(y, 0, l.width, l.row(y), a.data(), b.data());
                    float* out = ab.row(y);
                    for (std::size_t x = 0; x < l.width; ++x) {
                      out[2 * x] = a[x];
                      out[2 * x + 1] = b[x];
                    }
                  }
                });
}

}  // namespace colorlab
