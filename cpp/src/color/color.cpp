// Images of any layout to rows that the kernels take: contiguous images are cut into equal chunks,
// others go row by row, and rows of odd strides pass through a small buffer.
#include "colorlab/color.hpp"

#include <algorithm>
#include <atomic>
#include <string>

#include "color/kernels.hpp"
#include "colorlab/error.hpp"
#include "colorlab/parallel.hpp"

namespace colorlab {
namespace {

using color::Row3;

constexpr std::size_t kStaged = 1024;  // pixels staged at a time: stays in the L1 cache
constexpr std::size_t kChunk = 16384;  // pixels per unit of parallel work in contiguous images

void require(bool holds, const char* what) {
  if (!holds) throw Error(ErrorCode::shape, what);
}

template <class T>
bool rows_join(const PixelView<T>& view) {
  return view.height == 1 ||
         view.row_stride == static_cast<std::ptrdiff_t>(view.width) * view.pixel_stride;
}

// Calls run(first pixel's row, column, count) over the whole image, in parallel.
template <class Run>
void for_each_run(bool joined, std::size_t height, std::size_t width, int threads, const Run& run) {
  const std::size_t pixels = height * width;
  if (pixels == 0) return;
  const int used = threads_for(pixels, threads);
  if (joined && used == 1) {  // pipelines come with small pieces of rows
    run(std::size_t{0}, std::size_t{0}, pixels);
    return;
  }
  if (!joined) {
    parallel_rows(height, used, [&](std::size_t begin, std::size_t end) {
      for (std::size_t y = begin; y < end; ++y) run(y, std::size_t{0}, width);
    });
    return;
  }
  const std::size_t chunks = (pixels + kChunk - 1) / kChunk;
  parallel_rows(chunks, used, [&](std::size_t begin, std::size_t end) {
    const std::size_t first = begin * kChunk;
    run(std::size_t{0}, first, std::min(end * kChunk, pixels) - first);
  });
}

// Pixels of a run as the kernels take them: in place, or up to kStaged of them in planes of a
// buffer, whose padding to whole blocks stays zero.
template <class T>
class RunOf {
 public:
  using Sample = std::remove_const_t<T>;

  RunOf(const PixelView<T>& view, std::size_t y, std::size_t x)
      : at_(view.pixel(y, x)), view_(view) {}

  [[nodiscard]] static bool in_place(const PixelView<T>& view) {
    return view.pixel_stride == 1 ||
           (view.channels == 3 && view.pixel_stride == 3 && view.channel_stride == 1);
  }

  [[nodiscard]] Row3<T> row(std::size_t offset) const {
    T* first = at_ + static_cast<std::ptrdiff_t>(offset) * view_.pixel_stride;
    Row3<T> row;
    row.step = view_.pixel_stride;
    for (std::size_t c = 0; c < view_.channels; ++c) {
      row.channel[c] = first + static_cast<std::ptrdiff_t>(c) * view_.channel_stride;
    }
    return row;
  }

  [[nodiscard]] Row3<Sample> planes() {
    return {{buffer_, buffer_ + kStaged, buffer_ + 2 * kStaged}, 1};
  }
  Row3<const Sample> read(std::size_t offset, std::size_t n) {
    const Row3<T> from = row(offset);
    for (std::size_t c = 0; c < view_.channels; ++c) {
      for (std::size_t i = 0; i < n; ++i) {
        buffer_[c * kStaged + i] = from.channel[c][static_cast<std::ptrdiff_t>(i) * from.step];
      }
      std::fill(buffer_ + c * kStaged + n, buffer_ + c * kStaged + padded(n), Sample{});
    }
    return {{buffer_, buffer_ + kStaged, buffer_ + 2 * kStaged}, 1};
  }
  void write(std::size_t offset, std::size_t n) const {
    const Row3<T> to = row(offset);
    for (std::size_t c = 0; c < view_.channels; ++c) {
      for (std::size_t i = 0; i < n; ++i) {
        to.channel[c][static_cast<std::ptrdiff_t>(i) * to.step] = buffer_[c * kStaged + i];
      }
    }
  }

