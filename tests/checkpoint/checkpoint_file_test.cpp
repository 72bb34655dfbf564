// One checkpoint: complete, byte for byte the same, and no damage goes unnoticed.

#include "cauchy/checkpoint/checkpoint_file.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/core/version.hpp"
#include "cauchy/storage/file.hpp"
#include "checkpoint/example_state.hpp"
#include "support/mentions.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::checkpoint {
namespace {

using test::mentions;

using model::TensorKind;
using training::TrainingState;

std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

template <typename Error, typename Work>
std::string message_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// Every named number of a state: "sampler.epoch" → 1001, ... (double holds all that the tests use exactly)
template <typename Real>
std::map<std::string, double> scalars(TrainingState<Real> state) {
  std::map<std::string, double> result;
  state.visit_scalars(state, [&](const std::string& part, const std::string& field, const auto& value) {
    result[part + "." + field] = static_cast<double>(value);
  });
  return result;
}

class CheckpointFileTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "checkpoint.h5";
  Description description_ = test::example_description();
  TrainingState<float> state_ = test::example_state<float>();
};

template <typename Real>
class CheckpointPrecisions : public CheckpointFileTest {};
using Precisions = testing::Types<float, double>;
TYPED_TEST_SUITE(CheckpointPrecisions, Precisions);

TYPED_TEST(CheckpointPrecisions, KeepsEveryFieldOfTheState) {
  const TrainingState<TypeParam> state = test::example_state<TypeParam>();
  const std::map<std::string, double> written = scalars(state);
  const std::map<std::string, double> fresh = scalars(TrainingState<TypeParam>());
  ASSERT_GE(written.size(), 10U);
  for (const auto& [name, value] : written) {
    ASSERT_NE(value, fresh.at(name)) << name;  // or the comparison below could pass by accident
  }

  save(this->path_, this->description_, state);
  const auto loaded = load<TypeParam>(this->path_, this->description_.layout);
  EXPECT_EQ(loaded.method.x, state.method.x);
  ASSERT_EQ(loaded.method.slots.size(), state.method.slots.size());
  for (std::size_t i = 0; i < state.method.slots.size(); ++i) {
    EXPECT_EQ(loaded.method.slots[i].name, state.method.slots[i].name);
    EXPECT_EQ(loaded.method.slots[i].values, state.method.slots[i].values);
  }
  ASSERT_EQ(loaded.method.numbers.size(), state.method.numbers.size());
  for (std::size_t i = 0; i < state.method.numbers.size(); ++i) {
    EXPECT_EQ(loaded.method.numbers[i].name, state.method.numbers[i].name);
    EXPECT_EQ(loaded.method.numbers[i].value, state.method.numbers[i].value);
  }
  EXPECT_EQ(loaded.stop, state.stop);
  EXPECT_EQ(scalars(loaded), written);
  EXPECT_EQ(loaded.sampler, state.sampler);
  EXPECT_EQ(loaded.stopping, state.stopping);
  EXPECT_EQ(loaded.history, state.history);
  EXPECT_EQ(loaded.standardization, state.standardization);
  EXPECT_EQ(loaded.units, state.units);
  EXPECT_EQ(loaded.residuals, state.residuals);
}

/// A change of one member of a state.
template <typename Real>
using Change = std::function<void(TrainingState<Real>&)>;

