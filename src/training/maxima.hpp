#pragma once
/// The largest magnitudes of a step's gradients: what reducers decide by.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "cauchy/communication/channel.hpp"
#include "cauchy/reduction/grid.hpp"
#include "cauchy/training/reducer.hpp"

namespace cauchy::training {

/// Patterns of the largest magnitudes by part (block or tensor) of the gradient, over the threads of a rank, then over
/// ranks; and the first place where one reached a limit.
template <typename Real>
class Maxima {
 public:
  using Pattern = reduction::Pattern<Real>;

  /// `limit`: the lowest pattern that is a fault.
  Maxima(std::size_t parts, std::size_t tensors, std::size_t threads, Pattern limit)
      : tensors_(tensors), limit_(limit), largest_(parts), threads_(threads, {std::vector<Pattern>(parts), no_place}) {}

  void begin() {
    for (OfThread& thread : threads_) {
      std::ranges::fill(thread.largest, Pattern{0});
      thread.fault = no_place;
    }
  }

  void note(std::size_t thread, std::uint64_t shard, std::size_t tensor, std::size_t part, Pattern pattern) {
    OfThread& own = threads_[thread];
    own.largest[part] = std::max(own.largest[part], pattern);
    if (pattern >= limit_) {
      own.fault = std::min(own.fault, static_cast<std::int64_t>(shard * tensors_ + tensor));
    }
  }

  /// Collective. Over all threads and ranks.
  std::span<const Pattern> reduce(communication::Channel& channel) {
    std::ranges::fill(largest_, Pattern{0});
    for (const OfThread& thread : threads_) {
      std::ranges::transform(largest_, thread.largest, largest_.begin(),
                             [](Pattern a, Pattern b) { return std::max(a, b); });
    }
    channel.maximum(std::span(largest_));
    return largest_;
  }

  /// Whether there is a fault anywhere. After reduce().
  bool have_fault() const {
    return std::ranges::any_of(largest_, [this](Pattern pattern) { return pattern >= limit_; });
  }

  /// Collective. The lowest place of all ranks, if there is a fault.
  Fault fault(communication::Channel& channel) const {
    std::int64_t negative = -std::ranges::min(threads_, {}, &OfThread::fault).fault;
    channel.maximum(std::span(&negative, 1));
    const auto place = static_cast<std::uint64_t>(-negative);
    return {place / tensors_, place % tensors_};
  }

 private:
  static constexpr std::int64_t no_place = std::numeric_limits<std::int64_t>::max();

  struct OfThread {
    std::vector<Pattern> largest;
    std::int64_t fault = no_place;  ///< shard · tensors + tensor
  };

  std::size_t tensors_;
  Pattern limit_;
  std::vector<Pattern> largest_;
  std::vector<OfThread> threads_;
};

}  // namespace cauchy::training
