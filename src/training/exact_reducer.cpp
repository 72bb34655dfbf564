// The order-free sum over the shards of all ranks.

#include <algorithm>
#include <deque>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "buckets.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/reduction/blocks.hpp"
#include "cauchy/reduction/grid.hpp"
#include "cauchy/training/reducer.hpp"
#include "feedback.hpp"
#include "layout_blocks.hpp"
#include "maxima.hpp"
#include "thread_sink.hpp"

namespace cauchy::training {
namespace {

using reduction::Blocks;

/// The integers are shared by the threads of the rank: whoever comes first writes a block, the others add to it, and
/// since integers know no order, the result is the same. Where they have 16 bits, shards round with error feedback.
template <typename Real, typename Integer>
class ExactReducer final : public Reducer<Real> {
 public:
  ExactReducer(const model::ParameterLayout& layout, communication::Channel& channel, std::uint64_t summands,
               std::size_t threads, const reduction::Units& units, std::unique_ptr<communication::SharedArrays> shared,
               const Shares& shares)
      : channel_(channel),
        shares_(shares),
        blocks_(blocks_of(layout)),
        grid_(summands),
        rule_(blocks_, grid_),
        units_(units.exponents.empty() ? rule_.start() : units),
        shared_(std::move(shared)),
        own_(shared_ ? 0 : reduction::words<Integer>(layout.padded_size()), 0),
        sum_(shared_ ? words_in(shared_->own()) : std::span(own_)),
        untouched_(blocks_.count(), 1),
        locks_(blocks_.count() / blocks_a_lock + 1),
        buckets_(blocks_.count(), blocks_a_bucket, channel.overlaps(),
                 [this](std::size_t first, std::size_t last) { start_sum(first, last); }),
        maxima_(blocks_.count(), layout.tensors().size(), threads,
                reduction::pattern_of(std::numeric_limits<Real>::infinity())),
        feedback_(channel.ranks(), has_feedback ? summands : 0, layout.padded_size()) {
    if (units_.exponents.size() != blocks_.count() || units_.ages.size() != blocks_.count()) {
      throw core::UserError("the units of the sum belong to another model: " + std::to_string(units_.exponents.size()) +
                            " blocks, not " + std::to_string(blocks_.count()));
    }
    for (std::size_t thread = 0; thread < threads; ++thread) {
      sinks_.emplace_back(*this, thread);
    }
  }

  void begin(std::uint64_t shards) override {
    std::ranges::fill(untouched_, 1);
    maxima_.begin();
    feedback_.begin();
    buckets_.begin(shards);
  }

  model::GradientSink<Real>& sink(std::size_t thread, std::uint64_t shard) override {
    sinks_[thread].set_shard(shard);
    return sinks_[thread];
  }

  void deliver(std::size_t thread, std::uint64_t shard, const model::Tensor& tensor, std::span<const Real> gradient) {
    const std::size_t first = blocks_.first_of(tensor.index);
    // Threads that deliver one tensor at the same time follow each other through its blocks, to the first of them as
    // buckets do.
    for (std::size_t end = blocks_.first_of(tensor.index + 1); end > first;) {
      const std::size_t start = std::max(first, (end - 1) / blocks_a_lock * blocks_a_lock);
      {
        const std::scoped_lock lock(locks_[start / blocks_a_lock]);
        for (std::size_t block = start; block < end; ++block) {
          const auto values = gradient.subspan(blocks_[block].offset - tensor.offset, blocks_[block].size);
          maxima_.note(thread, shard, tensor.index, block, round(shard, block, values));
        }
      }
      buckets_.complete(start, end);
      end = start;
    }
  }

  Verdict examine() override {
    if (channel_.overlaps()) {
      buckets_.leave_all();
    } else {
      clear_untouched(0, blocks_.count());  // before other ranks may look at what is shared
    }
    largest_ = maxima_.reduce(channel_);
    if (maxima_.have_fault()) {
      return Verdict::not_finite;
    }
    if (!rule_.fit(units_, largest_)) {
      rule_.raise(units_, largest_);
      return Verdict::repeat;
    }
    return Verdict::accepted;
  }

  Fault fault() override { return maxima_.fault(channel_); }

  void finish() override {
    buckets_.leave_all();
    if (shared_) {
      sum_shared();
    } else {
      channel_.wait();
    }
    exponents_ = units_.exponents;
    rule_.follow(units_, largest_);
    feedback_.accept();
  }

  const Blocks& blocks() const override { return blocks_; }

  void mean(std::size_t block, double divisor, std::span<Real> values) const override {
    if (largest_[block] == 0) {  // no shard of any rank had anything there
      std::ranges::fill(values, Real{0});
      return;
    }
    const auto [offset, size] = words(block, block + 1);
    reduction::mean_of_sum<Real, Integer>(sum_.subspan(offset, size), exponents_[block], divisor, values);
  }

  void exchange(std::span<Real> values, std::span<const std::size_t> bounds) override {
    if (shared_ && shared_->holds<Real>(bounds)) {
      channel_.exchange(*shared_, values, bounds);
    } else {
      channel_.exchange(values, bounds);
    }
  }

  const reduction::Units& units() const override { return units_; }

  void gather(Residuals<Real>& on_root) override {
    if (has_feedback) {
      feedback_.gather(on_root);
    }
  }

  void scatter(Residuals<Real>& on_root) override {
    if (has_feedback) {
      feedback_.scatter(on_root);
    }
  }

 private:
  using Word = reduction::Word<Integer>;

  static constexpr bool has_feedback = reduction::in_pairs<Integer>;
  static constexpr std::size_t blocks_a_lock = 16;
  static constexpr std::size_t blocks_a_bucket = bucket_bytes / sizeof(Integer) / Blocks::block_elements;
  static_assert(blocks_a_bucket % blocks_a_lock == 0, "what is locked together lies in one bucket");