/// One for every member. The lists of members do not compile when there is another one.
template <typename Real>
std::vector<Change<Real>> changes() {
  TrainingState<Real> state = test::example_state<Real>();
  [[maybe_unused]] const auto& [method, sampler, stopping, history, plateau, divergence, standardization, units,
                                residuals, stop, whole_slots] = state;
  [[maybe_unused]] const auto& [x, slots, numbers] = method;
  [[maybe_unused]] const auto& [slot_name, slot_values, slot_first] = slots[0];
  [[maybe_unused]] const auto& [number_name, number_value] = numbers[0];
  [[maybe_unused]] const auto& [mean, scale] = standardization;
  [[maybe_unused]] const auto& [exponents, ages] = units;
  std::vector<Change<Real>> result{
      [](auto& changed) { changed.method.x[2] += 1; },
      [](auto& changed) { changed.method.slots[0].name = "other"; },
      [](auto& changed) { changed.method.slots[1].values[0] += 1; },
      [](auto& changed) { changed.method.numbers[0].name = "other"; },
      [](auto& changed) { changed.method.numbers[1].value += 1; },
      [](auto& changed) { changed.stop = training::StopReason::max_steps; },
      [](auto& changed) { changed.standardization.mean[4] += 1; },
      [](auto& changed) { changed.standardization.scale[4] += 1; },
      [](auto& changed) { changed.units.exponents[3] += 1; },
      [](auto& changed) { changed.units.ages[3] += 1; },
      [](auto& changed) { changed.residuals[0][3] += 1; },
      [](auto& changed) { changed.residuals[10][2] += 1; },
      [](auto& changed) { changed.residuals.pop_back(); },
  };
  state.visit_scalars(state, [&](const std::string& part, const std::string& field, auto&) {
    result.push_back([part, field](auto& changed) {
      changed.visit_scalars(changed, [&](const std::string& other_part, const std::string& other_field, auto& value) {
        value += part == other_part && field == other_field ? 1 : 0;
      });
    });
  });
  return result;
}

TYPED_TEST(CheckpointPrecisions, NoticesAChangeOfAnyMember) {
  const TrainingState<TypeParam> state = test::example_state<TypeParam>();
  save(this->path_, this->description_, state);
  const std::string before = contents(this->path_);
  EXPECT_GE(changes<TypeParam>().size(), 22U);
  for (const Change<TypeParam>& change : changes<TypeParam>()) {
    TrainingState<TypeParam> changed = state;
    change(changed);
    save(this->path_, this->description_, changed);
    const std::string after = contents(this->path_);
    EXPECT_NE(after, before);
    save(this->path_, this->description_, load<TypeParam>(this->path_, this->description_.layout));
    EXPECT_EQ(contents(this->path_), after);  // nothing is lost on the way through memory
  }
}

TYPED_TEST(CheckpointPrecisions, ParametersAloneInEitherPrecision) {
  const TrainingState<TypeParam> state = test::example_state<TypeParam>();
  save(this->path_, this->description_, state);
  EXPECT_EQ(load_parameters<TypeParam>(this->path_, this->description_.layout), state.method.x);
  EXPECT_EQ(load_parameters<float>(this->path_, this->description_.layout), test::example_state<float>().method.x);
  EXPECT_EQ(load_parameters<double>(this->path_, this->description_.layout), test::example_state<double>().method.x);
}

TEST_F(CheckpointFileTest, RefusesParametersThatOverflow) {
  TrainingState<double> state = test::example_state<double>();
  state.method.x[3] = 1e300;
  save(path_, description_, state);
  EXPECT_THROW(load_parameters<float>(path_, description_.layout), core::UserError);
  EXPECT_NO_THROW(load_parameters<double>(path_, description_.layout));
}

TYPED_TEST(CheckpointPrecisions, DigestOfTheFileIsThatOfTheState) {
  const TrainingState<TypeParam> state = test::example_state<TypeParam>();
  save(this->path_, this->description_, state);
  const std::string digest = parameters_digest<TypeParam>(this->description_.layout, state.method.x);
  EXPECT_EQ(digest.substr(0, 7), "sha256:");
  EXPECT_EQ(digest.size(), 7U + 64U);
  EXPECT_EQ(parameters_digest(this->path_), digest);
  auto changed = state.method.x;
  changed[15] = 1;  // padding
  EXPECT_EQ(parameters_digest<TypeParam>(this->description_.layout, changed), digest);
  changed[16] = std::nextafter(changed[16], TypeParam{9});
  EXPECT_NE(parameters_digest<TypeParam>(this->description_.layout, changed), digest);
}

