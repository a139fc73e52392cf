#include "loader/film.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "color/reference.hpp"
#include "colorlab/color.hpp"
#include "colorlab/io.hpp"
#include "loader/draws.hpp"

namespace colorlab::loader {
namespace {

using color::Row;

// What emulsions recorded of linear sRGB red, green and blue, roughly: after the sensitivity curves
// in makers' data sheets, summed over the primaries, 1 for white.
constexpr std::array<Row, 4> kEmulsions = {{
    {0.00, 0.12, 0.88},  // blue-sensitive plates, until about 1880
    {0.03, 0.55, 0.42},  // orthochromatic: blind to red
    {0.32, 0.38, 0.30},  // early panchromatic: flat, with too much blue
    {0.55, 0.38, 0.07},  // panchromatic behind an orange filter: dark skies
}};

// Tables with a step of at most a fifth of an 8-bit code, which no network sees.
constexpr std::size_t kSteps = 16384;
using Table = std::array<float, kSteps + 1>;

Table tabulate(double (*curve)(double)) {
  Table table{};
  for (std::size_t i = 0; i <= kSteps; ++i) {
    table[i] = static_cast<float>(curve(static_cast<double>(i) / kSteps));
  }
  return table;
}

float look_up(const Table& table, float value) {
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): lround takes several times as long
  return table[static_cast<std::size_t>(std::clamp(value, 0.0F, 1.0F) * kSteps + 0.5F)];
}

// Linear light as an emulsion between the eye's luminance and `emulsion` records it.
void expose(const std::vector<float>& rgb, const Row& emulsion, double share,
            std::vector<float>& grey) {
  static const Table linear = tabulate(color::reference::decode);
  std::array<float, 3> weights{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double luminance = color::kXyzFromRgb[1][c];
    weights[c] = static_cast<float>(luminance + share * (emulsion[c] - luminance));
  }
  for (std::size_t i = 0; i < grey.size(); ++i) {
    grey[i] = weights[0] * look_up(linear, rgb[3 * i]) +
              weights[1] * look_up(linear, rgb[3 * i + 1]) +
              weights[2] * look_up(linear, rgb[3 * i + 2]);
  }
}

// Gaussian, separable, edges repeated.
void blur(std::size_t side, double sigma, FilmScratch& scratch) {
  const auto reach = static_cast<std::ptrdiff_t>(std::ceil(3 * sigma));
  if (reach == 0) return;
  scratch.kernel.resize(static_cast<std::size_t>(2 * reach + 1));
  float sum = 0;
  for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
    const double distance = static_cast<double>(i) / sigma;
    sum += scratch.kernel[static_cast<std::size_t>(i + reach)] =
        static_cast<float>(std::exp(-0.5 * distance * distance));
  }
  for (float& weight : scratch.kernel) weight /= sum;

  const auto last = static_cast<std::ptrdiff_t>(side) - 1;
  scratch.blurred.resize(side * side);
  // Each pass writes its result transposed: twice along the rows is once along each axis.
  const auto pass = [&](const std::vector<float>& from, std::vector<float>& to) {
    for (std::ptrdiff_t y = 0; y <= last; ++y) {
      const float* row = &from[static_cast<std::size_t>(y) * side];
      for (std::ptrdiff_t x = 0; x <= last; ++x) {
        float value = 0;
        for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
          value += scratch.kernel[static_cast<std::size_t>(i + reach)] *
                   row[std::clamp<std::ptrdiff_t>(x + i, 0, last)];
        }
        to[static_cast<std::size_t>(x) * side + static_cast<std::size_t>(y)] = value;
      }
    }
  };
  pass(scratch.grey, scratch.blurred);
  pass(scratch.blurred, scratch.grey);
}

void compress(std::size_t side, int quality, FilmScratch& scratch) {
  scratch.bytes.resize(scratch.grey.size());
  std::transform(scratch.grey.begin(), scratch.grey.end(), scratch.bytes.begin(),
                 // NOLINTNEXTLINE(bugprone-incorrect-roundings): as above
                 [](float value) { return static_cast<std::uint8_t>(value * 255.0F + 0.5F); });
  const auto file = encode_jpeg({scratch.bytes.data(), side, side, 1}, quality);
  ReadOptions reading;
  reading.mode = ReadMode::grey;
  const Image image = decode(file, reading);
  const auto* bytes = image.view<std::uint8_t>().data;
  std::transform(bytes, bytes + scratch.grey.size(), scratch.grey.begin(),
                 [](std::uint8_t value) { return static_cast<float>(value) / 255.0F; });
}

}  // namespace

bool film_lightness(const std::vector<float>& rgb, std::size_t side, const FilmOptions& options,
                    std::uint64_t key, FilmScratch& scratch, std::vector<float>& lightness) {
  Stream draw(key);
  const bool altered = draw.uniform() < options.share;
  const bool any = std::max({options.response, options.blur, options.gamma, options.contrast,
                             options.fading, options.grain, options.jpeg}) > 0;
  if (!any || !altered) return false;
  // Every number is drawn whatever the strengths: one effect does not move the others.
  const Row& emulsion = kEmulsions[static_cast<std::size_t>(draw.uniform() * kEmulsions.size())];
  const double response = options.response * draw.uniform();
  const double sigma = options.blur * draw.uniform();
  const auto exponent = static_cast<float>(std::exp2(options.gamma * (2 * draw.uniform() - 1)));
  const auto slope = static_cast<float>(std::exp2(options.contrast * draw.uniform()));
  const double lost = options.fading * draw.uniform(), lifted = draw.uniform();
  const auto grain = static_cast<float>(options.grain * draw.uniform());
  const int quality = 95 - static_cast<int>(75 * options.jpeg * draw.uniform());

  scratch.grey.resize(side * side);
  expose(rgb, emulsion, response, scratch.grey);
  blur(side, sigma, scratch);
  static const Table encoded = tabulate(color::reference::encode);
  const auto black = static_cast<float>(lost * lifted), range = static_cast<float>(1 - lost);
  for (float& value : scratch.grey) {
    float tone = look_up(encoded, value);
    if (exponent != 1) tone = std::pow(tone, exponent);
    tone = std::clamp((tone - 0.5F) * slope + 0.5F, 0.0F, 1.0F);
    if (grain > 0) tone += 2 * grain * std::sqrt(tone * (1 - tone)) * draw.normal();
    value = std::clamp(black + range * tone, 0.0F, 1.0F);
  }
  if (options.jpeg > 0) compress(side, quality, scratch);
  colorlab::lightness<float>(ImageView<const float>(scratch.grey.data(), side, side, 1),
                             ImageView<float>(lightness.data(), side, side, 1), 1);
  return true;
}

}  // namespace colorlab::loader
