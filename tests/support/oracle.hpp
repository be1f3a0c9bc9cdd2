// SPDX-License-Identifier: BSL-1.0
/// What the right code is, decided exactly and without the code under test.
///
/// Values come from the definitions by `std::ldexp`. They, the midpoints between neighbours and
/// the midpoints' products with 24-bit numbers are exact in double, so every comparison is exact.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace upset::test {

[[nodiscard]] inline int sign_of(double x) { return x < 0 ? -1 : x > 0 ? 1 : 0; }

/// The index of the value nearest to some x among `value(first) < ... < value(last)`, a tie to the
/// even index. `against(m)` says where x lies of m: -1 below, 0 on it, 1 above.
template <class Value, class Against>
[[nodiscard]] std::int64_t nearest_index(std::int64_t first, std::int64_t last, Value value,
                                         Against against) {
  if (against(value(first)) <= 0) {
    return first;
  }
  while (first + 1 < last) {  // value(first) < x
    const std::int64_t middle = first + (last - first) / 2;
    (against(value(middle)) > 0 ? first : last) = middle;
  }
  if (against(value(last)) >= 0) {
    return last;
  }
  const int side = against((value(first) + value(last)) / 2);
  return side < 0 || (side == 0 && first % 2 == 0) ? first : last;
}

/// The codes of an IEEE style float by the definition of IEEE 754.
struct FloatOracle {
  int exponent_bits;
  int fraction_bits;

  [[nodiscard]] int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  [[nodiscard]] std::int64_t infinity_code() const {
    return ((std::int64_t{1} << exponent_bits) - 1) << fraction_bits;
  }
  [[nodiscard]] std::int64_t sign_bit() const {
    return std::int64_t{1} << (exponent_bits + fraction_bits);
  }
  /// Of a magnitude; the infinity counts as the power of two it stands in for while rounding.
  [[nodiscard]] double magnitude(std::int64_t code) const {
    const std::int64_t steps = std::int64_t{1} << fraction_bits;
    const std::int64_t exponent = code / steps;
    const std::int64_t fraction = code % steps;
    return exponent == 0 ? std::ldexp(static_cast<double>(fraction), 1 - bias() - fraction_bits)
                         : std::ldexp(static_cast<double>(steps + fraction),
                                      static_cast<int>(exponent) - bias() - fraction_bits);
  }
  [[nodiscard]] double value(std::int64_t code) const {
    const bool negative = code >= sign_bit();
    const std::int64_t size = negative ? code - sign_bit() : code;
    const double x = size > infinity_code()    ? std::numeric_limits<double>::quiet_NaN()
                     : size == infinity_code() ? std::numeric_limits<double>::infinity()
                                               : magnitude(size);
    return negative ? -x : x;
  }
  /// The code nearest to a number that is not NaN, given as its sign and where its magnitude lies.
  template <class Against>
  [[nodiscard]] std::int64_t nearest(bool negative, Against against) const {
    return nearest_index(
               0, infinity_code(), [this](std::int64_t code) { return magnitude(code); }, against) +
           (negative ? sign_bit() : 0);
  }
  [[nodiscard]] std::int64_t nearest(double x) const {
    return nearest(std::signbit(x), [x](double m) { return sign_of(std::abs(x) - m); });
  }
};

/// The level nearest to a number, saturating at the ends of N bits of two's complement.
template <class Against>
[[nodiscard]] std::int64_t nearest_level(int total_bits, int fraction_bits, Against against) {
  const std::int64_t limit = std::int64_t{1} << (total_bits - 1);
  return nearest_index(
      -limit, limit - 1,
      [fraction_bits](std::int64_t level) {
        return std::ldexp(static_cast<double>(level), -fraction_bits);
      },
      against);
}
[[nodiscard]] inline std::int64_t nearest_level(int total_bits, int fraction_bits, double x) {
  return nearest_level(total_bits, fraction_bits, [x](double m) {
    return x < m ? -1 : x > m ? 1 : 0;  // not by subtraction: x may be infinite
  });
}

/// A sequence of 64-bit numbers that is the same everywhere (splitmix64, Steele et al. 2014).
class Sequence {
 public:
  explicit Sequence(std::uint64_t seed) : state_{seed} {}
  [[nodiscard]] std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, bound).
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// Uniform in [-1, 1).
  [[nodiscard]] float unit() {
    return static_cast<float>(static_cast<std::int64_t>(next()) >> 40) * 0x1p-23F;
  }

 private:
  std::uint64_t state_;
};

}  // namespace upset::test
