// SPDX-License-Identifier: BSL-1.0
/// M signs of equal weight: whichever bit flips, the value changes by the same amount.
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <upset/format/concepts.hpp>
#include <upset/format/gamma.hpp>

namespace upset {

/// M residual signs that share one factor.
///
/// - encoding: `value = gamma * level`, `level = sum_i s_i = 2 popcount(code) - M`; the encoder
///             takes `s_i = sign(r_i)`, `r_1 = x`, `r_{i+1} = r_i - gamma s_i` in exact arithmetic,
///             so of the many codes of a level it writes one, and any other decodes as well
/// - bits:     s_1 is the top bit M - 1, s_i is bit M - i; bit 1 is +1
/// - range:    `+-M gamma`; step `2 gamma`; every flip changes the value by exactly `2 gamma`
/// - rounding: the nearest level, a tie to the greater one, which is what sign(0) = +1 makes;
///             saturates; NaN encodes as 0 does
/// - scale:    gamma, one per tensor, 8 bits
/// - source:   MONO, equal-weight bits, IEEE Embedded Systems Letters, 2024, section III
template <int M>
class Mono : public PlainWord<Mono<M>, M> {
  static_assert(1 <= M && M <= 16, "Mono<M>: M must be in 1..16 signs, as in Mono<8>");

 public:
  // -- types and constants
  using code_type = Unsigned<M>;
  using Scale = GammaScale<1>;
  using Element = Mono;
  static constexpr int width = M;
  static constexpr Operand operand = Operand::level;
  static constexpr std::int64_t max_level = M;

  code_type raw{};  ///< public, so that values can be template arguments; use `bits`, `from_bits`

  [[nodiscard]] static constexpr Name name() { return template_name("Mono", M); }
  [[nodiscard]] static constexpr BitRole role(int /*bit*/) { return BitRole::level; }

  // -- making and reading one
  constexpr Mono() = default;
  [[nodiscard]] static constexpr Mono from_bits(code_type code) {
    Mono x;
    x.raw = static_cast<code_type>(code & low_mask<code_type>(M));
    return x;
  }
  [[nodiscard]] constexpr code_type bits() const { return raw; }
  [[nodiscard]] constexpr std::int32_t level() const { return level(raw); }

  // -- codec

  // The signs of the residuals: with each sign the value of those before comes one gamma closer to
  // x, until after n of one kind it has passed x; from there on signs alternate.

  [[nodiscard]] static constexpr code_type encode(float x, Scale scale) {
    const float number = detail::zero_if_nan(x);
    const std::uint32_t down = detail::is_below(number, 0.0F);
    const std::int32_t left = M - signs_to_pass(number, scale.gamma(0));
    // zeros, then the first `left` of 1010...; all of it inverted where x is not below zero
    const std::uint32_t code = 0xAAAA'AAAAU >> 1 >> (31 - left);
    return static_cast<code_type>(code ^ ((down - 1) & low_mask<std::uint32_t>(M)));
  }

  /// `level(encode(x, scale))` without the code, in which a loop over a tensor would count bits.
  [[nodiscard]] static constexpr std::int32_t encode_level(float x, Scale scale) {
    const float number = detail::zero_if_nan(x);
    const auto down = static_cast<std::int32_t>(detail::is_below(number, 0.0F));
    const std::int32_t signs = signs_to_pass(number, scale.gamma(0));
    // of M - signs alternating ones, an odd one is a way back
    const std::int32_t size = signs - ((M - signs) & 1);
    return (size ^ -down) + down;
  }

  /// The exact value.
  [[nodiscard]] static constexpr float decode(code_type code, Scale scale) {
    return scale.gamma(0) * static_cast<float>(level(code));
  }

  /// Of the 255 factors, the one with the least squared error over the finite values; of equals
  /// the smallest.
  ///
  /// With |x| sorted, the values of one level are a range, so a factor is judged from prefix sums
  /// alone. The result does not depend on the order of the values.
  ///
  /// - cost: O(n log n), one sorted copy with prefix sums
  [[nodiscard]] static constexpr Scale fit(std::span<const float> values);

