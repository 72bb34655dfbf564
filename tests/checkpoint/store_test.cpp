// A folder of checkpoints: retention, the newest valid one, earlier runs.

#include "cauchy/checkpoint/store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"
#include "checkpoint/example_state.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::checkpoint {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::filesystem::create_directory(runs_);
    state_.stopping.best_step = 0;
  }

  SavedCheckpoint save(Store& store, std::uint64_t step) {
    state_.stopping.steps = step;
    return store.save(test::example_description(), state_, {.numbered = true});
  }

  std::vector<std::string> names(const std::string& below = "") const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(runs_ / below)) {
      result.push_back(entry.path().filename().string());
    }
    std::ranges::sort(result);
    return result;
  }

  static void damage(const std::filesystem::path& path) {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  }

  test::TemporaryFolder folder_;
  std::filesystem::path runs_ = folder_ / "runs";
  training::TrainingState<float> state_ = test::example_state<float>();
};

TEST_F(StoreTest, NamesFilesInOrder) {
  Store store(runs_, {.keep = 9});
  for (const std::uint64_t step : {5U, 100U, 99U, 123456789U}) {
    EXPECT_EQ(save(store, step).path.parent_path(), runs_);
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-00000005.h5", "checkpoint-00000099.h5",
                                               "checkpoint-00000100.h5", "checkpoint-123456789.h5"}));
}

