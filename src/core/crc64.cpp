// CRC-64/XZ: by carry-less multiplication where the processor has it ("folding": Gopal et al., Fast CRC Computation for
// Generic Polynomials Using PCLMULQDQ Instruction, Intel 2009), else, and at the ends, eight bytes at a time ("slicing
// by eight": Kounavis and Berry, IEEE ISCC 2005).

#include "cauchy/core/crc64.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>
#include <cstring>

namespace cauchy::core {
namespace {

constexpr std::uint64_t polynomial = 0xC96C5795D7870F42;  // ECMA-182, reflected
constexpr std::size_t slices = 8;
using Tables = std::array<std::array<std::uint64_t, 256>, slices>;

// A sum is a polynomial over GF(2) modulo that of ECMA-182, reflected: the highest bit is the coefficient of 1, the
// lowest that of x^63.
constexpr std::uint64_t one = std::uint64_t{1} << 63;

constexpr std::uint64_t times_x(std::uint64_t factor) {
  return (factor & 1) != 0 ? factor >> 1 ^ polynomial : factor >> 1;
}

constexpr std::uint64_t product(std::uint64_t left, std::uint64_t right) {
  std::uint64_t result = 0;
  for (; left != 0; left <<= 1, right = times_x(right)) {
    result ^= (left & one) != 0 ? right : 0;
  }
  return result;
}

/// x to this power, by repeated squaring.
constexpr std::uint64_t power(std::uint64_t exponent) {
  std::uint64_t result = one;
  for (std::uint64_t square = one >> 1; exponent != 0; exponent >>= 1, square = product(square, square)) {
    result = (exponent & 1) != 0 ? product(result, square) : result;
  }
  return result;
}

// tables[k][b]: the sum of byte b followed by k zero bytes.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) {
      sum = times_x(sum);
    }
    tables[0][byte] = sum;
  }
  for (std::size_t slice = 1; slice < slices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t sum = tables[slice - 1][byte];
      tables[slice][byte] = sum >> 8 ^ tables[0][sum & 0xFF];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

/// The sum of what `sum` is of, followed by these bytes.
std::uint64_t sliced(std::uint64_t sum, std::span<const std::byte> bytes) noexcept {
  while (bytes.size() >= slices) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), slices);  // little-endian, as everything that Cauchy runs on
    word ^= sum;
    sum = 0;
    for (std::size_t slice = 0; slice < slices; ++slice) {
      sum ^= tables[slices - 1 - slice][word >> (8 * slice) & 0xFF];
    }
    bytes = bytes.subspan(slices);
  }
  for (const std::byte byte : bytes) {
    sum = sum >> 8 ^ tables[0][(sum ^ std::to_integer<std::uint64_t>(byte)) & 0xFF];
  }
  return sum;
}

#ifdef __x86_64__

constexpr std::size_t lanes = 8;  // as many products are on their way at the same time
constexpr std::size_t lane_bytes = sizeof(__m128i);
constexpr std::size_t stride = lanes * lane_bytes;

/// What the first and the second eight bytes of a lane are multiplied by to be this many bits further from the end. The
/// instruction's products are reflected in 127 bits, not 128, which makes them one place too far.
struct Factors {
  explicit constexpr Factors(std::uint64_t bits) : first(power(bits + 63)), second(power(bits - 1)) {}
  std::uint64_t first;
  std::uint64_t second;
};

__attribute__((target("pclmul"))) inline __m128i vector_of(const Factors& factors) noexcept {
  return _mm_set_epi64x(static_cast<long long>(factors.second), static_cast<long long>(factors.first));
}

__attribute__((target("pclmul"))) inline __m128i load(const std::byte* bytes) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// A lane as it counts at the place of `next`, and `next`.
__attribute__((target("pclmul"))) inline __m128i fold(__m128i lane, __m128i factors, __m128i next) noexcept {
  const __m128i first = _mm_clmulepi64_si128(lane, factors, 0x00);
  const __m128i second = _mm_clmulepi64_si128(lane, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(first, second), next);
}

/// sliced() of whole strides, of which there is at least one.
__attribute__((target("pclmul"))) std::uint64_t folded(std::uint64_t sum, std::span<const std::byte> bytes) noexcept {
  static constexpr Factors to_next_stride(8 * stride);
  static constexpr Factors to_next_lane(8 * lane_bytes);
  __m128i lane[lanes];
  for (std::size_t i = 0; i < lanes; ++i) {
    lane[i] = load(bytes.data() + i * lane_bytes);
  }
  lane[0] = _mm_xor_si128(lane[0], _mm_set_epi64x(0, static_cast<long long>(sum)));
  const __m128i stride_factors = vector_of(to_next_stride);
  for (std::size_t place = stride; place < bytes.size(); place += stride) {
    for (std::size_t i = 0; i < lanes; ++i) {
      lane[i] = fold(lane[i], stride_factors, load(bytes.data() + place + i * lane_bytes));
    }
  }
  const __m128i lane_factors = vector_of(to_next_lane);
  for (std::size_t i = 1; i < lanes; ++i) {
    lane[i] = fold(lane[i - 1], lane_factors, lane[i]);
  }
  std::array<std::byte, lane_bytes> last{};
  std::memcpy(last.data(), &lane[lanes - 1], lane_bytes);
  return sliced(0, last);
}

bool can_fold() noexcept {
  static const bool has_instruction = __builtin_cpu_supports("pclmul") != 0;
  return has_instruction;
}

#else

constexpr std::size_t stride = 1;
bool can_fold() noexcept {
  return false;
}
std::uint64_t folded(std::uint64_t sum, std::span<const std::byte> bytes) noexcept {
  return sliced(sum, bytes);
}

#endif

}  // namespace

void Crc64::update(std::span<const std::byte> bytes) noexcept {
  const std::size_t whole = bytes.size() - bytes.size() % stride;
  if (whole > 0 && can_fold()) {
    state_ = folded(state_, bytes.first(whole));
    bytes = bytes.subspan(whole);
  }
  state_ = sliced(state_, bytes);
}

// Sums start from all ones and end with their complement, so that what the two cancel of each other is nothing but the
// shift: sum(A B) = sum(A)·x^(8·|B|) + sum(B).
void Crc64::append(std::uint64_t sum, std::uint64_t bytes) noexcept {
  state_ = ~(product(value(), power(8 * bytes)) ^ sum);
}

}  // namespace cauchy::core
