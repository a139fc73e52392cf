#include "resample/axis.hpp"

#include <algorithm>

namespace colorlab::resample {

AxisPlan::AxisPlan(std::size_t source, std::size_t target) : keeps_(source == target) {
  first_.reserve(target);
  offsets_.reserve(target + 1);
  weights_.reserve(std::max(source, target) + target);
  const auto share = [](std::size_t part, std::size_t whole) {
    return static_cast<float>(static_cast<double>(part) / static_cast<double>(whole));
  };
  for (std::size_t i = 0; i < target; ++i) {
    if (source >= target) {
      // In units of 1/target of a source sample, target i covers [i*source, (i+1)*source).
      const std::size_t begin = i * source;
      const std::size_t end = begin + source;
      const std::size_t last = (end - 1) / target;
      first_.push_back(begin / target);
      for (std::size_t s = begin / target; s <= last; ++s) {
        const std::size_t covered = std::min(end, (s + 1) * target) - std::max(begin, s * target);
        weights_.push_back(share(covered, source));
      }
    } else {
      // Its centre lies at ((2i+1)*source - target) / (2*target) on the axis of source centres.
      const std::size_t centre = (2 * i + 1) * source;
      const std::size_t position = centre > target ? centre - target : 0;
      const std::size_t low = std::min(position / (2 * target), source - 1);
      const std::size_t rest = position - low * 2 * target;
      first_.push_back(low);
      if (rest == 0 || low + 1 == source) {
        weights_.push_back(1.0F);
      } else {
        const float upper = share(rest, 2 * target);
        weights_.push_back(1.0F - upper);
        weights_.push_back(upper);
      }
    }
    offsets_.push_back(weights_.size());
  }
}

}  // namespace colorlab::resample
