// HDF5 files: round trips, conversions, errors in words, equal bytes.

#include "cauchy/storage/file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cauchy/core/crc64.hpp"
#include "support/mentions.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::storage {
namespace {

using test::mentions;

std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The message of the StorageError that `work` throws; a failure and "" if it throws none.
template <typename Work>
std::string message_of(Work work) {
  try {
    work();
  } catch (const StorageError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no StorageError";
  return "";
}

class FileTest : public testing::Test {
 protected:
  /// A closed file that holds what most tests look at.
  void write_example() const {
    File file = File::create(path_);
    file.write<float>("/numbers/table", {3, 2}, table_);
    file.write_text("/text", "καὶ τὰ λοιπά\nsecond line\n");
    file.write_attribute("/numbers", "count", std::uint64_t{7});
    file.close();
  }

  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "file.h5";
  std::vector<float> table_ = {1, 2, 3, 4, 5, 6};
};

template <typename T>
class FileTypes : public FileTest {};

template <typename T>
ElementType expected_type();
template <>
ElementType expected_type<float>() {
  return ElementType::float32;
}
template <>
ElementType expected_type<double>() {
  return ElementType::float64;
}
template <>
ElementType expected_type<std::uint8_t>() {
  return ElementType::uint8;
}
template <>
ElementType expected_type<std::int32_t>() {
  return ElementType::int32;
}
template <>
ElementType expected_type<std::int64_t>() {
  return ElementType::int64;
}
template <>
ElementType expected_type<std::uint64_t>() {
  return ElementType::uint64;
}

using Types = testing::Types<float, double, std::uint8_t, std::int32_t, std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(FileTypes, Types);

TYPED_TEST(FileTypes, KeepsEveryValueInEveryLayout) {
  const std::vector<TypeParam> values = {std::numeric_limits<TypeParam>::lowest(),
                                         std::numeric_limits<TypeParam>::max(),
                                         TypeParam{0},
                                         TypeParam{1},
                                         TypeParam{2},
                                         TypeParam{3}};
  File file = File::create(this->path_);
  file.write<TypeParam>("/contiguous", {2, 3}, values);
  file.write<TypeParam>("/a/b/checked", {1, 2, 3}, values, Layout::checked);
  file.close();

  const File read = File::open(this->path_);
  EXPECT_EQ(read.info("/contiguous").type, expected_type<TypeParam>());
  EXPECT_EQ(read.info("/contiguous").shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(read.info("/a/b/checked").shape, (std::vector<std::uint64_t>{1, 2, 3}));
  for (const char* name : {"/contiguous", "/a/b/checked"}) {
    std::vector<TypeParam> found(6);
    read.read<TypeParam>(name, found);
    EXPECT_EQ(found, values) << name;
  }
}

TYPED_TEST(FileTypes, KeepsEmptyArraysAndSingleNumbers) {
  const TypeParam number = 5;
  for (const Layout layout : {Layout::contiguous, Layout::checked}) {
    const std::string group = layout == Layout::checked ? "/checked" : "/contiguous";
    const auto path = this->folder_ / (group.substr(1) + ".h5");
    File file = File::create(path);
    file.write<TypeParam>(group + "/empty", {0}, {}, layout);
    file.write<TypeParam>(group + "/no_columns", {4, 0}, {}, layout);
    file.write<TypeParam>(group + "/number", {}, std::span(&number, 1), layout);
    file.close();

    const File read = File::open(path);
    EXPECT_EQ(read.info(group + "/empty").shape, std::vector<std::uint64_t>{0});
    EXPECT_EQ(read.info(group + "/no_columns").shape, (std::vector<std::uint64_t>{4, 0}));
    EXPECT_TRUE(read.info(group + "/number").shape.empty());
    read.read<TypeParam>(group + "/empty", {});
    read.read<TypeParam>(group + "/no_columns", {});
    read.read_rows<TypeParam>(group + "/no_columns", 1, 2, {});
    TypeParam found = 0;
    read.read<TypeParam>(group + "/number", std::span(&found, 1));
    EXPECT_EQ(found, number);
  }
}

TEST_F(FileTest, KeepsTheBitsOfFloatingPointNumbers) {
  const std::vector<double> values = {0.1, -0.0, std::numeric_limits<double>::denorm_min(),
                                      std::numeric_limits<double>::infinity()};
  File file = File::create(path_);
  file.write<double>("/x", {4}, values, Layout::checked);
  file.close();
  std::vector<double> found(4);
  File::open(path_).read<double>("/x", found);
  EXPECT_EQ(found, values);
  EXPECT_TRUE(std::signbit(found[1]));
}

TEST_F(FileTest, SplitsLargeArraysIntoManyChunks) {
  // 700 rows of 1001 floats are 2.8 MB: three chunks of whole rows, the last one not full.
  std::vector<float> values(700 * 1001);
  std::iota(values.begin(), values.end(), 1.0F);
  File file = File::create(path_);
  file.write<float>("/rows", {700, 1001}, values, Layout::checked);
  file.write<float>("/one_wide_row", {1, 700 * 1001}, values, Layout::checked);
  file.close();
  const File read = File::open(path_);
  for (const char* name : {"/rows", "/one_wide_row"}) {
    std::vector<float> found(values.size());
    read.read<float>(name, found);
    EXPECT_EQ(found, values) << name;
  }
}

// HDF5 compares the check sums of all chunks as it reads them: those at the ends, of odd lengths, of one number again
// and again, whose sums are multiples of 2^16 - 1.
TEST_F(FileTest, ChunksOfEveryShapeHaveTheCheckSumOfHdf5) {
  const std::vector<std::vector<std::uint64_t>> shapes = {
      {1}, {2}, {3}, {63}, {65}, {16385}, {1 << 20}, {(1 << 20) + 1}, {3, 700001}, {5, 3, 300001}, {7, 11, 13, 1009}};
  for (const std::vector<std::uint64_t>& shape : shapes) {
    const std::uint64_t size =
        std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());  // bytes, too
    std::vector<std::uint8_t> mixed(size);
    std::ranges::generate(mixed, [random = 1U]() mutable {
      random = random * 1664525 + 1013904223;
      return static_cast<std::uint8_t>(random >> 24);
    });
    const auto path = folder_ / "chunks.h5";
    std::filesystem::remove(path);
    File file = File::create(path);
    file.write<std::uint8_t>("/mixed", shape, mixed, Layout::checked);
    file.write<std::uint8_t>("/zeros", shape, std::vector<std::uint8_t>(size, 0), Layout::checked);
    file.write<std::uint8_t>("/ones", shape, std::vector<std::uint8_t>(size, 255), Layout::checked);
    file.close();
    const File read = File::open(path);
    std::vector<std::uint8_t> found(size);
    for (const char* name : {"/mixed", "/zeros", "/ones"}) {
      read.read<std::uint8_t>(name, found);
      EXPECT_EQ(found, name[1] == 'm' ? mixed : std::vector<std::uint8_t>(size, name[1] == 'z' ? 0 : 255)) << name;
    }
  }
}

TEST_F(FileTest, KnowsTheSumsOfTheChunksThatItWrote) {
  const std::vector<double> values(5 << 16, 1.5);
  File file = File::create(path_, 512);
  file.write<double>("/chunks", {values.size()}, values, Layout::checked);
  file.write<double>("/whole", {values.size()}, values);
  const std::vector<Piece> pieces = file.pieces();
  file.close();
  const std::string bytes = contents(path_);
  ASSERT_EQ(pieces.size(), 4U);
  for (const Piece& piece : pieces) {
    core::Crc64 sum;
    sum.update(std::as_bytes(std::span(bytes).subspan(piece.offset, piece.bytes)));
    EXPECT_EQ(piece.sum, piece.dataset == "/whole" ? std::nullopt : std::optional(sum.value())) << piece.offset;
  }
}

TEST_F(FileTest, ConvertsNumbers) {
  File file = File::create(path_);
  file.write<std::uint8_t>("/bytes", {3}, std::vector<std::uint8_t>{0, 128, 255});
  file.write<std::int64_t>("/integers", {2}, std::vector<std::int64_t>{-(std::int64_t{1} << 53), 9});
  file.write<double>("/doubles", {2}, std::vector<double>{0.1, -3});
  file.close();
  const File read = File::open(path_);
  std::vector<float> bytes(3);
  read.read<float>("/bytes", bytes);
  EXPECT_EQ(bytes, (std::vector<float>{0, 128, 255}));
  std::vector<double> integers(2);
  read.read<double>("/integers", integers);
  EXPECT_EQ(integers, (std::vector<double>{-0x1p53, 9}));
  std::vector<float> doubles(2);
  read.read<float>("/doubles", doubles);
  EXPECT_EQ(doubles, (std::vector<float>{0.1F, -3}));
}

TEST_F(FileTest, ReadsRows) {
  write_example();
  const File file = File::open(path_);
  std::vector<double> rows(4);
  file.read_rows<double>("/numbers/table", 1, 2, rows);
  EXPECT_EQ(rows, (std::vector<double>{3, 4, 5, 6}));
  file.read_rows<double>("/numbers/table", 3, 0, {});
}

// Steps that fit no chunks, in writing as in reading: 1000 rows are 7 chunks, of 143 rows but for the last.
TEST_F(FileTest, ChunksAreWrittenAndReadInAnySteps) {
  std::vector<float> values(3000);
  std::iota(values.begin(), values.end(), 0.5F);
  std::vector<std::string> files;
  for (const std::uint64_t step : {1000U, 143U, 64U, 7U}) {
    for (const unsigned compression : {0U, 1U, 9U}) {
      const auto path = folder_ / ("chunks" + std::to_string(step) + "_" + std::to_string(compression) + ".h5");
      File file = File::create(path);
      file.create<float>("/table", {1000, 3}, {150, compression});
      for (std::uint64_t row = 0; row < 1000; row += step) {
        const std::uint64_t rows = std::min(step, 1000 - row);
        file.write_rows<float>("/table", row, rows, std::span(values).subspan(3 * row, 3 * rows));
      }
      EXPECT_EQ(file.pieces().size(), 7U);
      file.close();
      files.push_back(contents(path));

      const File read = File::open(path);
      std::vector<float> found(3000);
      for (std::uint64_t row = 0; row < 1000; row += 99) {
        const std::uint64_t rows = std::min<std::uint64_t>(99, 1000 - row);
        read.read_rows<float>("/table", row, rows, std::span(found).subspan(3 * row, 3 * rows));
      }
      EXPECT_EQ(found, values) << path;
    }
  }
  // Pieces that are written twice would leave holes. (Chunks that are not compressed lie in the order of writing.)
  EXPECT_EQ(std::set(files.begin(), files.end()).size(), 3U);
  EXPECT_LT(files[2].size(), files[0].size() * 2 / 3);
}

TEST_F(FileTest, NoArrayHasThousandsOfSmallChunks) {
  const std::vector<std::uint8_t> values(100000, 1);
  File file = File::create(path_);
  file.create<std::uint8_t>("/long", {values.size()}, {1, 0});
  file.write_rows<std::uint8_t>("/long", 0, values.size(), values);
  EXPECT_EQ(file.pieces().size(), 4000U);  // of 25 rows: 24 would be 4167
  file.create<std::uint8_t>("/empty", {0}, {1, 9});
  file.close();
  EXPECT_EQ(File::open(path_).info("/empty").shape, std::vector<std::uint64_t>{0});
}

TEST_F(FileTest, WritesRowsPieceByPieceAsInOnePiece) {
  std::vector<float> values(3000);
  std::iota(values.begin(), values.end(), 0.5F);
  File whole = File::create(path_);
  whole.write<float>("/group/table", {1000, 3}, values);
  whole.close();
  const std::string expected = contents(path_);
  std::filesystem::remove(path_);

  File file = File::create(path_);
  file.create<float>("/group/table", {1000, 3});
  file.write_rows<float>("/group/table", 0, 400, std::span(values).first(1200));
  file.write_rows<float>("/group/table", 400, 0, {});
  file.write_rows<float>("/group/table", 400, 600, std::span(values).subspan(1200));
  EXPECT_TRUE(mentions(message_of([&] { file.write_rows<float>("/group/table", 999, 2, std::span(values).first(6)); }),
                       {"999"}));
  EXPECT_TRUE(mentions(message_of([&] { file.write_rows<float>("/group/table", 0, 2, std::span(values).first(5)); }),
                       {"6", "5"}));
  file.close();
  EXPECT_TRUE(contents(path_) == expected);
}

TEST_F(FileTest, KeepsTextsAndAttributes) {
  File file = File::create(path_);
  file.write_text("/notes/text", "naïve\nΘ\n");
  file.write_text("/notes/empty", "");
  file.write<float>("/table", {1}, std::vector<float>{1});
  file.write_attribute("/", "name", std::string("Augustin-Louis"));
  file.write_attribute("/", "nothing", std::string());
  file.write_attribute("/table", "tenth", 0.1);
  file.write_attribute("/notes", "largest", std::numeric_limits<std::uint64_t>::max());
  file.write_attribute("/notes", "shape", std::vector<std::uint64_t>{3, 1'000'000'007});
  file.close();

  const File read = File::open(path_);
  EXPECT_EQ(read.read_text("/notes/text"), "naïve\nΘ\n");
  EXPECT_EQ(read.read_text("/notes/empty"), "");
  EXPECT_EQ(read.read_attribute<std::string>("/", "name"), "Augustin-Louis");
  EXPECT_EQ(read.read_attribute<std::string>("/", "nothing"), "");
  EXPECT_EQ(read.read_attribute<double>("/table", "tenth"), 0.1);
  EXPECT_EQ(read.read_attribute<std::uint64_t>("/notes", "largest"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read.read_attribute<std::vector<std::uint64_t>>("/notes", "shape"),
            (std::vector<std::uint64_t>{3, 1'000'000'007}));
  EXPECT_THROW(read.read_attribute<std::vector<std::uint64_t>>("/table", "tenth"), StorageError);
  EXPECT_THROW(read.read_attribute<std::uint64_t>("/notes", "shape"), StorageError);
  EXPECT_EQ(read.attributes("/"), (std::vector<std::string>{"name", "nothing"}));
}

TEST_F(FileTest, KnowsWhatItHolds) {
  write_example();
  const File file = File::open(path_);
  EXPECT_TRUE(file.has("/"));
  EXPECT_TRUE(file.has("/numbers/table"));
  EXPECT_TRUE(file.has("numbers/table"));
  EXPECT_FALSE(file.has("/numbers/nothing"));
  EXPECT_FALSE(file.has("/nowhere/table"));
  EXPECT_FALSE(file.has("/text/below"));
  EXPECT_TRUE(file.is_group("/"));
  EXPECT_TRUE(file.is_group("/numbers"));
  EXPECT_FALSE(file.is_group("/text"));
  EXPECT_FALSE(file.is_group("/nowhere"));
  EXPECT_EQ(file.members("/"), (std::vector<std::string>{"numbers", "text"}));
  EXPECT_EQ(file.info("/text").type, ElementType::other);
}

TEST_F(FileTest, WritesEqualBytesForEqualContents) {
  const auto write = [&](const std::string& name) {
    File file = File::create(folder_ / name, 512);
    file.write<float>("/a/b/table", {3, 2}, table_, Layout::checked);
    file.write<double>("/plain", {1}, std::vector<double>{1});
    file.create_group("/empty/group");
    file.write_text("/text", std::string(5000, 'x'));
    for (int i = 0; i < 12; ++i) {  // more than an object header takes in
      file.write_attribute("/a", "attribute_" + std::to_string(i), std::string("text"));
    }
    file.close();
  };
  write("first.h5");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5's time stamps count seconds
  std::vector<std::string> disturbance(1000, std::string(777, '?'));
  write("second.h5");
  EXPECT_EQ(contents(folder_ / "first.h5"), contents(folder_ / "second.h5"));
}

TEST_F(FileTest, FindsTheSignatureBehindAUserBlock) {
  for (const std::uint64_t user_block : {0U, 512U, 1024U, 4096U}) {
    const auto path = folder_ / ("block_" + std::to_string(user_block));
    File file = File::create(path, user_block);
    file.write<float>("/numbers/table", {3, 2}, table_);
    file.close();
    EXPECT_TRUE(is_hdf5(path)) << user_block;
    std::vector<float> found(6);
    File::open(path).read<float>("/numbers/table", found);
    EXPECT_EQ(found, table_);
  }
  std::ofstream(folder_ / "text") << std::string(5000, 'x');
  std::ofstream(folder_ / "short") << "x";
  std::ofstream(folder_ / "empty") << "";
  EXPECT_FALSE(is_hdf5(folder_ / "text"));
  EXPECT_FALSE(is_hdf5(folder_ / "short"));
  EXPECT_FALSE(is_hdf5(folder_ / "empty"));
  EXPECT_TRUE(mentions(message_of([&] { is_hdf5(folder_ / "missing"); }), {"missing: No such file or directory"}));
}

TEST_F(FileTest, TellsWhyAFileCannotBeOpened) {
  std::ofstream(folder_ / "text") << std::string(5000, 'x');
  EXPECT_TRUE(mentions(message_of([&] { File::open(folder_ / "missing"); }),
                       {"cannot open ", "missing: No such file or directory"}));
  EXPECT_TRUE(mentions(message_of([&] { File::open(folder_ / ""); }), {"cannot open ", "is a directory"}));
  EXPECT_TRUE(mentions(message_of([&] { File::open(folder_ / "text"); }), {"text is not an HDF5 file"}));
  write_example();
  std::filesystem::resize_file(path_, 600);
  EXPECT_TRUE(mentions(message_of([&] { File::open(path_); }), {"file.h5: cannot open the file: truncated file"}));
}

TEST_F(FileTest, TellsWhyAFileCannotBeCreated) {
  write_example();
  const std::string before = contents(path_);
  EXPECT_TRUE(mentions(message_of([&] { File::create(path_); }), {"cannot create ", "file.h5: File exists"}));
  EXPECT_EQ(contents(path_), before);
  EXPECT_TRUE(mentions(message_of([&] { File::create(folder_ / "no/folder.h5"); }),
                       {"cannot create ", "folder.h5: No such file or directory"}));
}

TEST_F(FileTest, TellsWhatIsWrongWithAnObject) {
  write_example();
  const File file = File::open(path_);
  std::vector<float> six(6);
  std::vector<float> five(5);
  EXPECT_TRUE(mentions(message_of([&] { file.read<float>("/nothing", six); }),
                       {"file.h5: cannot open /nothing: ", "doesn't exist"}));
  EXPECT_TRUE(mentions(message_of([&] { file.info("/numbers"); }), {"file.h5: cannot open /numbers: not a dataset"}));
  EXPECT_TRUE(mentions(message_of([&] { file.members("/text"); }), {"cannot open /text"}));
  EXPECT_TRUE(mentions(message_of([&] { file.read<float>("/text", six); }), {"/text holds text, not numbers"}));
  EXPECT_TRUE(mentions(message_of([&] { file.read_text("/numbers/table"); }), {"/numbers/table holds no text"}));
  EXPECT_TRUE(mentions(message_of([&] { file.read<float>("/numbers/table", five); }),
                       {"/numbers/table (3 × 2) gives 6 numbers here, not the 5"}));
  EXPECT_TRUE(mentions(message_of([&] { file.read_rows<float>("/numbers/table", 0, 2, five); }), {"gives 4 numbers"}));
  EXPECT_TRUE(mentions(message_of([&] { file.read_rows<float>("/numbers/table", 2, 2, six); }),
                       {"/numbers/table has 3 rows; rows 2 to 4"}));
  EXPECT_TRUE(mentions(
      message_of([&] { file.read_rows<float>("/numbers/table", 1, std::numeric_limits<std::uint64_t>::max(), six); }),
      {"has 3 rows"}));
  EXPECT_TRUE(
      mentions(message_of([&] { file.read_attribute<double>("/numbers", "size"); }), {"attribute size of /numbers"}));
  EXPECT_TRUE(mentions(message_of([&] { file.read_attribute<std::string>("/numbers", "count"); }),
                       {"attribute count of /numbers holds no text"}));
}

TEST_F(FileTest, TellsWhatCannotBeWritten) {
  File file = File::create(path_);
  EXPECT_TRUE(mentions(message_of([&] {
                         file.write<float>("/x", {4, 2}, table_);
                       }),
                       {"/x (4 × 2) cannot be made of 6 numbers"}));
  EXPECT_TRUE(mentions(message_of([&] {
                         file.write<float>("/x", {std::uint64_t{1} << 63, 4}, table_);
                       }),
                       {"/x claims more elements"}));
  file.write<float>("/table", {6}, table_);
  EXPECT_TRUE(mentions(message_of([&] { file.write<float>("/table", {6}, table_); }), {"cannot create /table"}));
  EXPECT_TRUE(mentions(message_of([&] { file.write_text("/text", std::string("a\0b", 3)); }), {"/text", "zero byte"}));
  file.close();
  EXPECT_TRUE(mentions(message_of([&] { file.has("/table"); }), {"the file is closed"}));
  EXPECT_TRUE(mentions(message_of([&] { file.close(); }), {"the file is closed"}));
  File read = File::open(path_);
  EXPECT_TRUE(mentions(message_of([&] { read.write<float>("/y", {6}, table_); }), {"cannot create /y"}));
}

TEST_F(FileTest, FletcherSumsNoticeAFlippedBit) {
  std::vector<float> values(1000, 1.25F);
  File file = File::create(path_);
  file.write<float>("/x", {1000}, values, Layout::checked);
  file.close();
  std::string bytes = contents(path_);
  const std::string pattern(reinterpret_cast<const char*>(values.data()), 400);
  const std::size_t place = bytes.find(pattern);
  ASSERT_NE(place, std::string::npos);
  bytes[place + 200] = static_cast<char>(bytes[place + 200] ^ 1);
  std::ofstream(path_, std::ios::binary) << bytes;
  EXPECT_TRUE(mentions(message_of([&] { File::open(path_).read<float>("/x", values); }), {"cannot read /x: "}));
}

TEST_F(FileTest, TellsAFullDisk) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = old;
  small.rlim_cur = 1 << 20;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::vector<double> values(1 << 20, 1.0);
  for (const Layout layout : {Layout::contiguous, Layout::checked}) {
    const auto path = folder_ / (layout == Layout::checked ? "checked.h5" : "contiguous.h5");
    EXPECT_TRUE(mentions(message_of([&] {
                           File file = File::create(path);
                           file.write<double>("/x", {values.size()}, values, layout);
                           file.close();
                         }),
                         {path.string(), "File too large"}));
  }
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_action);
}

TEST_F(FileTest, ErrorsAreForExitCodeFour) {
  try {
    File::open(folder_ / "missing");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::input_output);
  }
}

TEST_F(FileTest, KeepsItsFileThroughMoves) {
  write_example();
  File first = File::open(path_);
  File second = std::move(first);
  EXPECT_TRUE(second.has("/text"));
  File third = File::create(folder_ / "other.h5");
  third = std::move(second);
  EXPECT_EQ(third.path(), path_);
  EXPECT_EQ(third.read_text("/text"), "καὶ τὰ λοιπά\nsecond line\n");
}

TEST_F(FileTest, IsSilentOnEveryThread) {
  write_example();
  testing::internal::CaptureStderr();
  const File file = File::open(path_);
  std::thread([&] { message_of([&] { file.info("/nothing"); }); }).join();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace cauchy::storage
