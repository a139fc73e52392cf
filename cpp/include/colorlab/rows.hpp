// Photographs row by row, for those too large to be held: where rows come from and where they go.
#pragma once

#include <cstddef>

#include "colorlab/cancel.hpp"
#include "colorlab/image.hpp"

namespace colorlab {

// The shape of an image whose rows come one band after the other.
struct RowShape {
  std::size_t height = 0, width = 0;
  std::size_t channels = 0;  // 1 grey, 2 +alpha, 3 RGB, 4 RGBA
  Depth depth = Depth::u8;

  friend bool operator==(const RowShape&, const RowShape&) = default;
};

class RowSource {
 public:
  virtual ~RowSource() = default;

  [[nodiscard]] virtual RowShape shape() const = 0;
  // The next rows, from the top down, as many as suit the source; no rows at the end. `cancel` may
  // be null. May be called from another thread than the last call was.
  [[nodiscard]] virtual Image next(CancelToken* cancel) = 0;
  // Back to the first row.
  virtual void rewind() = 0;
};

class RowSink {
 public:
  virtual ~RowSink() = default;

  [[nodiscard]] virtual RowShape shape() const = 0;
  // Takes the next rows: of shape().width, channels and depth. `cancel` may be null. May be called
  // from another thread than the last call was.
  virtual void write(const Image& band, CancelToken* cancel) = 0;
};

}  // namespace colorlab
