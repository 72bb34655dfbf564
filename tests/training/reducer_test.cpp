// The order-free sum over ranks and threads against a sum over all shards that is slow and obvious.

#include "cauchy/training/reducer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/core/random.hpp"
#include "cauchy/core/thread_team.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/reduction/blocks.hpp"
#include "support/world.hpp"

namespace cauchy::training {
namespace {

/// Three blocks of weights, the last one short, and one of intercepts.
model::ParameterLayout example_layout() {
  model::ParameterLayout layout;
  layout.add("dense_1", "weights", {90, 100}, model::TensorKind::weights);
  layout.add("dense_1", "intercepts", {7}, model::TensorKind::intercepts);
  return layout;
}

/// The gradient of one shard, whole vector; empty: the shard has no samples in this step.
template <typename Real>
using ShardGradient = std::function<std::vector<Real>(std::uint64_t shard)>;

/// Numbers between -scale and scale, of all sizes below, another one for each shard; zero in the padding.
template <typename Real>
std::vector<Real> random_gradient(std::uint64_t shard, Real scale) {
  const model::ParameterLayout layout = example_layout();
  core::RandomStream random(5, core::Purpose::shuffle, static_cast<std::uint32_t>(shard), 0);
  std::vector<Real> gradient(layout.padded_size(), Real{0});
  for (const model::Tensor& tensor : layout.tensors()) {
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      const double value = 2 * random.uniform() - 1;
      gradient[i] = scale * static_cast<Real>(value * value * value);
    }
  }
  return gradient;
}

template <typename Real>
ShardGradient<Real> scaled(double scale) {
  return [scale](std::uint64_t shard) { return random_gradient<Real>(shard, static_cast<Real>(scale)); };
}

/// What the sum has to be: all shards one after the other, in integers that cannot overflow. In 16 bits with error
/// feedback.
template <typename Real, typename Integer>
class Reference {
 public:
  explicit Reference(std::uint64_t shards)
      : shards_(shards), grid_(shards), residuals_(shards, linear_algebra::AlignedVector<Real>(padded_size(), 0)) {}

  /// Whether the step must be repeated.
  bool surprises(const ShardGradient<Real>& gradient_of) {
    largest_.assign(blocks_.count(), 0);
    for (std::uint64_t shard = 0; shard < shards_; ++shard) {
      const std::vector<Real> gradient = corrected(gradient_of(shard), shard);
      for (std::size_t block = 0; block < blocks_.count() && !gradient.empty(); ++block) {
        for (std::size_t i = blocks_[block].offset; i < blocks_[block].offset + blocks_[block].size; ++i) {
          largest_[block] = std::max(largest_[block], reduction::pattern_of(gradient[i]));
        }
      }
    }
    const bool surprise = !rule_.fit(units_, largest_);
    if (surprise) {
      rule_.raise(units_, largest_);
    }
    return surprise;
  }

  std::vector<Real> mean(const ShardGradient<Real>& gradient_of, std::uint64_t divisor) {
    std::vector<__int128> sum(padded_size(), 0);
    for (std::uint64_t shard = 0; shard < shards_; ++shard) {
      const std::vector<Real> gradient = corrected(gradient_of(shard), shard);
      for (std::size_t block = 0; block < blocks_.count() && !gradient.empty(); ++block) {
        for (std::size_t i = blocks_[block].offset; i < blocks_[block].offset + blocks_[block].size; ++i) {
          const auto value = static_cast<long double>(gradient[i]);
          const long double rounded = std::nearbyint(std::ldexp(value, -units_.exponents[block]));
          sum[i] += static_cast<__int128>(rounded);
          residuals_[shard][i] = static_cast<Real>(value - std::ldexp(rounded, units_.exponents[block]));
        }
      }
    }
    std::vector<Real> result(sum.size(), Real{0});
    for (std::size_t block = 0; block < blocks_.count(); ++block) {
      const double factor = std::ldexp(1.0, units_.exponents[block]) / static_cast<double>(divisor);
      for (std::size_t i = blocks_[block].offset; i < blocks_[block].offset + blocks_[block].size; ++i) {
        EXPECT_LE(sum[i] < 0 ? -sum[i] : sum[i], std::numeric_limits<Integer>::max());
        result[i] = static_cast<Real>(static_cast<double>(static_cast<Integer>(sum[i])) * factor);
      }
    }
    rule_.follow(units_, largest_);
    return result;
  }