TEST_F(StoreTest, KeepsTheNewest) {
  Store store(runs_, {.keep = 2});
  for (const std::uint64_t step : {1U, 2U, 10U, 11U, 100U}) {
    EXPECT_EQ(save(store, step).leftover, "");
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-00000011.h5", "checkpoint-00000100.h5"}));
}

TEST_F(StoreTest, KeepsForEverWhatAnIntervalDivides) {
  Store store(runs_, {.keep = 2, .intervals = {0, 4, 6}});
  for (std::uint64_t step = 1; step <= 14; ++step) {
    EXPECT_EQ(save(store, step).leftover, "");
  }
  EXPECT_EQ(names(),
            (std::vector<std::string>{"checkpoint-00000004.h5", "checkpoint-00000006.h5", "checkpoint-00000008.h5",
                                      "checkpoint-00000012.h5", "checkpoint-00000013.h5", "checkpoint-00000014.h5"}));
}

TEST_F(StoreTest, TheBestHasANameOfItsOwn) {
  Store store(runs_, {.keep = 1});
  const auto save_as = [&](std::uint64_t step, const SaveAs& as) {
    state_.stopping.steps = step;
    store.save(test::example_description(), state_, as);
  };
  const auto best_step = [&] { return read_header(runs_ / "best.h5").stopping.steps; };
  save_as(1, {.best = true});
  EXPECT_EQ(names(), std::vector<std::string>{"best.h5"});
  save_as(2, {.numbered = true, .best = true});
  EXPECT_EQ(best_step(), 2U);
  save_as(3, {.numbered = true});
  EXPECT_EQ(best_step(), 2U);
  EXPECT_EQ(names(), (std::vector<std::string>{"best.h5", "checkpoint-00000003.h5"}));
  save_as(3, {.numbered = true, .best = true});
  save_as(3, {.numbered = true, .best = true});
  EXPECT_EQ(best_step(), 3U);
  EXPECT_EQ(names(), (std::vector<std::string>{"best.h5", "checkpoint-00000003.h5"}));
}

TEST_F(StoreTest, TheBestIsThereBeforeTheNumberedOneSpeaksOfIt) {
  Store store(runs_, {.keep = 9});
  std::filesystem::create_directories(runs_ / "checkpoint-00000002.h5/in the way");
  state_.stopping.steps = 2;
  state_.stopping.best_step = 2;
  EXPECT_THROW(store.save(test::example_description(), state_, {.numbered = true, .best = true}),
               core::InputOutputError);
  EXPECT_EQ(newest_valid(runs_)->path, runs_ / "best.h5");
}

TEST_F(StoreTest, ABestThatCouldNotBeWrittenIsNoFailureAndIsMadeUpFor) {
  Store store(runs_, {.keep = 9});
  std::filesystem::create_directories(runs_ / "best.h5/in the way");
  state_.stopping.steps = 2;
  state_.stopping.best_step = 2;
  const SavedCheckpoint first = store.save(test::example_description(), state_, {.numbered = true, .best = true});
  EXPECT_EQ(first.path, runs_ / "checkpoint-00000002.h5");
  EXPECT_NE(first.best_failure, "");
  EXPECT_FALSE(first.has_best);
  EXPECT_NO_THROW(verify(first.path));
  std::filesystem::remove_all(runs_ / "best.h5");
  EXPECT_TRUE(save(store, 3).has_best);
  EXPECT_EQ(read_header(runs_ / "best.h5").stopping.steps, 2U);
}

TEST_F(StoreTest, ANewStoreMakesUpForAMissingBest) {
  state_.stopping.best_step = 2;
  Store before(runs_, {.keep = 9});
  save(before, 2);
  Store after(runs_, {.keep = 9});
  EXPECT_TRUE(save(after, 3).has_best);
  EXPECT_EQ(read_header(runs_ / "best.h5").stopping.steps, 2U);
  state_.stopping.best_step = 1;  // nowhere
  EXPECT_FALSE(save(after, 4).has_best);
  EXPECT_EQ(read_header(runs_ / "best.h5").stopping.steps, 2U);
}

TEST_F(StoreTest, TheBestCountsAmongTheNewest) {
  Store store(runs_, {.keep = 9});
  const auto save_as = [&](std::uint64_t step, const SaveAs& as) {
    state_.stopping.steps = step;
    store.save(test::example_description(), state_, as);
  };
  save_as(7, {.best = true});
  EXPECT_EQ(newest_valid(runs_)->path, runs_ / "best.h5");
  save_as(5, {.numbered = true});
  EXPECT_EQ(newest_valid(runs_)->path, runs_ / "best.h5");
  save_as(7, {.numbered = true});
  EXPECT_EQ(newest_valid(runs_)->path, runs_ / "checkpoint-00000007.h5");
  damage(runs_ / "best.h5");
  const auto found = newest_valid(runs_);
  EXPECT_EQ(found->path, runs_ / "checkpoint-00000007.h5");
  ASSERT_EQ(found->skipped.size(), 1U);
  EXPECT_EQ(found->skipped[0].path, runs_ / "best.h5");
}

TEST_F(StoreTest, NumbersTheBest) {
  Store store(runs_, {});
  state_.stopping.steps = 7;
  store.save(test::example_description(), state_, {.best = true});
  number_best(runs_, 7);
  number_best(runs_, 7);
  EXPECT_EQ(names(), (std::vector<std::string>{"best.h5", "checkpoint-00000007.h5"}));
  EXPECT_EQ(newest_valid(runs_)->path, runs_ / "checkpoint-00000007.h5");
}

TEST_F(StoreTest, SetsABestOfLaterStepsAside) {
  Store store(runs_, {.keep = 9});
  state_.stopping.steps = 7;
  store.save(test::example_description(), state_, {.numbered = true, .best = true});
  save(store, 9);
  EXPECT_EQ(set_aside(runs_, 8, {}), runs_ / "earlier-1");
  EXPECT_EQ(names(), (std::vector<std::string>{"best.h5", "checkpoint-00000007.h5", "earlier-1"}));
  EXPECT_EQ(set_aside(runs_, 7, {}), runs_ / "earlier-2");
  EXPECT_EQ(names("earlier-2"), (std::vector<std::string>{"best.h5", "checkpoint-00000007.h5"}));
}

TEST_F(StoreTest, ComparesNumbersNotNames) {
  Store store(runs_, {.keep = 1});
  save(store, 99999999);
  save(store, 100000000);  // one digit more than names are filled up to
  EXPECT_EQ(names(), std::vector<std::string>{"checkpoint-100000000.h5"});
}

TEST_F(StoreTest, NeverRemovesWhatItJustWroteForAnAbandonedBranch) {
  Store store(runs_, {.keep = 1});
  save(store, 20);
  damage(runs_ / "checkpoint-00000020.h5");
  save(store, 15);
  EXPECT_EQ(names(), (std::vector<std::string>{"checkpoint-00000015.h5", "checkpoint-00000020.h5"}));
  save(store, 20);
  EXPECT_EQ(names(), std::vector<std::string>{"checkpoint-00000020.h5"});
  EXPECT_NO_THROW(verify(runs_ / "checkpoint-00000020.h5"));
}

TEST_F(StoreTest, AFailedWriteLeavesTheOlderOnes) {
  Store store(runs_, {.keep = 1});
  save(store, 1);
  std::filesystem::create_directory(runs_ / "checkpoint-00000002.h5");  // in the way of the rename
  EXPECT_THROW(save(store, 2), core::InputOutputError);
  EXPECT_NO_THROW(verify(runs_ / "checkpoint-00000001.h5"));
}

TEST_F(StoreTest, TellsAnOlderOneThatStays) {
  Store store(runs_, {.keep = 1});
  std::filesystem::create_directories(runs_ / "checkpoint-00000001.h5/full");
  EXPECT_NE(save(store, 2).leftover.find("cannot remove " + (runs_ / "checkpoint-00000001.h5").string()),
            std::string::npos);
}

TEST_F(StoreTest, RemovesLeftoversOfItsOwnKindOnly) {
  std::ofstream(runs_ / (".best.h5.tmp." + std::to_string(getpid()))) << "leftover";
  std::ofstream(runs_ / (".checkpoint-00000001.h5.tmp." + std::to_string(getpid()))) << "leftover";
  std::ofstream(runs_ / "notes.txt") << "mine";
  remove_leftovers(runs_);
  EXPECT_EQ(names(), std::vector<std::string>{"notes.txt"});
}

TEST_F(StoreTest, TellsAFolderThatCannotBe) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_THROW(remove_leftovers(folder_ / "file"), core::InputOutputError);
}

