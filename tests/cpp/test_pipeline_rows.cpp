// Rows to the network and back: bit for bit what whole images give.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "colorlab/error.hpp"
#include "colorlab/luma_chroma.hpp"
#include "colorlab/row_pipeline.hpp"
#include "testing.hpp"

namespace {

using namespace colorlab;

class ImageRows : public RowSource {
 public:
  ImageRows(const Image& image, std::size_t band) : image_(image), band_(band) {}
  [[nodiscard]] RowShape shape() const override {
    return {image_.height(), image_.width(), image_.channels(), image_.depth()};
  }
  [[nodiscard]] Image next(CancelToken* cancel) override {
    if (cancel != nullptr) cancel->check();
    const std::size_t rows = std::min(band_, image_.height() - row_);
    if (rows == 0) return {};
    const std::size_t stride = image_.bytes() / image_.height();
    Image part(rows, image_.width(), image_.channels(), image_.depth());
    std::memcpy(part.data(), image_.data() + row_ * stride, part.bytes());
    row_ += rows;
    return part;
  }
  void rewind() override {
    row_ = 0;
    ++readings;
  }
  int readings = 0;

 private:
  const Image& image_;
  std::size_t band_, row_ = 0;
};

class Collector : public RowSink {
 public:
  explicit Collector(const RowShape& shape)
      : image(shape.height, shape.width, shape.channels, shape.depth) {}
  [[nodiscard]] RowShape shape() const override {
    return {image.height(), image.width(), image.channels(), image.depth()};
  }
  void write(const Image& band, CancelToken*) override {
    REQUIRE(at_ + band.bytes() <= image.bytes());
    std::memcpy(image.data() + at_, band.data(), band.bytes());
    at_ += band.bytes();
  }
  Image image;

