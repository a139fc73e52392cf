// Random numbers without state: every value is a function of (seed, k, purpose), so that samples
// can be made in any order, by any thread, and again.
#pragma once

#include <cstdint>
#include <vector>

namespace colorlab::loader {

// What a number is drawn for; numbers of different purposes are independent.
enum class Purpose : std::uint64_t { photo, scale, row, column, mirror, film };

// 64 well-mixed bits of the key (SplitMix64's finalizer, chained).
[[nodiscard]] std::uint64_t hash(std::uint64_t seed, std::uint64_t k, std::uint64_t attempt,
                                 Purpose purpose);

// The same as a number in [0, 1).
[[nodiscard]] double uniform(std::uint64_t seed, std::uint64_t k, std::uint64_t attempt,
                             Purpose purpose);

// Numbers in [0, 1), one after another, for what needs many of the same purpose.
class Stream {
 public:
  explicit Stream(std::uint64_t key) : state_(key) {}
  [[nodiscard]] double uniform();
  [[nodiscard]] float normal();  // mean 0, variance 1; the sum of four uniform numbers, within 3.5

 private:
  std::uint64_t state_;
};

// Where `index` < `count` comes to lie in the permutation number `key` of 0..count-1: a Feistel
// network over the next power of four, walked until it lands inside. No table, O(1) on average.
[[nodiscard]] std::uint64_t permute(std::uint64_t index, std::uint64_t count, std::uint64_t key);

// Which photo sample k shows. Without weights each photo once an epoch, in a new order each time;
// with weights, draws with replacement. `attempt` > 0 draws a replacement for an unreadable photo.
class PhotoDraw {
 public:
  // Throws Error(invalid_argument) unless weights are none, or `count` finite ones >= 0, not all 0.
  PhotoDraw(std::size_t count, const std::vector<double>& weights, std::uint64_t seed);
  [[nodiscard]] std::size_t operator()(std::uint64_t k, std::uint64_t attempt) const;

 private:
  std::uint64_t count_;
  std::uint64_t seed_;
  std::vector<double> cumulative_;
};

}  // namespace colorlab::loader