TEST_F(CheckpointFileTest, HeaderTellsTheRest) {
  save(path_, description_, state_);
  const Header header = read_header(path_);
  EXPECT_EQ(header.version, 6U);
  EXPECT_EQ(header.cauchy_version, core::version());
  EXPECT_EQ(header.instruction_set, description_.instruction_set);
  EXPECT_EQ(header.product_backend, description_.product_backend);
  EXPECT_EQ(header.precision, "float");
  EXPECT_EQ(header.stop_reason, "no_descent");
  EXPECT_EQ(header.configuration, description_.configuration);
  EXPECT_EQ(header.problem, description_.problem);
  EXPECT_EQ(header.sampler, state_.sampler);
  EXPECT_EQ(header.stopping, state_.stopping);
  EXPECT_EQ(header.history, state_.history);
  ASSERT_EQ(header.tensors.size(), 4U);
  EXPECT_EQ(header.tensors[0].path, "dense_1/weights");
  EXPECT_EQ(header.tensors[1].path, "dense_1/intercepts");
  EXPECT_EQ(header.tensors[3].path, "output/intercepts");
  EXPECT_EQ(header.tensors[0].shape, (std::vector<std::uint64_t>{5, 3}));
}

TEST_F(CheckpointFileTest, HoldsMoreTensorsThanOneDigit) {
  for (int i = 3; i <= 12; ++i) {
    description_.layout.add("dense_" + std::to_string(i), "weights", {2}, TensorKind::weights);
  }
  state_.method.slots.clear();
  state_.residuals.clear();
  state_.method.x.assign(description_.layout.padded_size(), 0.5F);
  save(path_, description_, state_);
  const Header header = read_header(path_);
  ASSERT_EQ(header.tensors.size(), 14U);
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    EXPECT_EQ(header.tensors[i].path, description_.layout[i].path());
  }
}

TEST_F(CheckpointFileTest, MethodWithoutMemoryFeaturesAsTheyAreNoUnitsAndNoResiduals) {
  state_.method.slots.clear();
  state_.standardization = {};
  state_.units = {};
  state_.residuals = {};
  save(path_, description_, state_);
  const auto loaded = load<float>(path_, description_.layout);
  EXPECT_TRUE(loaded.method.slots.empty());
  EXPECT_FALSE(loaded.standardization.active());
  EXPECT_EQ(loaded.units, reduction::Units{});
  EXPECT_TRUE(loaded.residuals.empty());
}

TEST_F(CheckpointFileTest, EqualStatesGiveEqualBytes) {
  save(path_, description_, state_);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // longer than the grain of HDF5's time stamps
  std::vector<std::string> disturbance(1000, std::string(777, '?'));
  save(folder_ / "again.h5", description_, state_);
  const std::string first = contents(path_);
  EXPECT_EQ(first, contents(folder_ / "again.h5"));
  state_.history.epoch_nll_sum = std::nextafter(state_.history.epoch_nll_sum, 0);
  save(folder_ / "other.h5", description_, state_);
  EXPECT_NE(first, contents(folder_ / "other.h5"));
}

TEST_F(CheckpointFileTest, NoticesEveryFlippedByte) {
  save(path_, description_, state_);
  const std::string good = contents(path_);
  ASSERT_NO_THROW(verify(path_));
  // All of the user block; behind it every 41st byte, each in one of its bits.
  for (std::size_t place = 0; place < good.size(); place += place < 512 ? 1 : 41) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ (1 << (place % 8)));
    overwrite(path_, bad);
    ASSERT_NE(message_of<core::InputOutputError>([&] { verify(path_); }), "") << "byte " << place;
  }
  // Nothing reaches HDF5 unverified.
  std::string bad = good;
  bad[good.size() / 2] = static_cast<char>(bad[good.size() / 2] ^ 1);
  overwrite(path_, bad);
  for (const std::string& message :
       {message_of<core::InputOutputError>([&] { read_header(path_); }),
        message_of<core::InputOutputError>([&] { parameters_digest(path_); }),
        message_of<core::InputOutputError>([&] { load<float>(path_, description_.layout); })}) {
    EXPECT_TRUE(mentions(message, {"checkpoint.h5: damaged: its check sum differs"}));
  }
}

TEST_F(CheckpointFileTest, NamesTheDamagedDataset) {
  save(path_, description_, state_);
  std::string bytes = contents(path_);
  // The only tensor that starts with 12 and 12.125: dense_1/intercepts of the velocity is 11, ..., output/weights 12.
  const std::vector<float> values = {12.0F, 12.125F};
  const std::size_t place = bytes.find(std::string(reinterpret_cast<const char*>(values.data()), 8));
  ASSERT_NE(place, std::string::npos);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  overwrite(path_, bytes);
  EXPECT_TRUE(mentions(message_of<core::InputOutputError>([&] { verify(path_); }),
                       {"its check sum differs; the damage is in /optimizer/velocity/output/weights"}));
}