  static std::span<Word> words_in(std::span<std::byte> bytes) {
    return {reinterpret_cast<Word*>(bytes.data()), bytes.size() / sizeof(Word)};
  }

  /// A shard's values into the sum of the rank, and the largest magnitude that was rounded. Zeros, of features that the
  /// shard's samples do not have, add nothing, unless there is something left of the steps before.
  reduction::Pattern<Real> round(std::uint64_t shard, std::size_t block, std::span<const Real> values) {
    if (!has_feedback && reduction::all_zero(values)) {
      return 0;
    }
    const int exponent = units_.exponents[block];
    const bool overwrite = std::exchange(untouched_[block], 0) != 0;
    if constexpr (has_feedback) {
      const std::span<Real> corrected = feedback_.add(shard, blocks_[block].offset, values);
      const auto largest = grid_.round(corrected, exponent, integers(block), overwrite);
      reduction::keep_remainders(corrected, exponent);
      return largest;
    } else {
      return grid_.round(values, exponent, integers(block), overwrite);
    }
  }

  void clear_untouched(std::size_t first, std::size_t last) {
    for (std::size_t block = first; block < last; ++block) {
      if (untouched_[block] != 0) {
        std::ranges::fill(integers(block), Word{0});
        untouched_[block] = 0;
      }
    }
  }

  void start_sum(std::size_t first, std::size_t last) {
    clear_untouched(first, last);
    if (shared_) {
      return;
    }
    if (!shares_.divided()) {
      channel_.start_sum(integers(first, last));
      return;
    }
    for (int rank = 0; rank < channel_.ranks().size(); ++rank) {
      const auto [begin, end] = shares_.blocks(rank, blocks_.count());
      if (std::max(first, begin) < std::min(last, end)) {
        channel_.start_sum_on(rank, integers(std::max(first, begin), std::min(last, end)));
      }
    }
  }

  void sum_shared() {
    if (!shares_.divided()) {
      channel_.sum<Word>(*shared_);
      return;
    }
    const auto [first, last] = shares_.blocks(channel_.ranks().rank(), blocks_.count());
    const auto [offset, size] = words(first, last);
    channel_.sum_part<Word>(*shared_, offset, size);
  }

  std::span<Word> integers(std::size_t first, std::size_t last) {
    const auto [offset, size] = words(first, last);
    return sum_.subspan(offset, size);
  }
  std::span<Word> integers(std::size_t block) { return integers(block, block + 1); }

  /// Where the sums of blocks [first, last) lie; offsets of blocks are multiples of 16.
  reduction::Extent words(std::size_t first, std::size_t last) const {
    if (first == last) {
      return {};
    }
    const std::size_t offset = reduction::words<Integer>(blocks_[first].offset);
    const std::size_t end =
        reduction::words<Integer>(blocks_[last - 1].offset) + reduction::words<Integer>(blocks_[last - 1].size);
    return {offset, end - offset};
  }

  communication::Channel& channel_;
  Shares shares_;
  Blocks blocks_;
  reduction::Grid<Real, Integer> grid_;
  reduction::UnitRule<Real, Integer> rule_;
  reduction::Units units_;
  std::unique_ptr<communication::SharedArrays> shared_;
  linear_algebra::AlignedVector<Word> own_;  ///< where there is nothing shared
  std::span<Word> sum_;
  std::vector<std::int32_t> exponents_;   ///< of sum_, while units_ are those of the next step
  std::vector<unsigned char> untouched_;  ///< by block: nobody has written it in this step
  std::vector<std::mutex> locks_;         ///< of sum_ and untouched_
  Buckets buckets_;
  Maxima<Real> maxima_;
  Feedback<Real> feedback_;                            ///< of no shards where there is none
  std::span<const reduction::Pattern<Real>> largest_;  ///< by block, over all ranks
  std::deque<ThreadSink<Real, ExactReducer>> sinks_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Reducer<Real>> make_exact_reducer(const model::ParameterLayout& layout, communication::Channel& channel,
                                                  reduction::Width width, std::uint64_t summands, std::size_t threads,
                                                  const reduction::Units& units,
                                                  std::unique_ptr<communication::SharedArrays> shared,
                                                  const Shares& shares) {
  if (width == reduction::Width::int16) {
    if constexpr (std::is_same_v<Real, float>) {
      return std::make_unique<ExactReducer<Real, std::int16_t>>(layout, channel, summands, threads, units,
                                                                std::move(shared), shares);
    } else {
      throw std::invalid_argument("no sums in 16 bits in double precision");
    }
  }
  if (width == reduction::Width::int32) {
    return std::make_unique<ExactReducer<Real, std::int32_t>>(layout, channel, summands, threads, units,
                                                              std::move(shared), shares);
  }
  return std::make_unique<ExactReducer<Real, std::int64_t>>(layout, channel, summands, threads, units,
                                                            std::move(shared), shares);
}

template std::unique_ptr<Reducer<float>> make_exact_reducer(const model::ParameterLayout&, communication::Channel&,
                                                            reduction::Width, std::uint64_t, std::size_t,
                                                            const reduction::Units&,
                                                            std::unique_ptr<communication::SharedArrays>,
                                                            const Shares&);
template std::unique_ptr<Reducer<double>> make_exact_reducer(const model::ParameterLayout&, communication::Channel&,
                                                             reduction::Width, std::uint64_t, std::size_t,
                                                             const reduction::Units&,
                                                             std::unique_ptr<communication::SharedArrays>,
                                                             const Shares&);

}  // namespace cauchy::training
