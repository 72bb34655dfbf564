// The rows of a shard in the order of an epoch.

#include "cauchy/data/row_order.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace cauchy::data {
namespace {

constexpr std::uint64_t rows_between_states = 4096;

// Fisher and Yates, in Durstenfeld's form (CACM 7, 1964, algorithm 235).
template <typename T>
void shuffle(std::span<T> values, core::RandomStream& random) {
  for (std::size_t left = values.size(); left > 1; --left) {
    std::swap(values[left - 1], values[random.below(left)]);
  }
}

core::RandomStream stream(const Sampler& sampler, std::uint64_t shard, std::uint64_t epoch) {
  return {sampler.options().seed, core::Purpose::shuffle, static_cast<std::uint32_t>(shard),
          static_cast<std::uint32_t>(epoch)};
}

}  // namespace

RowOrder::RowOrder(const Sampler& sampler, std::uint64_t shard)
    : sampler_(sampler),
      shard_(shard),
      row_count_(shard_rows(sampler.options().rows, sampler.options().shards, shard).size()),
      block_rows_(sampler.options().block_rows),
      random_(stream(sampler, shard, 0)),
      blocks_((row_count_ + block_rows_ - 1) / block_rows_),
      stride_(std::max<std::uint64_t>(1, rows_between_states / block_rows_)) {}

void RowOrder::start(std::uint64_t epoch) {
  random_ = stream(sampler_, shard_, epoch);
  std::iota(blocks_.begin(), blocks_.end(), 0U);
  if (sampler_.shuffles()) {
    shuffle(std::span(blocks_), random_);
  }
  short_place_ = static_cast<std::size_t>(std::ranges::max_element(blocks_) - blocks_.begin());
  next_ = 0;
  states_.clear();
  states_.reserve((blocks_.size() + stride_ - 1) / stride_);
}

std::uint32_t RowOrder::first_block(std::uint64_t epoch) const {
  RowOrder other(sampler_, shard_);
  other.start(epoch);
  return other.blocks_.front();
}

std::span<const std::uint32_t> RowOrder::rows(Range positions) {
  selected_.resize(positions.size());
  if (!sampler_.shuffles()) {
    std::iota(selected_.begin(), selected_.end(), static_cast<std::uint32_t>(positions.first));
    return selected_;
  }
  auto target = selected_.begin();
  for (std::uint64_t position = positions.first; position < positions.last;) {
    const std::size_t place = place_of(position);
    go_to(place);
    const Range of_block = positions_of(place);
    const std::uint64_t count = std::min(of_block.last, positions.last) - position;
    target = std::copy_n(block_.data() + (position - of_block.first), count, target);
    position += count;
  }
  return selected_;
}

std::uint64_t RowOrder::block_size(std::uint32_t block) const {
  return std::min(block_rows_, row_count_ - block * block_rows_);
}

Range RowOrder::positions_of(std::size_t place) const {
  const std::uint64_t lacking = place > short_place_ ? block_rows_ - block_size(blocks_[short_place_]) : 0;
  const std::uint64_t first = place * block_rows_ - lacking;
  return {first, first + block_size(blocks_[place])};
}

std::size_t RowOrder::place_of(std::uint64_t position) const {
  const Range short_block = positions_of(short_place_);
  return position < short_block.last ? std::min(position / block_rows_, short_place_)
                                     : short_place_ + 1 + (position - short_block.last) / block_rows_;
}

/// Makes the block at this place the one in memory.
void RowOrder::go_to(std::size_t place) {
  if (place + 1 == next_) {
    return;
  }
  if (place < next_) {
    random_ = states_[place / stride_];
    next_ = place / stride_ * stride_;
  }
  while (next_ <= place) {
    shuffle_next();
  }
}

void RowOrder::shuffle_next() {
  if (next_ % stride_ == 0 && next_ / stride_ == states_.size()) {
    states_.push_back(random_);
  }
  const std::uint32_t block = blocks_[next_];
  block_.resize(block_size(block));
  std::iota(block_.begin(), block_.end(), static_cast<std::uint32_t>(block * block_rows_));
  shuffle(std::span(block_), random_);
  ++next_;
}

}  // namespace cauchy::data