  [[nodiscard]] static constexpr std::int32_t level(code_type code, Scale /*scale*/ = {}) {
    return 2 * static_cast<std::int32_t>(count_ones_of_16(code)) - M;
  }
  [[nodiscard]] static constexpr float step(Scale scale) { return scale.gamma(0); }

  // -- comparing: as bits, for sorting and searching; several codes have the same level
  [[nodiscard]] friend constexpr auto operator<=>(Mono a, Mono b) { return a.raw <=> b.raw; }
  [[nodiscard]] friend constexpr bool operator==(Mono a, Mono b) { return a.raw == b.raw; }

 private:
  /// The signs of one kind after which their value is beyond x, at it too where x is below zero;
  /// M where that never happens. 1..M
  ///
  /// The quotient `|x| / gamma` is off by less than 2^-18 below M; rounded down from a little less
  /// it is the count or one short, which a comparison decides: multiples of gamma are exact.
  [[nodiscard]] static constexpr std::int32_t signs_to_pass(float x, float gamma) {
    constexpr float beyond_all = 1024;  // 16 times the largest gamma is 496
    const float inverse = 1.0F / (gamma > 0 ? gamma : 1.0F);
    const float shift = gamma > 0 ? -0x1p-17F : static_cast<float>(M);
    const float magnitude = x < 0 ? -x : x;
    const float size = magnitude < beyond_all ? magnitude : beyond_all;
    const float quotient = size * inverse + shift;
    const auto whole = static_cast<std::int32_t>(quotient);  // below 2^25
    const std::int32_t passed = (whole < M ? whole : M) + 1;
    const float value = static_cast<float>(passed) * gamma;
    // value < size where x is below zero, value <= size elsewhere, without a branch
    const std::uint32_t down = detail::is_below(x, 0.0F);
    const std::uint32_t is_short =
        (detail::is_below(value, size) & down) | (~detail::is_below(size, value) & ~down & 1U);
    const std::int32_t signs = passed + static_cast<std::int32_t>(is_short);
    return signs < M ? signs : M;
  }
};

template <int M>
constexpr typename Mono<M>::Scale Mono<M>::fit(std::span<const float> values) {
  std::vector<float> sizes;
  sizes.reserve(values.size());
  for (const float x : values) {
    if (detail::is_finite(x)) {
      sizes.push_back(x < 0 ? -x : x);
    }
  }
  std::sort(sizes.begin(), sizes.end());
  std::vector<double> sums;  // sums[i] = sizes[0] + ... + sizes[i - 1]
  sums.reserve(sizes.size() + 1);
  sums.push_back(0);
  for (const float size : sizes) {
    sums.push_back(sums.back() + static_cast<double>(size));
  }

  Scale best;
  double least = std::numeric_limits<double>::infinity();
  for (int code = 1; code < 256; ++code) {
    const Gamma gamma = Gamma::from_bits(static_cast<std::uint8_t>(code));
    const double factor = static_cast<double>(gamma.value());
    // sum of (x - factor L)^2 without the constant sum of x^2; L and |x| share the sign
    double error = 0;
    std::size_t first = 0;
    for (int magnitude = M % 2; magnitude <= M; magnitude += 2) {
      const auto end = magnitude == M
                           ? sizes.end()
                           : std::lower_bound(sizes.begin(), sizes.end(),
                                              gamma.value() * static_cast<float>(magnitude + 1));
      const auto last = static_cast<std::size_t>(end - sizes.begin());
      const double value = factor * magnitude;
      error += value * (value * static_cast<double>(last - first) - 2 * (sums[last] - sums[first]));
      first = last;
    }
    if (error < least) {
      least = error;
      best.factors[0] = gamma;
    }
  }
  return best;
}

static_assert(ElementType<Mono<8>> && sizeof(Mono<8>) == 1);

}  // namespace upset
