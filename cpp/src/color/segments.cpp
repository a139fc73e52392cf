#include "color/segments.hpp"

#include <cmath>
#include <cstring>
#include <numbers>

#include "color/reference.hpp"

namespace colorlab::color {
namespace {

// The polynomial through f at the Chebyshev nodes of [-half, half], within 1.2 of the best there
// is.
template <std::size_t kTerms, class Function>
void interpolate(const Function& f, double half, double (&c)[kTerms]) {
  double node[kTerms], divided[kTerms];
  for (std::size_t i = 0; i < kTerms; ++i) {
    node[i] = half * std::cos(std::numbers::pi * (2.0 * static_cast<double>(i) + 1) / (2 * kTerms));
    divided[i] = f(node[i]);
  }
  for (std::size_t order = 1; order < kTerms; ++order) {  // Newton's divided differences
    for (std::size_t i = kTerms - 1; i >= order; --i) {
      divided[i] = (divided[i] - divided[i - 1]) / (node[i] - node[i - order]);
    }
  }
  for (double& term : c) term = 0;
  for (std::size_t i = kTerms; i-- > 0;) {  // c = c * (x - node[i]) + divided[i]
    for (std::size_t k = kTerms - 1; k > 0; --k) c[k] = c[k - 1] - node[i] * c[k];
    c[0] = divided[i] - node[i] * c[0];
  }
}

template <std::size_t kTerms, int kPerOctave, class Function>
Segments<kTerms, kPerOctave> segments(int first_exponent, const Function& f) {
  using Table = Segments<kTerms, kPerOctave>;
  Table table{};
  for (int s = 0; s < Table::kCount; ++s) {
    const double octave = std::ldexp(1.0, first_exponent + s / kPerOctave);
    const float begin =
        static_cast<float>(octave * (1 + static_cast<double>(s % kPerOctave) / kPerOctave));
    std::uint32_t bits = 0;
    std::memcpy(&bits, &begin, sizeof(bits));
    double c[kTerms];
    interpolate([&](double at) { return f(begin + (at + Table::kHalf) * octave); }, Table::kHalf,
                c);
    for (std::size_t k = 0; k < kTerms; ++k) {
      table.c[k][(bits >> Table::kShift) % Table::kCount] = static_cast<float>(c[k]);
    }
  }
  return table;
}

// The power's curve only: the kernels choose the linear part themselves.
double encode_power(double shifted) {
  const double x = (shifted - kEncodeArgument.shift) / kEncodeArgument.scale;
  return (1 + kOffset) * std::pow(std::max(x, 1e-4), 1 / kGamma) - kOffset;
}

double encode_8bit(double shifted) {
  constexpr Affine kArgument = encode_8bit_argument();
  return 255 * reference::encode((shifted - kArgument.shift) / kArgument.scale);
}

template <class Function>
ByteTable byte_table(const Function& f) {
  ByteTable table{};
  for (int code = 0; code < 256; ++code) {
    table.value[code] = static_cast<float>(f(code / 255.0));
    std::uint32_t bits = 0;
    std::memcpy(&bits, &table.value[code], sizeof(bits));
    for (int p = 0; p < 4; ++p) table.plane[p][code] = static_cast<std::uint8_t>(bits >> (8 * p));
  }
  return table;
}

}  // namespace

const Segments<5, 4>& f_segments() {
  static const auto table = segments<5, 4>(-7, [](double t) { return std::cbrt(t); });
  return table;
}

const Segments<5, 4>& encode_segments() {
  static const auto table = segments<5, 4>(-8, encode_power);
  return table;
}

const Segments<4, 4>& encode_segments_8bit() {
  static const auto table = segments<4, 4>(-8, encode_8bit);
  return table;
}

const Segments<6, 1>& encode_segments_8bit_of_8() {
  static const auto table = segments<6, 1>(-8, encode_8bit);
  return table;
}

const ByteTable& decode_table() {
  static const ByteTable table = byte_table(reference::decode);
  return table;
}

const ByteTable& grey_lightness_table() {
  static const ByteTable table = byte_table(reference::lightness_of_grey);
  return table;
}

}  // namespace colorlab::color
