// Files that say of themselves whether they are whole.

#include "cauchy/storage/seal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/mentions.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::storage {
namespace {

using test::mentions;

constexpr SealKind kind{"test file", 7};

class SealTest : public testing::Test {
 protected:
  SealTest() {
    write_sealed(path_, kind, [&](File& file) {
      file.write<double>("/group/chunks", {values_.size()}, values_, Layout::checked);
      file.write<double>("/whole", {10}, std::span(values_).first(10));
      file.write<double>("/empty", {0}, {}, Layout::checked);
      file.write_text("/text", "some text");
    });
    good_ = contents();
  }

  std::string contents() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  void overwrite(const std::string& bytes) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes; }

  /// What is said of a file of these bytes; empty: it is whole.
  std::string fault_of(const std::string& bytes, const SealKind& expected = kind) const {
    overwrite(bytes);
    try {
      verify_seal(path_, expected);
    } catch (const StorageError& error) {
      return error.what();
    }
    return "";
  }

  static std::string flipped(std::string bytes, std::size_t place) {
    bytes[place] = static_cast<char>(bytes[place] ^ (1 << (place % 8)));
    return bytes;
  }

  std::size_t place_of(double value) const {
    return good_.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
  }

  /// Two and a half chunks of numbers that occur once.
  static std::vector<double> many_values() {
    std::vector<double> values(5 << 16);
    std::ranges::generate(values, [next = 1000.5]() mutable { return next += 1; });
    return values;
  }

  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "file.h5";
  std::vector<double> values_ = many_values();
  std::string good_;
};

TEST_F(SealTest, ContentsAreThoseOfAnyFile) {
  EXPECT_EQ(fault_of(good_), "");
  EXPECT_TRUE(is_sealed(path_, kind));
  EXPECT_FALSE(is_sealed(path_, {"other file", 7}));
  std::vector<double> found(values_.size());
  File::open(path_).read<double>("/group/chunks", found);
  EXPECT_EQ(found, values_);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / ""), {}), 1);
}

TEST_F(SealTest, EqualContentsGiveEqualBytes) {
  const auto fill = [&](File& file) { file.write<double>("/x", {values_.size()}, values_, Layout::checked); };
  write_sealed(path_, kind, fill);
  const std::string first = contents();
  write_sealed(path_, kind, fill);
  EXPECT_EQ(contents(), first);
}

TEST_F(SealTest, StartsTwiceWithAReadableLine) {
  EXPECT_EQ(good_.substr(0, 36), "cauchy test file, format 7, length 0");
  EXPECT_EQ(good_.substr(0, 256), good_.substr(256, 256));
  const std::size_t end = good_.find('\n');
  ASSERT_LT(end, 256U);
  EXPECT_EQ(good_.substr(end + 1, 256 - end - 1), std::string(256 - end - 1, '\0'));
  EXPECT_EQ(good_.substr(513, 3), "HDF");
}

TEST_F(SealTest, NoticesDamageAnywhereInItsLines) {
  for (std::size_t place = 0; place < 512; ++place) {
    const std::string fault = fault_of(flipped(good_, place));
    ASSERT_TRUE(mentions(fault, {"file.h5: damaged: the check lines"})) << "byte " << place;
    ASSERT_TRUE(is_sealed(path_, kind)) << "byte " << place;
  }
}

TEST_F(SealTest, TellsWhereTheDamageIs) {
  EXPECT_TRUE(mentions(fault_of(flipped(good_, place_of(values_[3]))),
                       {"file.h5: damaged: its check sum differs; the damage is in /"}));
  // The last element: in the last chunk.
  const std::string in_chunks = flipped(good_, place_of(values_.back()));
  EXPECT_TRUE(fault_of(in_chunks).ends_with("differs; the damage is in /group/chunks"));
  // The first ten elements are in both datasets; their second place is that of /whole.
  const std::size_t second =
      good_.find(good_.substr(place_of(values_[0]), 8), std::min(place_of(values_[0]) + 1, good_.size()));
  ASSERT_NE(second, std::string::npos);
  EXPECT_TRUE(fault_of(flipped(in_chunks, second)).ends_with("differs; the damage is in /group/chunks, /whole"))
      << fault_of(flipped(in_chunks, second));
  // The superblock of HDF5 comes first.
  EXPECT_TRUE(mentions(fault_of(flipped(good_, 530)), {"differs; the damage is outside of the datasets"}));
  // A table that is damaged itself tells nothing.
  for (const std::size_t from_end : {1U, 5U, 20U, 30U, 60U}) {
    EXPECT_TRUE(fault_of(flipped(good_, good_.size() - from_end)).ends_with("its check sum differs")) << from_end;
  }
}

TEST_F(SealTest, NoticesEveryOtherLength) {
  for (const std::size_t length : {std::size_t{0}, std::size_t{511}, std::size_t{512}, good_.size() - 1}) {
    EXPECT_NE(fault_of(good_.substr(0, length)), "") << length;
  }
  EXPECT_TRUE(mentions(fault_of(good_ + '\0'),
                       {std::to_string(good_.size() + 1) + " bytes long, should be " + std::to_string(good_.size())}));
}

TEST_F(SealTest, SaysWhatElseIsWrong) {
  EXPECT_TRUE(mentions(fault_of("short"), {"file.h5: too short for a test file: 5 bytes"}));
  EXPECT_FALSE(is_sealed(path_, kind));
  EXPECT_TRUE(mentions(fault_of(std::string(2000, 'x')), {"not a test file of Cauchy"}));
  EXPECT_TRUE(mentions(fault_of(good_, {"other file", 7}), {"not a other file of Cauchy"}));
  EXPECT_TRUE(
      mentions(fault_of(good_, {"test file", 8}), {"a test file of format 7; this version of Cauchy reads format 8"}));
  // A digit of one line alone is damage, no other format.
  for (const std::size_t place : {25U, 281U}) {
    std::string bytes = good_;
    bytes[place] = '5';
    EXPECT_TRUE(mentions(fault_of(bytes), {"damaged: the check lines"}));
  }
}

TEST_F(SealTest, PartsMayBeSummedApart) {
  const SealedFile file(path_, kind);
  for (const std::uint64_t parts : {1U, 2U, 3U, 7U}) {
    std::vector<std::uint64_t> sums;
    for (std::uint64_t part = 0; part < parts; ++part) {
      sums.push_back(file.sum_of_part(part, parts));
    }
    EXPECT_NO_THROW(file.require_sums(sums));
    sums.back() ^= 1;
    EXPECT_THROW(file.require_sums(sums), StorageError);
  }
}

TEST_F(SealTest, KnowsAFileThatHasLostItsLines) {
  std::string bytes = good_;
  bytes.replace(0, 512, std::string(512, '\0'));
  overwrite(bytes);
  EXPECT_FALSE(is_sealed(path_, kind));
  EXPECT_THROW(require_unsealed(File::open(path_)), StorageError);
  File foreign = File::create(folder_ / "foreign.h5", 512);
  EXPECT_NO_THROW(require_unsealed(foreign));
}

TEST_F(SealTest, AFailureLeavesTheOlderFile) {
  EXPECT_THROW(write_sealed(path_, kind, [](File&) { throw StorageError("no"); }), StorageError);
  EXPECT_EQ(contents(), good_);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / ""), {}), 1);
}

}  // namespace
}  // namespace cauchy::storage