  const reduction::Units& units() const { return units_; }
  const Residuals<Real>& residuals() const { return residuals_; }

 private:
  static std::size_t padded_size() { return example_layout().padded_size(); }

  std::vector<Real> corrected(std::vector<Real> gradient, std::uint64_t shard) const {
    for (std::size_t i = 0; i < gradient.size() && sizeof(Integer) == sizeof(std::int16_t); ++i) {
      gradient[i] += residuals_[shard][i];
    }
    return gradient;
  }

  static std::vector<reduction::Extent> extents() {
    std::vector<reduction::Extent> result;
    const model::ParameterLayout layout = example_layout();
    for (const model::Tensor& tensor : layout.tensors()) {
      result.push_back({tensor.offset, tensor.size});
    }
    return result;
  }

  std::uint64_t shards_;
  std::vector<reduction::Extent> extents_ = extents();
  reduction::Blocks blocks_{extents_};
  reduction::Grid<Real, Integer> grid_;
  reduction::UnitRule<Real, Integer> rule_{blocks_, grid_};
  reduction::Units units_ = rule_.start();
  std::vector<reduction::Pattern<Real>> largest_;
  Residuals<Real> residuals_;
};

/// The whole mean, zero in the padding.
template <typename Real>
void write_mean(Reducer<Real>& reducer, double divisor, std::vector<Real>& mean) {
  reducer.finish();
  std::ranges::fill(mean, Real{0});
  for (std::size_t block = 0; block < reducer.blocks().count(); ++block) {
    const auto [offset, size] = reducer.blocks()[block];
    reducer.mean(block, divisor, std::span(mean).subspan(offset, size));
  }
}

using Overlap = communication::Channel::Overlap;

/// A reducer whose shards are delivered by the threads of all ranks.
template <typename Real>
class Delivery {
 public:
  Delivery(std::uint64_t shards, std::size_t threads, Overlap overlap = Overlap::off)
      : channel(test::world(), seconds, overlap),
        team(threads),
        local_(data::rank_shards(shards, static_cast<std::uint64_t>(test::world().rank()),
                                 static_cast<std::uint64_t>(test::world().size()))) {}

  Verdict deliver(Reducer<Real>& reducer, const ShardGradient<Real>& gradient_of) {
    std::uint64_t with_samples = 0;
    for (std::uint64_t shard = local_.first; shard < local_.last; ++shard) {
      with_samples += gradient_of(shard).empty() ? 0 : 1;
    }
    reducer.begin(with_samples);
    team.run([&](std::size_t thread) {
      const data::Range part = data::rank_shards(local_.size(), thread, team.size());
      for (std::uint64_t shard = local_.first + part.first; shard < local_.first + part.last; ++shard) {
        const std::vector<Real> gradient = gradient_of(shard);
        const auto& tensors = layout.tensors();
        for (auto tensor = tensors.rbegin(); tensor != tensors.rend() && !gradient.empty(); ++tensor) {
          reducer.sink(thread, shard).complete(*tensor, std::span(gradient).subspan(tensor->offset, tensor->size));
        }
      }
    });
    return reducer.examine();
  }

  model::ParameterLayout layout = example_layout();
  core::PhaseSeconds seconds;
  communication::Channel channel;
  core::ThreadTeam team;

 private:
  data::Range local_;
};

template <typename RealType, typename IntegerType>
struct Types {
  using Real = RealType;
  using Integer = IntegerType;
};

template <typename T>
class ExactReducerTest : public testing::Test {
 protected:
  using Number = typename T::Real;
  using Whole = typename T::Integer;
  static constexpr reduction::Width width = sizeof(Whole) == 2   ? reduction::Width::int16
                                            : sizeof(Whole) == 4 ? reduction::Width::int32
                                                                 : reduction::Width::int64;

  static std::unique_ptr<Reducer<Number>> make(Delivery<Number>& delivery, std::uint64_t shards,
                                               const reduction::Units& units = {}) {
    // Any way of summing with any number of ranks.
    auto shared = delivery.team.size() == 3
                      ? communication::SharedArrays::make(test::world(), delivery.layout.padded_size() * sizeof(Whole))
                      : nullptr;
    return make_exact_reducer<Number>(delivery.layout, delivery.channel, width, shards, delivery.team.size(), units,
                                      std::move(shared));
  }

