// IDX files, plain and gzipped, whole and damaged.

#include "cauchy/data/idx.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/storage/file.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::data {
namespace {

std::string idx(std::uint8_t type, const std::vector<std::uint32_t>& shape, const std::string& data) {
  std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (const std::uint32_t extent : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes += static_cast<char>(extent >> shift & 0xFF);
    }
  }
  return bytes + data;
}

class IdxTest : public testing::Test {
 protected:
  std::filesystem::path plain(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  std::filesystem::path gzipped(const std::string& name, const std::string& bytes, std::size_t cut = 0) {
    std::filesystem::path path = folder_ / name;
    const gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - cut);
    return path;
  }

  std::string fault_of(const std::filesystem::path& input, const std::filesystem::path& targets) {
    try {
      convert_idx({input, targets, output_, {}});
    } catch (const core::UserError& error) {
      EXPECT_FALSE(std::filesystem::exists(output_));
      return error.what();
    }
    return "no fault";
  }

  test::TemporaryFolder folder_;
  std::filesystem::path output_ = folder_ / "out.h5";
  std::string images_ = idx(8, {2, 2, 3}, std::string("\x00\x01\x02\x03\x04\x05\xff\xfe\xfd\xfc\xfb\xfa", 12));
  std::string labels_ = idx(8, {2}, "\x07\x09");
};

TEST_F(IdxTest, ConvertsPlainAndGzippedFilesAlike) {
  for (const bool zipped : {false, true}) {
    const auto images = zipped ? gzipped("i.gz", images_) : plain("i", images_);
    const auto labels = zipped ? gzipped("l.gz", labels_) : plain("l", labels_);
    convert_idx({images, labels, output_, {}});
    const storage::File file = storage::File::open(output_);
    EXPECT_EQ(file.info("/features").type, storage::ElementType::uint8);
    EXPECT_EQ(file.info("/features").shape, (std::vector<std::uint64_t>{2, 6}));
    EXPECT_EQ(file.info("/targets").shape, (std::vector<std::uint64_t>{2}));
    std::vector<std::uint8_t> features(12);
    std::vector<std::uint8_t> targets(2);
    file.read<std::uint8_t>("/features", features);
    file.read<std::uint8_t>("/targets", targets);
    EXPECT_EQ(features, (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 255, 254, 253, 252, 251, 250}));
    EXPECT_EQ(targets, (std::vector<std::uint8_t>{7, 9}));
  }
}

TEST_F(IdxTest, ReadsTheOtherTypesBigEndian) {
  const auto labels = plain("l", labels_);
  const auto first_two = [&](std::uint8_t type, const std::string& data) {
    convert_idx({plain("i", idx(type, {2, 1}, data)), labels, output_, {}});
    std::vector<double> values(2);
    storage::File::open(output_).read<double>("/features", values);
    return values;
  };
  EXPECT_EQ(first_two(0x09, std::string("\xff\x02", 2)), (std::vector<double>{-1, 2}));
  EXPECT_EQ(first_two(0x0B, std::string("\xff\xfe\x01\x00", 4)), (std::vector<double>{-2, 256}));
  EXPECT_EQ(first_two(0x0C, std::string("\x00\x01\x00\x00\xff\xff\xff\xff", 8)), (std::vector<double>{65536, -1}));
  EXPECT_EQ(first_two(0x0D, std::string("\x3f\x80\x00\x00\xc0\x00\x00\x00", 8)), (std::vector<double>{1, -2}));
  EXPECT_EQ(first_two(0x0E, std::string("\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16)), (std::vector<double>{1, -2}));
}

TEST_F(IdxTest, EveryTruncationIsAnError) {
  const auto labels = plain("l", labels_);
  for (std::size_t length = 0; length < images_.size(); ++length) {
    EXPECT_NE(fault_of(plain("i", images_.substr(0, length)), labels).find("truncated"), std::string::npos) << length;
  }
  for (const std::size_t cut : {1UL, 4UL, 8UL, 12UL}) {
    EXPECT_NE(fault_of(gzipped("i.gz", images_, cut), labels).find("truncated"), std::string::npos) << cut;
  }
}

TEST_F(IdxTest, OtherDamageIsToldInWords) {
  const auto images = plain("i", images_);
  const auto labels = plain("l", labels_);
  EXPECT_NE(fault_of(folder_ / "absent", labels).find("no such file"), std::string::npos);
  EXPECT_NE(fault_of(folder_ / "", labels).find("is a folder"), std::string::npos);
  EXPECT_NE(fault_of(plain("t", "hello, world"), labels).find("is not an IDX file"), std::string::npos);
  EXPECT_NE(fault_of(plain("t", idx(7, {2}, "ab")), labels).find("no IDX element type"), std::string::npos);
  EXPECT_NE(fault_of(plain("t", images_ + "x"), labels).find("goes on after byte 28"), std::string::npos);
  EXPECT_NE(fault_of(plain("t", idx(8, {0, 5}, "")), labels).find("holds no numbers"), std::string::npos);
  EXPECT_NE(fault_of(plain("t", idx(8, {3, 1}, "abc")), labels).find("row counts differ"), std::string::npos);
  EXPECT_NE(fault_of(images, plain("t", idx(8, {2, 1}, "ab"))).find("swapped"), std::string::npos);
  EXPECT_NE(fault_of(plain("t", idx(8, {4000000000, 4000000000, 4000000000}, "")), labels).find("2^64"),
            std::string::npos);
  EXPECT_NE(fault_of(plain("t", idx(8, {4000000000, 1000}, "ab")), labels).find("truncated"), std::string::npos);
}

}  // namespace
}  // namespace cauchy::data
