#pragma once
/// Error feedback: what rounding left of a shard's gradient is added to its next one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// The remainders of a rank's shards, two of each: the one that the last accepted step left, and the one that the
/// present step will leave if it is accepted. They belong to shards, never to ranks or threads, or the sum would depend
/// on the number of these. A shard that has no samples in a step keeps its remainder.
template <typename Real>
class Feedback {
 public:
  /// `shards`: of all ranks.
  Feedback(const communication::Communicator& ranks, std::uint64_t shards, std::size_t elements)
      : ranks_(ranks), shards_(shards), elements_(elements), local_(shards_of(ranks.rank())) {
    for (std::uint64_t shard = local_.first; shard < local_.last; ++shard) {
      remainders_.push_back({Vector(elements), Vector(elements)});
    }
  }

  /// Starts a step, or its repetition.
  void begin() {
    for (OfShard& shard : remainders_) {
      shard.delivered = false;
    }
  }

  /// What a shard has to round in place of a part of its gradient, at this offset; the caller leaves there what
  /// rounding leaves. Threads may ask for different shards at the same time.
  std::span<Real> add(std::uint64_t shard, std::size_t offset, std::span<const Real> gradient) {
    OfShard& own = of(shard);
    own.delivered = true;
    const auto result = std::span(own.next).subspan(offset, gradient.size());
    std::ranges::transform(gradient, std::span(own.last).subspan(offset, gradient.size()), result.begin(),
                           [](Real value, Real remainder) { return value + remainder; });
    return result;
  }

  /// The step is accepted.
  void accept() {
    for (OfShard& shard : remainders_) {
      if (shard.delivered) {
        shard.last.swap(shard.next);
      }
    }
  }

  /// Collective. The remainders of all shards, on the root. Each that another rank holds is broadcast: (P-1)/P of the
  /// shards' vectors pass through every rank.
  void gather(Residuals<Real>& on_root) {
    const core::Doing doing("collecting what rounding left");
    for_each_shard([&](std::uint64_t shard, int owner) {
      const bool is_own = owner == ranks_.rank();
      if (owner != 0) {
        const auto values = ranks_.is_root() ? std::span(on_root[shard]) : std::span(is_own ? of(shard).last : spare());
        ranks_.template broadcast<Real>(values, owner);
      } else if (is_own) {
        on_root[shard] = of(shard).last;
      }
    });
    spare_ = {};
  }

  /// Collective. Each rank takes the remainders of its shards from the root, where none at all stand for zeros, and are
  /// given their size. Throws an agreed core::UserError if they belong to another number of shards.
  void scatter(Residuals<Real>& on_root) {
    std::uint64_t count = on_root.size();
    ranks_.broadcast<std::uint64_t>({&count, 1});
    if (count == 0) {
      on_root.assign(ranks_.is_root() ? shards_ : 0, Vector(elements_));
      return;
    }
    if (count != shards_) {
      throw core::UserError("the checkpoint holds what rounding left in " + std::to_string(count) + " shards, not " +
                            std::to_string(shards_))
          .as_agreed();
    }
    const core::Doing doing("spreading what rounding left");
    for_each_shard([&](std::uint64_t shard, int owner) {
      const bool is_own = owner == ranks_.rank();
      if (owner != 0) {
        ranks_.template broadcast<Real>(ranks_.is_root() ? std::span(on_root[shard])
                                                         : std::span(is_own ? of(shard).last : spare()));
      } else if (is_own) {
        of(shard).last = on_root[shard];
      }
    });
    spare_ = {};
  }

 private:
  using Vector = linear_algebra::AlignedVector<Real>;

  struct OfShard {
    Vector last;
    Vector next;
    bool delivered = false;
  };

  data::Range shards_of(int rank) const {
    return data::rank_shards(shards_, static_cast<std::uint64_t>(rank), static_cast<std::uint64_t>(ranks_.size()));
  }

  OfShard& of(std::uint64_t shard) { return remainders_[shard - local_.first]; }

  /// Where what other ranks tell each other goes.
  Vector& spare() {
    spare_.resize(elements_);
    return spare_;
  }

  template <typename Work>
  void for_each_shard(const Work& work) {
    for (int rank = 0; rank < ranks_.size(); ++rank) {
      const data::Range shards = shards_of(rank);
      for (std::uint64_t shard = shards.first; shard < shards.last; ++shard) {
        work(shard, rank);
        core::note_progress();
      }
    }
  }

  communication::Communicator ranks_;
  std::uint64_t shards_;
  std::size_t elements_;
  data::Range local_;
  std::vector<OfShard> remainders_;
  Vector spare_;
};

}  // namespace cauchy::training
