#include "loader/draws.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "colorlab/error.hpp"

namespace colorlab::loader {
namespace {

constexpr int kRounds = 6;
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

// SplitMix64 (Steele, Lea & Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x += kGolden;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t hash(std::uint64_t seed, std::uint64_t k, std::uint64_t attempt, Purpose purpose) {
  return mix(mix(mix(mix(seed) ^ k) ^ attempt) ^ static_cast<std::uint64_t>(purpose));
}

double uniform(std::uint64_t seed, std::uint64_t k, std::uint64_t attempt, Purpose purpose) {
  return static_cast<double>(hash(seed, k, attempt, purpose) >> 11) * 0x1p-53;
}

double Stream::uniform() { return static_cast<double>(mix(state_ += kGolden) >> 11) * 0x1p-53; }

float Stream::normal() {
  const std::uint64_t bits = mix(state_ += kGolden);
  const auto part = [bits](int shift) { return static_cast<std::int32_t>(bits >> shift & 0xFFFF); };
  const std::int32_t sum = part(0) + part(16) + part(32) + part(48) - 2 * 0xFFFF;
  return static_cast<float>(sum) * (1.7320508F / 65536.0F);  // each has variance 65536^2 / 12
}

std::uint64_t permute(std::uint64_t index, std::uint64_t count, std::uint64_t key) {
  if (count <= 1) return 0;
  const auto half = (static_cast<unsigned>(std::bit_width(count - 1)) + 1) / 2;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  std::uint64_t value = index;
  do {
    std::uint64_t left = value >> half, right = value & mask;
    for (int round = 0; round < kRounds; ++round) {
      const std::uint64_t next =
          left ^ (mix(mix(key + static_cast<std::uint64_t>(round)) ^ right) & mask);
      left = right;
      right = next;
    }
    value = left << half | right;
  } while (value >= count);
  return value;
}

PhotoDraw::PhotoDraw(std::size_t count, const std::vector<double>& weights, std::uint64_t seed)
    : count_(count), seed_(seed) {
  if (count == 0) {
    throw Error(ErrorCode::invalid_argument, "there are no photos to load", {},
                "Give folders, files or .tar shards that hold jpg, png or webp files");
  }
  if (weights.empty()) return;
  if (weights.size() != count) {
    throw Error(ErrorCode::invalid_argument, "there are " + std::to_string(weights.size()) +
                                                 " weights for " + std::to_string(count) +
                                                 " photos");
  }
  cumulative_.reserve(count);
  double sum = 0;
  for (const double weight : weights) {
    if (!(weight >= 0) || !std::isfinite(weight)) {
      throw Error(ErrorCode::invalid_argument, "weights must be finite and not negative");
    }
    sum += weight;
    cumulative_.push_back(sum);
  }
  if (!(sum > 0) || !std::isfinite(sum)) {
    throw Error(ErrorCode::invalid_argument, "the weights' sum must be positive and finite");
  }
}

std::size_t PhotoDraw::operator()(std::uint64_t k, std::uint64_t attempt) const {
  if (!cumulative_.empty()) {
    const double at = uniform(seed_, k, attempt, Purpose::photo) * cumulative_.back();
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), at);
    // Rounding may bring `at` to the sum itself: the first photo that reaches it has the weight.
    const auto last = std::lower_bound(cumulative_.begin(), cumulative_.end(), cumulative_.back());
    return static_cast<std::size_t>(std::min(found, last) - cumulative_.begin());
  }
  if (attempt > 0)
    return static_cast<std::size_t>(hash(seed_, k, attempt, Purpose::photo) % count_);
  return static_cast<std::size_t>(permute(k % count_, count_, mix(seed_) ^ mix(~(k / count_))));
}

}  // namespace colorlab::loader