  [[nodiscard]] static std::size_t padded(std::size_t n) {
    return (n + color::kBlock - 1) / color::kBlock * color::kBlock;
  }

 private:
  T* at_;
  const PixelView<T>& view_;
  alignas(64) Sample buffer_[3 * kStaged];
};

// Runs kernel(input row, output row, n) over both images, n a multiple of kBlock.
template <class In, class Out, class Kernel>
void transform(const PixelView<const In>& in, const PixelView<Out>& out, int threads,
               const Kernel& kernel) {
  const bool in_place = RunOf<const In>::in_place(in), out_in_place = RunOf<Out>::in_place(out);
  const auto run = [&](std::size_t y, std::size_t x, std::size_t n) {
    RunOf<const In> from(in, y, x);
    RunOf<Out> to(out, y, x);
    const std::size_t whole = in_place && out_in_place ? n / color::kBlock * color::kBlock : 0;
    if (whole > 0) kernel(from.row(0), to.row(0), whole);
    for (std::size_t i = whole; i < n; i += kStaged) {
      const std::size_t count = std::min(kStaged, n - i);
      kernel(from.read(i, count), to.planes(), RunOf<Out>::padded(count));
      to.write(i, count);
    }
  };
  for_each_run(rows_join(in) && rows_join(out), in.height, in.width, threads, run);
}

template <class A, class B>
void require_same_size(const PixelView<A>& a, const PixelView<B>& b) {
  require(a.height == b.height && a.width == b.width, "input and output differ in height or width");
}

}  // namespace

template <class T>
void rgb_to_lab(PixelView<const T> rgb, PixelView<float> lab, int threads) {
  require(rgb.channels == 3 && lab.channels == 3, "RGB and Lab need 3 channels each");
  require_same_size(rgb, lab);
  transform<T, float>(rgb, lab, threads, color::forward_kernels().of<T>().rgb_to_lab);
}

template <class T>
void lightness(PixelView<const T> image, PixelView<float> l, int threads, float scale,
               float offset) {
  require(image.channels == 3 || image.channels == 1, "lightness needs 1 (grey) or 3 channels");
  require(l.channels == 1, "L* has 1 channel");
  require_same_size(image, l);
  const color::ForwardRows<T>& rows = color::forward_kernels().of<T>();
  const bool grey = image.channels == 1;
  transform<T, float>(image, l, threads,
                      [&](const Row3<const T>& from, const Row3<float>& to, std::size_t n) {
                        if (grey) {
                          rows.grey_lightness(from.channel[0], to.channel[0], n, scale, offset);
                        } else {
                          rows.lightness(from, to.channel[0], n, scale, offset);
                        }
                      });
}

template <class T>
std::size_t lab_to_rgb(PixelView<const float> lab, PixelView<T> rgb, Gamut gamut, int threads) {
  require(rgb.channels == 3 && lab.channels == 3, "RGB and Lab need 3 channels each");
  require_same_size(rgb, lab);
  const auto kernel = color::backward_kernels().of<T>().lab_to_rgb;
  const bool chroma = gamut == Gamut::chroma;
  std::atomic<std::size_t> reduced{0};
  transform<float, T>(lab, rgb, threads,
                      [&](const Row3<const float>& from, const Row3<T>& to, std::size_t n) {
                        reduced += kernel(from, to, n, chroma);
                      });
  return reduced;
}

#define COLORLAB_INSTANTIATE(T)                                                        \
  template void rgb_to_lab<T>(PixelView<const T>, PixelView<float>, int);              \
  template void lightness<T>(PixelView<const T>, PixelView<float>, int, float, float); \
  template std::size_t lab_to_rgb<T>(PixelView<const float>, PixelView<T>, Gamut, int);
COLORLAB_INSTANTIATE(std::uint8_t)
COLORLAB_INSTANTIATE(std::uint16_t)
COLORLAB_INSTANTIATE(float)
#undef COLORLAB_INSTANTIATE

}  // namespace colorlab
