// SHA-256 and CRC-64 against published values, whole and in pieces.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cauchy/core/crc64.hpp"
#include "cauchy/core/sha256.hpp"

namespace cauchy::core {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.update(bytes(text));
  return digest.hex();
}

// The examples of FIPS 180-2, appendix B.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The check value of CRC-64/XZ in the catalogue of parametrised CRC algorithms.
TEST(Crc64, GivesThePublishedCheckValue) {
  Crc64 sum;
  sum.update(bytes("123456789"));
  EXPECT_EQ(sum.value(), 0x995dc9bbdf1939faU);
}

/// Bit by bit, as the definition says.
std::uint64_t slow_sum(std::span<const std::byte> bytes) {
  std::uint64_t sum = ~std::uint64_t{0};
  for (const std::byte byte : bytes) {
    sum ^= std::to_integer<std::uint64_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      sum = (sum & 1) != 0 ? sum >> 1 ^ 0xC96C5795D7870F42 : sum >> 1;
    }
  }
  return ~sum;
}

// Lengths around the strides that are summed at once, from every alignment.
TEST(Crc64, IsThatOfTheDefinitionForEveryLength) {
  std::vector<std::byte> bytes(700);
  std::uint32_t random = 1;
  for (std::byte& byte : bytes) {
    random = random * 1664525 + 1013904223;
    byte = static_cast<std::byte>(random >> 24);
  }
  for (std::size_t length = 0; length <= 640; ++length) {
    const auto part = std::span(bytes).subspan(length % 17, length);
    Crc64 sum;
    sum.update(part);
    ASSERT_EQ(sum.value(), slow_sum(part)) << length;
  }
}

TEST(Crc64, AppendsSumsOfPartsOfAnyLength) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  Crc64 whole;
  whole.update(bytes(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Crc64 start;
    Crc64 end;
    start.update(bytes(text).first(cut));
    end.update(bytes(text).subspan(cut));
    start.append(end.value(), text.size() - cut);
    ASSERT_EQ(start.value(), whole.value()) << cut;
    start.update(bytes("more"));
    Crc64 longer = whole;
    longer.update(bytes("more"));
    ASSERT_EQ(start.value(), longer.value()) << cut;
  }
  // Of a length that takes all of the squarings: doubled twenty times, a megabyte of zeros.
  const std::vector<std::byte> zeros(std::size_t{1} << 20);
  Crc64 doubled;
  doubled.update(std::span(zeros).first(1));
  for (std::uint64_t length = 1; length < zeros.size(); length *= 2) {
    doubled.append(doubled.value(), length);
  }
  Crc64 summed;
  summed.update(zeros);
  EXPECT_EQ(doubled.value(), summed.value());
}

TEST(Digests, DoNotDependOnThePieces) {
  const std::string text(300, 'x');  // some strides of the check sum
  Crc64 whole;
  whole.update(bytes(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 digest;
    Crc64 sum;
    for (const std::string_view piece : {std::string_view(text).substr(0, cut), std::string_view(text).substr(cut)}) {
      digest.update(bytes(piece));
      sum.update(bytes(piece));
    }
    ASSERT_EQ(digest.hex(), sha256(text)) << cut;
    ASSERT_EQ(sum.value(), whole.value()) << cut;
  }
}

}  // namespace
}  // namespace cauchy::core