TEST_F(CheckpointFileTest, NoticesEveryOtherLength) {
  save(path_, description_, state_);
  const std::string good = contents(path_);
  for (std::size_t length = 0; length < good.size(); length += length < 600 ? 1 : 97) {
    overwrite(path_, good.substr(0, length));
    ASSERT_NE(message_of<core::InputOutputError>([&] { verify(path_); }), "") << "length " << length;
  }
  overwrite(path_, good + '\0');
  EXPECT_TRUE(mentions(message_of<core::InputOutputError>([&] { verify(path_); }),
                       {std::to_string(good.size() + 1) + " bytes long, should be " + std::to_string(good.size())}));
}

TEST_F(CheckpointFileTest, SaysWhatIsWrong) {
  const auto message = [&] { return message_of<core::InputOutputError>([&] { verify(path_); }); };
  EXPECT_TRUE(mentions(message(), {"checkpoint.h5: No such file or directory"}));
  overwrite(path_, "short");
  EXPECT_TRUE(mentions(message(), {"checkpoint.h5: too short for a checkpoint: 5 bytes"}));
  storage::File::create(folder_ / "data.h5").close();
  EXPECT_TRUE(mentions(message_of<core::InputOutputError>([&] { verify(folder_ / "data.h5"); }), {"too short"}));
  overwrite(path_, std::string(2000, 'x'));
  EXPECT_TRUE(mentions(message(), {"not a checkpoint of Cauchy"}));
  save(path_, description_, state_);
  const std::string good = contents(path_);
  for (const std::string version : {"1", "2", "3", "4"}) {
    std::string older = good;
    older.replace(0, 512, "cauchy checkpoint, format " + version + ", length 1, crc64-xz 0\n" + std::string(512, '\0'),
                  0, 512);
    overwrite(path_, older);
    EXPECT_TRUE(mentions(message(), {"a checkpoint of format " + version + "; this version of Cauchy reads format 6"}));
  }
  overwrite(path_, good.substr(0, good.size() - 1));
  EXPECT_TRUE(mentions(message(), {"damaged", "bytes long, should be"}));
}

TEST_F(CheckpointFileTest, RefusesTheOtherPrecision) {
  save(path_, description_, state_);
  EXPECT_TRUE(mentions(message_of<core::UserError>([&] { load<double>(path_, description_.layout); }),
                       {"precision float, not double", "run.precision = float"}));
}

TEST_F(CheckpointFileTest, TellsAllDifferencesOfTheModel) {
  save(path_, description_, state_);
  model::ParameterLayout other;
  other.add("dense_1", "weights", {3, 5}, TensorKind::weights);  // as many elements, another shape
  other.add("dense_1", "intercepts", {3}, TensorKind::intercepts);
  other.add("dense_2", "weights", {5, 2}, TensorKind::weights);
  other.add("output", "intercepts", {2}, TensorKind::intercepts);
  const std::string message = message_of<core::UserError>([&] { load<float>(path_, other); });
  EXPECT_TRUE(mentions(message, {"dense_1/weights: 5 × 3 in the file, 3 × 5 in the model",
                                 "dense_2/weights: missing in the file, 5 × 2 in the model",
                                 "output/weights: 3 × 2 in the file, missing in the model"}));
  EXPECT_EQ(message.find("intercepts"), std::string::npos) << message;
}

TEST_F(CheckpointFileTest, ReplacesAtomicallyAndLeavesNothingElse) {
  overwrite(path_, "older");
  save(path_, description_, state_);
  EXPECT_NO_THROW(verify(path_));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / ""), {}), 1);
  EXPECT_TRUE(mentions(message_of<storage::StorageError>([&] { save(folder_ / "no/c.h5", description_, state_); }),
                       {"No such file or directory"}));
}

TEST_F(CheckpointFileTest, RefusesAStateThatDoesNotFitItsLayout) {
  state_.method.slots[0].values.pop_back();
  EXPECT_THROW(save(path_, description_, state_), std::logic_error);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / ""));
}

}  // namespace
}  // namespace cauchy::checkpoint
