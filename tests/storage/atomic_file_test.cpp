// Files that appear complete or not at all.

#include "cauchy/storage/atomic_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cauchy/storage/descriptor.hpp"
#include "cauchy/storage/file.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::storage {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t file_count(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

class AtomicFileTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "result.cfg";
};

TEST_F(AtomicFileTest, AppearsOnCommit) {
  AtomicFile file(path_);
  EXPECT_EQ(file.temporary_path().parent_path(), path_.parent_path());
  std::ofstream(file.temporary_path()) << "new";
  EXPECT_FALSE(std::filesystem::exists(path_));
  file.commit([] {});
  EXPECT_EQ(contents(path_), "new");
  EXPECT_EQ(file_count(folder_ / ""), 1U);
}

TEST_F(AtomicFileTest, ReplacesAnOlderFileOnlyOnCommit) {
  std::ofstream(path_) << "old";
  {
    AtomicFile file(path_);
    std::ofstream(file.temporary_path()) << "abandoned";
  }
  EXPECT_EQ(contents(path_), "old");
  EXPECT_EQ(file_count(folder_ / ""), 1U);
  AtomicFile file(path_);
  std::ofstream(file.temporary_path()) << "new";
  file.commit([] {});
  EXPECT_EQ(contents(path_), "new");
}

TEST_F(AtomicFileTest, TakesOverWhatADeadNamesakeLeft) {
  std::ofstream(AtomicFile(path_).temporary_path()) << "leftover";
  AtomicFile file(path_);
  EXPECT_FALSE(std::filesystem::exists(file.temporary_path()));
  File::create(file.temporary_path()).close();
  file.commit([] {});
  EXPECT_TRUE(is_hdf5(path_));
}

TEST_F(AtomicFileTest, WorksInTheWorkingFolder) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_ / "");
  {
    AtomicFile file("plain.txt");
    std::ofstream(file.temporary_path()) << "text";
    file.commit([] {});
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(contents(folder_ / "plain.txt"), "text");
}

TEST_F(AtomicFileTest, TellsWhyItFailed) {
  const auto message_of_commit = [](const std::filesystem::path& path, bool write) {
    try {
      AtomicFile file(path);
      if (write) {
        std::ofstream(file.temporary_path()) << "text";
      }
      file.commit([] {});
    } catch (const StorageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message_of_commit(path_, false).find("No such file or directory"), std::string::npos);
  EXPECT_NE(message_of_commit(folder_ / "no/result", true).find("No such file or directory"), std::string::npos);
  // A folder of the final name stands in the way of the rename.
  std::filesystem::create_directory(path_);
  EXPECT_NE(message_of_commit(path_, true).find("cannot rename"), std::string::npos);
  EXPECT_EQ(file_count(folder_ / ""), 1U);
}

TEST_F(AtomicFileTest, HasNoNameBeforeItIsReadBack) {
  std::ofstream(path_) << "old";
  AtomicFile file(path_);
  std::ofstream(file.temporary_path()) << "new";
  bool was_asked = false;
  file.commit([&] {
    was_asked = true;
    EXPECT_EQ(contents(file.temporary_path()), "new");
    EXPECT_EQ(contents(path_), "old");
  });
  EXPECT_TRUE(was_asked);
  EXPECT_EQ(contents(path_), "new");
}

TEST_F(AtomicFileTest, WhatReadsBackWrongNeverGetsTheName) {
  std::ofstream(path_) << "old";
  {
    AtomicFile file(path_);
    std::ofstream(file.temporary_path()) << "new";
    EXPECT_THROW(file.commit([] { throw StorageError("damaged"); }), StorageError);
  }
  EXPECT_EQ(contents(path_), "old");
  EXPECT_EQ(file_count(folder_ / ""), 1U);
}

TEST_F(AtomicFileTest, TextsAreWrittenWhole) {
  for (const std::string& text : {std::string(100000, 'x'), std::string("[model]\nlayers = 3\n"), std::string()}) {
    write_text_file(path_, text);
    EXPECT_EQ(contents(path_), text);
  }
  EXPECT_EQ(file_count(folder_ / ""), 1U);
}

TEST_F(AtomicFileTest, TextsAreWrittenPieceByPiece) {
  std::ofstream(path_) << "old";
  {
    TextWriter abandoned(path_);
    abandoned.append("some");
  }
  EXPECT_EQ(contents(path_), "old");
  const std::string line(700'000, 'x');
  TextWriter writer(path_);
  writer.append("first\n");
  writer.append("");
  writer.append(line);
  writer.append(line);
  writer.commit();
  EXPECT_TRUE(contents(path_) == "first\n" + line + line);
  EXPECT_EQ(file_count(folder_ / ""), 1U);
}

TEST_F(AtomicFileTest, RemovesWhatWritersLeft) {
  const std::vector<std::string> stay = {"checkpoint-1.h5", ".metrics.csv.tmp.7", ".checkpoint-1.h5.bak",
                                         "checkpoint-1.h5.tmp.7"};
  const std::vector<std::string> go = {".checkpoint-1.h5.tmp.7", ".checkpoint-2.h5.tmp." + std::to_string(getppid())};
  for (const auto& names : {stay, go}) {
    for (const std::string& name : names) {
      std::ofstream(folder_ / name) << "x";
    }
  }
  remove_abandoned(folder_ / "", "checkpoint-");
  for (const std::string& name : stay) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / name)) << name;
  }
  for (const std::string& name : go) {
    EXPECT_FALSE(std::filesystem::exists(folder_ / name)) << name;
  }
  EXPECT_THROW(remove_abandoned(folder_ / "missing", "checkpoint-"), StorageError);
}

TEST_F(AtomicFileTest, DescriptorsReadAndWriteInPlace) {
  const std::vector<std::byte> bytes = {std::byte{1}, std::byte{2}, std::byte{3}};
  Descriptor file = Descriptor::create(path_);
  file.write_at(2, bytes);
  EXPECT_EQ(file.size(), 5U);
  std::vector<std::byte> found(3);
  file.read_at(2, found);
  EXPECT_EQ(found, bytes);
  EXPECT_THROW(file.read_at(3, found), StorageError);
  file.sync();
  file.drop_from_cache();
  file.read_at(2, found);
  EXPECT_EQ(found, bytes);
  file.close();
  EXPECT_THROW(Descriptor::create(path_), StorageError);
  EXPECT_THROW(Descriptor::open_to_change(folder_ / "missing"), StorageError);
  EXPECT_THROW(Descriptor::open_to_read(folder_ / ""), StorageError);
}

}  // namespace
}  // namespace cauchy::storage