 private:
  std::size_t at_ = 0;
};

template <class T>
Image noise(std::size_t height, std::size_t width, std::size_t channels) {
  std::mt19937 random(3);
  Image image(height, width, channels, sizeof(T) == 2 ? Depth::u16 : Depth::u8);
  const auto view = image.view<T>();
  for (std::size_t i = 0; i < view.pixels() * channels; ++i) {
    view.data[i] = static_cast<T>(random());
  }
  return image;
}

std::vector<float> colors(std::size_t count) {
  std::mt19937 random(4);
  std::uniform_real_distribution<float> values(-60, 60);
  std::vector<float> ab(2 * count);
  for (float& value : ab) value = values(random);
  return ab;
}

template <class T>
void check_depth() {
  for (const std::size_t channels : {1U, 3U}) {
    const Image image = noise<T>(57, 91, channels);
    const auto ab_data = colors(7 * 11);
    const ImageView<const float> ab(ab_data.data(), 7, 11, 2);
    for (const Preserve preserve : {Preserve::lightness, Preserve::luma}) {
      for (const Upsample method : {Upsample::guided, Upsample::bilinear}) {
        Image whole(57, 91, 3, image.depth());
        const Certificate expected =
            recolor<T>(image.template view<T>(), ab, whole.template view<T>(), preserve, method, 1);
        for (const std::size_t band : {1U, 5U, 57U}) {
          ImageRows photo(image, band);
          Collector out({57, 91, 3, image.depth()});
          const Certificate certificate =
              recolor_rows(photo, ab, {}, out, {preserve, method, 2}, nullptr);
          CHECK(std::memcmp(out.image.data(), whole.data(), whole.bytes()) == 0);
          CHECK(certificate.max_delta_l == expected.max_delta_l);
          CHECK(certificate.mean_delta_l == expected.mean_delta_l);
          CHECK(certificate.mean_delta_luma == expected.mean_delta_luma);
          CHECK(certificate.reduced_chroma == expected.reduced_chroma);
          CHECK(photo.readings == (method == Upsample::guided ? 2 : 1));
        }
      }
    }
  }
}

TEST_CASE("recolouring rows is recolouring the image, whatever the bands") {
  check_depth<std::uint8_t>();
  check_depth<std::uint16_t>();
}

TEST_CASE("lightness is reduced to several sizes in one reading, smaller and larger") {
  const Image image = noise<std::uint8_t>(40, 30, 1);
  for (const std::size_t band : {1U, 7U, 64U}) {
    ImageRows photo(image, band);
    const std::size_t sizes[][2] = {{8, 8}, {40, 30}, {13, 60}, {90, 7}, {1, 1}};
    std::vector<std::vector<float>> planes;
    std::vector<ImageView<float>> targets;
    for (const auto& [height, width] : sizes) {
      planes.emplace_back(height * width);
      targets.emplace_back(planes.back().data(), height, width, 1);
    }
    reduce_rows(photo, targets, nullptr);
    CHECK(photo.readings == 1);
    for (const ImageView<float>& target : targets) {
      std::vector<float> tensor(target.pixels());
      preprocess(image.view<std::uint8_t>(),
                 ImageView<float>(tensor.data(), target.height, target.width, 1), 1);
      for (std::size_t i = 0; i < tensor.size(); ++i) {
        CHECK(target.data[i] / 50.0F - 1.0F == tensor[i]);
      }
    }
  }
}

TEST_CASE("a guide of the right size spares a reading") {
  const Image image = noise<std::uint16_t>(40, 30, 3);
  const auto ab_data = colors(5 * 6);
  const ImageView<const float> ab(ab_data.data(), 5, 6, 2);
  ImageRows photo(image, 9);
  std::vector<float> plane(5 * 6);
  const ImageView<float> guide(plane.data(), 5, 6, 1);
  reduce_rows(photo, {&guide, 1}, nullptr);
  Collector with({40, 30, 3, Depth::u16}), without({40, 30, 3, Depth::u16});
  (void)recolor_rows(photo, ab, guide, with, {}, nullptr);
  CHECK(photo.readings == 2);
  (void)recolor_rows(photo, ab, {}, without, {}, nullptr);
  CHECK(photo.readings == 4);
  CHECK(std::memcmp(with.image.data(), without.image.data(), with.image.bytes()) == 0);
}

TEST_CASE("work on rows stops when it is cancelled, and refuses what does not fit") {
  const Image image = noise<std::uint8_t>(40, 30, 1);
  const auto ab_data = colors(4);
  const ImageView<const float> ab(ab_data.data(), 2, 2, 2);
  ImageRows photo(image, 4);
  CancelToken token;
  token.cancel();
  Collector out({40, 30, 3, Depth::u8});
  CHECK_THROWS_AS((void)recolor_rows(photo, ab, {}, out, {}, &token), Error);
  Collector narrow({40, 29, 3, Depth::u8}), deep({40, 30, 3, Depth::u16});
  CHECK_THROWS_AS((void)recolor_rows(photo, ab, {}, narrow, {}, nullptr), Error);
  CHECK_THROWS_AS((void)recolor_rows(photo, ab, {}, deep, {}, nullptr), Error);
}

TEST_CASE("a source that breaks its promise is an error, not a picture") {
  // Says that it has other rows than it gives.
  class Liar : public ImageRows {
   public:
    Liar(const Image& image, const RowShape& said) : ImageRows(image, 4), said_(said) {}
    [[nodiscard]] RowShape shape() const override { return said_; }

   private:
    RowShape said_;
  };
  const Image image = noise<std::uint8_t>(40, 30, 1);
  const auto ab_data = colors(4);
  const ImageView<const float> ab(ab_data.data(), 2, 2, 2);
  for (const RowShape& said : {RowShape{41, 30, 1, Depth::u8}, RowShape{39, 30, 1, Depth::u8},
                               RowShape{40, 31, 1, Depth::u8}, RowShape{40, 30, 3, Depth::u8},
                               RowShape{40, 30, 1, Depth::u16}}) {
    CAPTURE(said.height);
    Liar photo(image, said);
    Collector out({said.height, said.width, 3, said.depth});
    CHECK(testing::code_of([&] { (void)recolor_rows(photo, ab, {}, out, {}, nullptr); }) ==
          ErrorCode::shape);
    std::vector<float> plane(4);
    const ImageView<float> target(plane.data(), 2, 2, 1);
    CHECK(testing::code_of([&] { reduce_rows(photo, {&target, 1}, nullptr); }) == ErrorCode::shape);
    if (said.channels != 1 || said.depth != Depth::u8) continue;
    Collector half({(said.height + 1) / 2, (said.width + 1) / 2, 2, Depth::u8});
    CHECK(testing::code_of([&] {
            (void)chroma_rows_for_luma(photo, ab, half, Upsample::guided, 1);
          }) == ErrorCode::shape);
  }
}

}  // namespace
