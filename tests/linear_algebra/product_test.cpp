// Products against a triple loop, and the bits that must not depend on where matrices lie or how many rows they have.

#include "cauchy/linear_algebra/product.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "support/random_values.hpp"

namespace cauchy::linear_algebra {
namespace {

using test::random_values;

struct Shape {
  std::size_t m, n, k;
};

template <typename Real>
class ProductsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { prepare_products(); }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(ProductsTest, Reals);

TYPED_TEST(ProductsTest, AgreesWithTheTripleLoop) {
  using Real = TypeParam;
  Products<Real> products;
  for (const Shape& shape : {Shape{1, 1, 1}, {1, 10, 64}, {7, 3, 5}, {33, 17, 129}, {64, 128, 64}, {359, 10, 128}}) {
    const auto [m, n, k] = shape;
    const auto a = random_values<Real>(m * k, 1);
    const auto b = random_values<Real>(k * n, 2);
    for (const Transposed ta : {Transposed::no, Transposed::yes}) {
      for (const Transposed tb : {Transposed::no, Transposed::yes}) {
        for (const Write write : {Write::overwrite, Write::add}) {
          const MatrixView<const Real> a_view{a.data(), ta == Transposed::no ? m : k, ta == Transposed::no ? k : m};
          const MatrixView<const Real> b_view{b.data(), tb == Transposed::no ? k : n, tb == Transposed::no ? n : k};
          AlignedVector<Real> result(m * n, write == Write::add ? Real{1} : std::numeric_limits<Real>::quiet_NaN());
          products.multiply(a_view, ta, b_view, tb, {result.data(), m, n}, write);
          for (std::size_t i = 0; i < m; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
              double expected = write == Write::add ? 1 : 0;
              for (std::size_t l = 0; l < k; ++l) {
                expected += static_cast<double>(ta == Transposed::no ? a_view(i, l) : a_view(l, i)) *
                            static_cast<double>(tb == Transposed::no ? b_view(l, j) : b_view(j, l));
              }
              // k products of at most 1 in any order: the error is below k·ε·Σ|a·b| ≤ k²·ε, in practice far below.
              const double bound = static_cast<double>((k + 1) * (k + 1)) * std::numeric_limits<Real>::epsilon();
              ASSERT_NEAR(static_cast<double>(result[i * n + j]), expected, bound);
            }
          }
        }
      }
    }
  }
}

/// Written down bit by bit.
TEST(Bf16Test, RoundsToTheNearest) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::array<float, 2>> cases = {
      {0.0F, 0.0F},
      {-0.0F, -0.0F},
      {1.0F, 1.0F},
      {0x1.00fffep0F, 0x1.00p0F},   // below the middle
      {0x1.01p0F, 0x1.00p0F},       // the middle, to the even neighbour
      {0x1.010002p0F, 0x1.02p0F},   // above it
      {-0x1.03p0F, -0x1.04p0F},     // the middle again, to the even one
      {0x1.fffffep10F, 0x1p11F},    // into the next power of two
      {0x1.fep127F, 0x1.fep127F},   // the largest bf16
      {0x1.fffffep127F, infinity},  // the largest float
      {-infinity, -infinity},
      {0x1p-133F, 0x1p-133F},  // the smallest bf16
      {0x1p-149F, 0.0F},       // the smallest float
  };
  for (const auto& [value, expected] : cases) {
    float as_float = 7;
    Bf16 as_bf16 = 7;
    round_to_bf16({&value, 1}, std::span(&as_bf16, 1));
    widen({&as_bf16, 1}, std::span(&as_float, 1));
    EXPECT_EQ(std::bit_cast<std::uint32_t>(as_float), std::bit_cast<std::uint32_t>(expected)) << value;
    EXPECT_EQ(as_bf16, std::bit_cast<std::uint32_t>(expected) >> 16) << value;
  }
  // A NaN whose payload is in the lower half, which rounding drops.
  const auto nan = std::bit_cast<float>(0xff800001U);
  Bf16 rounded = 0;
  float widened = 0;
  round_to_bf16({&nan, 1}, std::span(&rounded, 1));
  widen({&rounded, 1}, std::span(&widened, 1));
  EXPECT_TRUE(std::isnan(widened));
}

AlignedVector<Bf16> rounded(const AlignedVector<float>& values) {
  AlignedVector<Bf16> result(values.size());
  round_to_bf16(values, std::span(result));
  return result;
}

AlignedVector<float> widened(const AlignedVector<Bf16>& values) {
  AlignedVector<float> result(values.size());
  widen(values, std::span(result));
  return result;
}