TEST_F(StoreTest, NewestValidSkipsBrokenOnes) {
  EXPECT_FALSE(newest_valid(folder_ / "nowhere"));
  Store store(runs_, {.keep = 9});
  EXPECT_FALSE(newest_valid(runs_));  // nothing in it
  for (const std::uint64_t step : {9U, 10U, 11U, 12U}) {
    save(store, step);
  }
  std::ofstream(runs_ / "checkpoint-abc.h5") << "no number";
  std::ofstream(runs_ / "checkpoint-00000099.h5.bak") << "another name";
  EXPECT_EQ(newest_valid(runs_)->path, runs_ / "checkpoint-00000012.h5");
  EXPECT_TRUE(newest_valid(runs_)->skipped.empty());

  damage(runs_ / "checkpoint-00000012.h5");
  std::ofstream(runs_ / "checkpoint-00000011.h5") << "x";
  const auto found = newest_valid(runs_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, runs_ / "checkpoint-00000010.h5");
  ASSERT_EQ(found->skipped.size(), 2U);
  EXPECT_EQ(found->skipped[0].path, runs_ / "checkpoint-00000012.h5");
  EXPECT_NE(found->skipped[0].reason.find("damaged"), std::string::npos);
  EXPECT_NE(found->skipped[1].reason.find("too short"), std::string::npos);
}

TEST_F(StoreTest, NewestValidFailsIfAllAreBroken) {
  Store store(runs_, {.keep = 9});
  save(store, 1);
  save(store, 2);
  damage(runs_ / "checkpoint-00000001.h5");
  damage(runs_ / "checkpoint-00000002.h5");
  try {
    newest_valid(runs_);
    FAIL();
  } catch (const core::InputOutputError& error) {
    EXPECT_NE(std::string(error.what()).find("checkpoint-00000001.h5: damaged"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("checkpoint-00000002.h5: damaged"), std::string::npos) << error.what();
  }
}

TEST_F(StoreTest, SetsEarlierRunsAside) {
  EXPECT_FALSE(set_aside(folder_ / "nowhere", 0, {"metrics.csv"}));
  Store store(runs_, {.keep = 9});
  EXPECT_FALSE(set_aside(runs_, 0, {"metrics.csv"}));
  save(store, 1);
  save(store, 2);
  std::ofstream(runs_ / "metrics.csv") << "step\n";
  std::ofstream(runs_ / "notes.txt") << "mine";
  EXPECT_EQ(set_aside(runs_, 0, {"metrics.csv", "resolved.cfg"}), runs_ / "earlier-1");
  EXPECT_EQ(names(), (std::vector<std::string>{"earlier-1", "notes.txt"}));
  EXPECT_EQ(names("earlier-1"),
            (std::vector<std::string>{"checkpoint-00000001.h5", "checkpoint-00000002.h5", "metrics.csv"}));
  save(store, 1);
  EXPECT_EQ(set_aside(runs_, 0, {"metrics.csv"}), runs_ / "earlier-2");
  EXPECT_EQ(names("earlier-1").size(), 3U);
  EXPECT_EQ(names("earlier-2"), std::vector<std::string>{"checkpoint-00000001.h5"});
  EXPECT_FALSE(newest_valid(runs_));
}

}  // namespace
}  // namespace cauchy::checkpoint