  /// Steps whose gradients are these, with what happens in each; every result to the last bit.
  static void check(std::uint64_t shards, std::size_t threads, const std::vector<ShardGradient<Number>>& steps,
                    const std::vector<bool>& surprises) {
    const Overlap overlap = threads == 2 ? Overlap::on : Overlap::off;
    Delivery<Number> delivery(shards, threads, overlap);
    const auto reducer = make(delivery, shards);
    Reference<Number, Whole> reference(shards);
    std::vector<Number> mean(delivery.layout.padded_size(), Number{7});
    for (std::size_t step = 0; step < steps.size(); ++step) {
      ASSERT_EQ(reference.surprises(steps[step]), surprises[step]) << step;
      if (surprises[step]) {
        ASSERT_EQ(delivery.deliver(*reducer, steps[step]), Verdict::repeat) << step;
      }
      ASSERT_EQ(delivery.deliver(*reducer, steps[step]), Verdict::accepted) << step;
      write_mean(*reducer, static_cast<double>(shards + 2), mean);
      ASSERT_EQ(mean, reference.mean(steps[step], shards + 2)) << step;
      ASSERT_EQ(reducer->units(), reference.units()) << step;
    }
  }
};
using AllTypes = testing::Types<Types<float, std::int32_t>, Types<float, std::int64_t>, Types<double, std::int32_t>,
                                Types<double, std::int64_t>, Types<float, std::int16_t>>;
TYPED_TEST_SUITE(ExactReducerTest, AllTypes);

TYPED_TEST(ExactReducerTest, FollowsAGradientThatJumps) {
  using Real = typename TypeParam::Real;
  const Real tiny = std::numeric_limits<Real>::min();
  // The first step, a small growth, a jump up, down, zeros, denormal numbers, one enormous element, and back.
  const std::vector<ShardGradient<Real>> steps{scaled<Real>(1),
                                               scaled<Real>(1.9),
                                               scaled<Real>(1e6),
                                               scaled<Real>(1),
                                               scaled<Real>(1e-6),
                                               scaled<Real>(0),
                                               scaled<Real>(static_cast<double>(tiny) / 4),
                                               [](std::uint64_t shard) {
                                                 std::vector<Real> gradient = random_gradient<Real>(shard, Real{1});
                                                 gradient[4097] = shard == 2 ? Real{-1e30F} : gradient[4097];
                                                 return gradient;
                                               },
                                               scaled<Real>(1)};
  // Sums of 64 bits are surprised too where a unit has become far too coarse.
  const bool wide = sizeof(typename TypeParam::Integer) == sizeof(std::int64_t);
  const std::vector<bool> surprises{true, false, true, false, wide, false, wide, true, wide};
  for (const std::uint64_t shards : {4UL, 5UL, 16UL}) {
    for (const std::size_t threads : {1UL, 2UL, 3UL}) {
      this->check(shards, threads, steps, surprises);
    }
  }
}

TYPED_TEST(ExactReducerTest, OneShardAndManyShards) {
  using Real = typename TypeParam::Real;
  using Integer = typename TypeParam::Integer;
  this->check(1, 2, {scaled<Real>(3), scaled<Real>(-0.3)}, {true, false});
  // Of so many shards a step has samples of a few only.
  const auto some = [](std::uint64_t shard) {
    return shard % 32 == 5 ? random_gradient<Real>(shard, Real{3}) : std::vector<Real>();
  };
  const std::uint64_t many = std::min<std::uint64_t>(4096, reduction::Grid<Real, Integer>::most_summands);
  this->check(many, 2, {some, some}, {true, false});
}

TYPED_TEST(ExactReducerTest, ShardsWithoutSamplesCountAsNothing) {
  using Real = typename TypeParam::Real;
  const auto some = [](std::uint64_t shard) {
    return shard == 1 ? random_gradient<Real>(shard, Real{1}) : std::vector<Real>();
  };
  // The step before leaves numbers in the sums, which the next one must not find.
  for (const std::size_t threads : {1UL, 2UL, 3UL}) {
    this->check(4, threads, {scaled<Real>(1), some, scaled<Real>(1)}, {true, false, false});
  }
  // Beside a step that is repeated.
  const auto large = [some](std::uint64_t shard) {
    std::vector<Real> gradient = some(shard);
    for (Real& value : gradient) {
      value *= Real{1000};
    }
    return gradient;
  };
  this->check(4, 2, {scaled<Real>(1), large, scaled<Real>(1)}, {true, true, false});
}

// All shards at the edge of what is accepted: the largest sum there is, in both directions.
TYPED_TEST(ExactReducerTest, TheLargestSumsDoNotOverflow) {
  using Real = typename TypeParam::Real;
  for (const std::uint64_t shards : {4UL, 7UL, 8UL}) {
    const int bits = reduction::Grid<Real, typename TypeParam::Integer>(shards).bits();
    const Real most = std::min(Real{0.999999F}, 1 - std::ldexp(Real{1}, -bits));
    const auto edge = [most](std::uint64_t /*shard*/) {
      std::vector<Real> gradient = random_gradient<Real>(0, Real{0.9F});  // of other blocks, which must fit, too
      for (std::size_t i = 0; i < 4096; ++i) {
        gradient[i] = i % 3 == 0 ? most : -most;
      }
      return gradient;
    };
    // In units raised for numbers up to 1 these leave the headroom unused; numbers that use it up follow.
    const auto full = [&](std::uint64_t shard) {
      std::vector<Real> gradient = edge(shard);
      const int headroom = reduction::Grid<Real, typename TypeParam::Integer>::headroom;
      for (Real& value : gradient) {
        value *= std::ldexp(Real{1}, headroom + 1);  // one bit more after a surprise
      }
      return gradient;
    };
    this->check(shards, 2, {edge, full}, {true, false});
  }
}

TYPED_TEST(ExactReducerTest, NamesTheLowestFault) {
  using Real = typename TypeParam::Real;
  for (const Real bad : {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity(),
                         -std::numeric_limits<Real>::infinity()}) {
    Delivery<Real> delivery(6, 2, Overlap::on);
    const auto reducer = this->make(delivery, 6);
    const auto good = scaled<Real>(1);
    ASSERT_EQ(delivery.deliver(*reducer, good), Verdict::repeat);
    ASSERT_EQ(delivery.deliver(*reducer, good), Verdict::accepted);
    std::vector<Real> mean(delivery.layout.padded_size());
    write_mean(*reducer, 6, mean);
    const reduction::Units units = reducer->units();
    const auto faulty = [bad](std::uint64_t shard) {
      std::vector<Real> gradient = random_gradient<Real>(shard, Real{1});
      const std::size_t intercept = example_layout()[1].offset + 3;
      gradient[5000] = shard == 5 ? bad : gradient[5000];
      gradient[intercept] = shard >= 4 ? bad : gradient[intercept];
      return gradient;
    };
    ASSERT_EQ(delivery.deliver(*reducer, faulty), Verdict::not_finite);
    const Fault fault = reducer->fault();
    EXPECT_EQ(fault.shard, 4U);
    EXPECT_EQ(fault.tensor, 1U);
    EXPECT_EQ(reducer->units(), units);
  }
}

TYPED_TEST(ExactReducerTest, GoesOnWithTheUnitsOfAState) {
  using Real = typename TypeParam::Real;
  Delivery<Real> delivery(4, 1);
  const auto reducer = this->make(delivery, 4);
  ASSERT_EQ(delivery.deliver(*reducer, scaled<Real>(1)), Verdict::repeat);
  ASSERT_EQ(delivery.deliver(*reducer, scaled<Real>(1)), Verdict::accepted);
  std::vector<Real> mean(delivery.layout.padded_size());
  write_mean(*reducer, 4, mean);
  const auto resumed = this->make(delivery, 4, reducer->units());
  EXPECT_EQ(delivery.deliver(*resumed, scaled<Real>(1)), Verdict::accepted);
  EXPECT_THROW(this->make(delivery, 4, reduction::Units{{1, 2}, {0, 0}}), core::UserError);
}

constexpr auto int16 = reduction::Width::int16;

/// One step, with its repetition where there is one.
void take_step(Delivery<float>& delivery, Reducer<float>& reducer, const ShardGradient<float>& gradient_of,
               std::vector<float>& mean) {
  if (delivery.deliver(reducer, gradient_of) == Verdict::repeat) {
    ASSERT_EQ(delivery.deliver(reducer, gradient_of), Verdict::accepted);
  }
  write_mean(reducer, 1, mean);
}

// What a step loses comes with a later one: Σ over the steps is right to the unit, however many they are.
TEST(ErrorFeedback, LosesNothingOverManySteps) {
  constexpr std::uint64_t shards = 100;  // of 8 bits each
  Delivery<float> delivery(shards, 2);
  const auto reducer = make_exact_reducer<float>(delivery.layout, delivery.channel, int16, shards, 2, {});
  const std::size_t size = delivery.layout.padded_size();
  std::vector<float> mean(size);
  std::vector<double> sum(size, 0.0);
  constexpr int steps = 40;
  for (int step = 0; step < steps; ++step) {
    take_step(delivery, *reducer, scaled<float>(1), mean);
    std::ranges::transform(sum, mean, sum.begin(), std::plus<>());
  }
  // The unit leaves two bits, and one more after the surprise of the first step, above magnitudes below 2^0.
  const double unit = std::ldexp(1.0, 3 - reduction::Grid<float, std::int16_t>(shards).bits());
  std::vector<double> expected(size, 0.0);
  std::vector<double> rounded(size, 0.0);
  for (std::uint64_t shard = 0; shard < shards; ++shard) {
    const std::vector<float> gradient = random_gradient<float>(shard, 1);
    for (std::size_t i = 0; i < size; ++i) {
      expected[i] += steps * static_cast<double>(gradient[i]);
      rounded[i] += steps * unit * std::nearbyint(gradient[i] / unit);
    }
  }
  // Half a unit of each shard, and in each step the rounding of a float below 2.
  const double bound = shards * (unit / 2 + steps * 0x1p-24);
  double without_feedback = 0;
  for (std::size_t i = 0; i < size; ++i) {
    ASSERT_NEAR(sum[i], expected[i], bound) << i;
    without_feedback = std::max(without_feedback, std::abs(rounded[i] - expected[i]));
  }
  EXPECT_GT(without_feedback, 4 * bound);
}

TEST(ErrorFeedback, GoesOnWithTheResidualsOfAState) {
  constexpr std::uint64_t shards = 5;
  const auto some = [](std::uint64_t shard) {
    return shard % 2 == 0 ? random_gradient<float>(shard, 0.3F) : std::vector<float>();
  };
  Delivery<float> delivery(shards, 2);
  const auto whole = make_exact_reducer<float>(delivery.layout, delivery.channel, int16, shards, 2, {});
  Reference<float, std::int16_t> reference(shards);
  std::vector<float> mean(delivery.layout.padded_size());
  Residuals<float> residuals;
  whole->scatter(residuals);
  ASSERT_EQ(residuals.size(), test::world().is_root() ? shards : 0);
  EXPECT_TRUE(std::ranges::all_of(residuals, [](const auto& vector) { return std::ranges::count(vector, 0) > 9000; }));
  for (const ShardGradient<float>& step : {scaled<float>(1), ShardGradient<float>(some), scaled<float>(7)}) {
    reference.surprises(step);
    reference.mean(step, 1);
    take_step(delivery, *whole, step, mean);
  }
  whole->gather(residuals);
  if (test::world().is_root()) {
    ASSERT_EQ(residuals, reference.residuals());
    ASSERT_NE(residuals[1], residuals[2]);
  }
  // By other threads, which hold nothing of the steps before.
  Delivery<float> others(shards, 3);
  const auto resumed = make_exact_reducer<float>(others.layout, others.channel, int16, shards, 3, whole->units());
  const auto forgetful = make_exact_reducer<float>(others.layout, others.channel, int16, shards, 3, whole->units());
  resumed->scatter(residuals);
  std::vector<float> other_mean(mean.size());
  std::vector<float> wrong_mean(mean.size());
  take_step(delivery, *whole, some, mean);
  take_step(others, *resumed, some, other_mean);
  take_step(others, *forgetful, some, wrong_mean);
  EXPECT_EQ(other_mean, mean);
  EXPECT_NE(wrong_mean, mean);
  // The root alone knows how many there are; all refuse.
  if (test::world().is_root()) {
    residuals.pop_back();
  }
  EXPECT_THROW(resumed->scatter(residuals), core::Error);
}

// What is gathered between verdict and finish() belongs to the state before the step.
TEST(ErrorFeedback, ResidualsAreThoseOfTheLastFinishedStep) {
  Delivery<float> delivery(4, 1);
  const auto reducer = make_exact_reducer<float>(delivery.layout, delivery.channel, int16, 4, 1, {});
  Residuals<float> before;
  reducer->scatter(before);
  Residuals<float> after = before;
  std::vector<float> mean(delivery.layout.padded_size());
  take_step(delivery, *reducer, scaled<float>(1), mean);
  reducer->gather(before);
  ASSERT_EQ(delivery.deliver(*reducer, scaled<float>(500)), Verdict::repeat);
  reducer->gather(after);
  EXPECT_EQ(after, before);
  ASSERT_EQ(delivery.deliver(*reducer, scaled<float>(500)), Verdict::accepted);
  reducer->gather(after);
  EXPECT_EQ(after, before);
  write_mean(*reducer, 1, mean);
  reducer->gather(after);
  EXPECT_EQ(after == before, !test::world().is_root());
}

TEST(ErrorFeedback, OnlyInSinglePrecision) {
  Delivery<double> delivery(4, 1);
  EXPECT_THROW(make_exact_reducer<double>(delivery.layout, delivery.channel, int16, 4, 1, {}), std::invalid_argument);
}

/// Every shard's gradient is the same number everywhere, in a vector of so many elements.
void check_buckets(std::size_t elements, std::size_t threads, reduction::Width width) {
  model::ParameterLayout layout;
  layout.add("dense_1", "weights", {elements}, model::TensorKind::weights);
  layout.add("dense_1", "intercepts", {5}, model::TensorKind::intercepts);
  layout.add("output", "weights", {3, 2}, model::TensorKind::weights);
  const std::uint64_t shards = 5;
  Delivery<float> delivery(shards, threads, Overlap::on);
  delivery.layout = layout;
  const auto reducer = make_exact_reducer<float>(layout, delivery.channel, width, shards, threads, {});
  const auto gradient_of = [&](std::uint64_t shard) {
    return std::vector<float>(layout.padded_size(), static_cast<float>(shard + 1));
  };
  ASSERT_EQ(delivery.deliver(*reducer, gradient_of), Verdict::repeat);
  std::vector<float> mean(layout.padded_size());
  std::vector<float> expected(mean.size(), 0);
  for (const model::Tensor& tensor : layout.tensors()) {
    std::ranges::fill(std::span(expected).subspan(tensor.offset, tensor.size), 15.0F / 2);
  }
  for (int step = 0; step < 3; ++step) {
    ASSERT_EQ(delivery.deliver(*reducer, gradient_of), Verdict::accepted);
    write_mean(*reducer, 2, mean);
    ASSERT_TRUE(mean == expected) << elements << " elements";
  }
}

TEST(ExactReducer, BucketsOfAnyNumberLeaveBesideComputing) {
  for (const reduction::Width width : {reduction::Width::int32, int16}) {
    const std::size_t elements = bucket_bytes / (width == int16 ? sizeof(std::int16_t) : sizeof(std::int32_t));
    for (const std::size_t threads : {1UL, 3UL}) {
      check_buckets(elements - 3 * reduction::Blocks::block_elements, threads, width);
      check_buckets(2 * elements + 1, threads, width);
    }
  }
}

TEST(FloatReducer, SumsInFloatingPointAndNamesFaults) {
  for (const std::size_t threads : {1UL, 2UL, 3UL}) {
    Delivery<double> delivery(7, threads);
    const auto reducer = make_float_reducer<double>(delivery.layout, delivery.channel, 7, threads);
    EXPECT_EQ(reducer->units(), reduction::Units{});
    std::vector<double> mean(delivery.layout.padded_size(), 7.0);
    for (const double scale : {1.0, 1e6, 1e-6}) {
      ASSERT_EQ(delivery.deliver(*reducer, scaled<double>(scale)), Verdict::accepted);
      write_mean(*reducer, 9, mean);
      std::vector<double> expected(mean.size(), 0.0);
      for (std::uint64_t shard = 0; shard < 7; ++shard) {
        const std::vector<double> gradient = random_gradient<double>(shard, scale);
        for (std::size_t i = 0; i < mean.size(); ++i) {
          expected[i] += gradient[i] / 9;
        }
      }
      for (std::size_t i = 0; i < mean.size(); ++i) {
        ASSERT_NEAR(mean[i], expected[i], 14 * scale * 0x1p-53);  // seven additions and seven divisions
      }
    }
    const auto faulty = [](std::uint64_t shard) {
      std::vector<double> gradient = random_gradient<double>(shard, 1);
      gradient[17] = shard == 3 ? std::numeric_limits<double>::quiet_NaN() : gradient[17];
      return gradient;
    };
    ASSERT_EQ(delivery.deliver(*reducer, faulty), Verdict::not_finite);
    EXPECT_EQ(reducer->fault().shard, 3U);
    EXPECT_EQ(reducer->fault().tensor, 0U);
    // Finite numbers whose sum might not be.
    ASSERT_EQ(delivery.deliver(*reducer, scaled<double>(std::numeric_limits<double>::max())), Verdict::not_finite);
  }
}

}  // namespace
}  // namespace cauchy::training