/// The same to the last bit where nothing multiplies the short numbers, and else up to the order of the sums: the
/// product of two rounded numbers is exact.
TEST(Bf16Test, ProductsAreThoseOfTheRoundedOperands) {
  prepare_products();
  EXPECT_EQ(have_bf16_instructions(), instruction_set() == "avx512_core_bf16");
  Products<float> products(Operands::rounded_to_bf16);
  Products<float> products_of_floats;
  for (const Shape& shape : {Shape{1, 1, 1}, {1, 10, 64}, {7, 3, 5}, {33, 17, 129}, {64, 128, 64}, {359, 10, 128}}) {
    const std::size_t m = shape.m;
    const std::size_t n = shape.n;
    const std::size_t k = shape.k;
    const auto a = random_values<float>(m * k, 1);
    const auto b = random_values<float>(k * n, 2);
    const auto rounded_a = rounded(a);
    const auto rounded_b = rounded(b);
    const AlignedVector<float> garbage_a(a.size(), 3.0F);
    const AlignedVector<float> garbage_b(b.size(), 3.0F);
    const float bound = static_cast<float>((k + 1) * (k + 1)) * std::numeric_limits<float>::epsilon();
    for (const Transposed ta : {Transposed::no, Transposed::yes}) {
      for (const Transposed tb : {Transposed::no, Transposed::yes}) {
        for (const Write write : {Write::overwrite, Write::add}) {
          const auto product = [&](Products<float>& engine, const AlignedVector<float>& left,
                                   const AlignedVector<float>& right, const Bf16* rounded_left = nullptr,
                                   const Bf16* rounded_right = nullptr) {
            AlignedVector<float> result(m * n, write == Write::add ? 1.0F : std::numeric_limits<float>::quiet_NaN());
            const MatrixView<const float> left_view{left.data(), ta == Transposed::no ? m : k,
                                                    ta == Transposed::no ? k : m};
            const MatrixView<const float> right_view{right.data(), tb == Transposed::no ? k : n,
                                                     tb == Transposed::no ? n : k};
            engine.multiply({left_view, rounded_left}, ta, {right_view, rounded_right}, tb, {result.data(), m, n},
                            write);
            return result;
          };
          const auto result = product(products, a, b);
          const auto expected = product(products_of_floats, widened(rounded_a), widened(rounded_b));
          // Where operands were rounded before, their own numbers are not looked at.
          ASSERT_EQ(product(products, garbage_a, b, rounded_a.data()), result);
          ASSERT_EQ(product(products, a, garbage_b, nullptr, rounded_b.data()), result);
          for (std::size_t i = 0; i < result.size(); ++i) {
            ASSERT_NEAR(result[i], expected[i], have_bf16_instructions() ? bound : 0) << m << " " << n << " " << k;
          }
        }
      }
    }
  }
  EXPECT_THROW(const Products<double> refused(Operands::rounded_to_bf16), std::invalid_argument);
}

TYPED_TEST(ProductsTest, BitsDoNotDependOnTheAddressOrThePast) {
  using Real = TypeParam;
  const std::size_t m = 97;
  const std::size_t n = 131;
  const std::size_t k = 251;
  const auto a = random_values<Real>(m * k, 1);
  const auto b = random_values<Real>(k * n, 2);
  const auto product = [&](Products<Real>& products, std::size_t offset) {
    AlignedVector<Real> a_moved(offset + m * k);
    AlignedVector<Real> b_moved(offset + k * n);
    AlignedVector<Real> result(offset + m * n);
    std::copy(a.begin(), a.end(), a_moved.begin() + static_cast<std::ptrdiff_t>(offset));
    std::copy(b.begin(), b.end(), b_moved.begin() + static_cast<std::ptrdiff_t>(offset));
    products.multiply({a_moved.data() + offset, m, k}, Transposed::no, {b_moved.data() + offset, k, n}, Transposed::no,
                      {result.data() + offset, m, n});
    result.erase(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(offset));
    return result;
  };
  Products<Real> used;
  const auto first = product(used, 0);
  const auto again = product(used, 16 * 7);
  Products<Real> fresh;
  const auto other = product(fresh, 16 * 3);
  EXPECT_EQ(std::memcmp(first.data(), again.data(), first.size() * sizeof(Real)), 0);
  EXPECT_EQ(std::memcmp(first.data(), other.data(), first.size() * sizeof(Real)), 0);
}

}  // namespace
}  // namespace cauchy::linear_algebra
