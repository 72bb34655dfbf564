// One writer of a folder at a time, and none that is dead.

#include "cauchy/storage/folder_lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include "cauchy/core/error.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/storage/file.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::storage {
namespace {

/// A process that locks a folder and holds it until it is killed.
class OtherHolder {
 public:
  explicit OtherHolder(const std::filesystem::path& folder) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    process_ = fork();
    if (process_ == 0) {
      const FolderLock lock(folder, "the other one", 0);
      if (write(ready[1], "x", 1) != 1) {
        _exit(1);
      }
      pause();
      _exit(0);
    }
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~OtherHolder() { end(); }
  OtherHolder(const OtherHolder&) = delete;
  OtherHolder& operator=(const OtherHolder&) = delete;

  void end() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
};

class FolderLockTest : public testing::Test {
 protected:
  FolderLockTest() { std::filesystem::create_directory(runs_); }

  test::TemporaryFolder folder_;
  std::filesystem::path runs_ = folder_ / "runs";
};

TEST_F(FolderLockTest, RefusesASecondHolderAndNamesTheFirst) {
  const OtherHolder other(runs_);
  const core::Timer timer;
  try {
    const FolderLock lock(runs_, "me", 0.3);
    FAIL();
  } catch (const core::UserError& error) {
    EXPECT_NE(std::string(error.what()).find(runs_.string() + " is in use by another job (the other one)"),
              std::string::npos)
        << error.what();
  }
  EXPECT_GE(timer.seconds(), 0.3);
}

TEST_F(FolderLockTest, TheDeadHoldNothing) {
  OtherHolder other(runs_);
  other.end();
  const FolderLock lock(runs_, "me", 0);
  EXPECT_EQ(lock.missing(), "");
}

TEST_F(FolderLockTest, EndsWithItsHolder) {
  { const FolderLock lock(runs_, "first", 0); }
  EXPECT_NO_THROW(FolderLock(runs_, "second", 0));
}

TEST_F(FolderLockTest, WaitsForAHolderThatEnds) {
  { const FolderLock first(runs_, "a line that is longer than the next holder's", 0); }
  OtherHolder other(runs_);
  std::thread end([&other] {
    usleep(500000);
    other.end();
  });
  const core::Timer timer;
  EXPECT_NO_THROW(FolderLock(runs_, "me", 10));
  EXPECT_GE(timer.seconds(), 0.3);
  end.join();
}

TEST_F(FolderLockTest, RenewsTheLockOfAFolderThatWasRemoved) {
  FolderLock lock(runs_, "me", 0);
  EXPECT_FALSE(lock.renew());
  std::filesystem::remove_all(runs_);
  EXPECT_TRUE(lock.renew());
  EXPECT_TRUE(std::filesystem::is_directory(runs_));
  EXPECT_THROW(FolderLock(runs_, "second", 0), core::UserError);
}

TEST_F(FolderLockTest, DoesNotTakeAFolderFromItsNewHolder) {
  FolderLock lock(runs_, "me", 0);
  std::filesystem::remove_all(runs_);
  std::filesystem::create_directory(runs_);
  const OtherHolder other(runs_);
  EXPECT_THROW(lock.renew(), StorageError);
}

TEST_F(FolderLockTest, TellsAFolderThatIsMissingOrAFile) {
  EXPECT_THROW(FolderLock(folder_ / "nowhere", "me", 0), StorageError);
  std::ofstream(folder_ / "file") << "x";
  EXPECT_THROW(FolderLock(folder_ / "file", "me", 0), StorageError);
}

}  // namespace
}  // namespace cauchy::storage
