// SPDX-License-Identifier: BSL-1.0
/// The range of a tensor's values kept beside them: what a fault throws out of it is brought back.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>

#include <upset/format/gamma.hpp>  // detail::is_finite
#include <upset/guard/wrapping.hpp>

namespace upset {

// -- what to read when a value lies outside the range

/// The nearer end of the range.
/// - source: Chen, Li and Pattabiraman, A Low-cost Fault Corrector for Deep Neural Networks through
///           Range Restriction (Ranger), DSN 2021, applied to weights
struct EndOutside {
  explicit EndOutside() = default;
};

/// Zero, as a parity guard reads a word with an error.
struct ZeroOutside {
  explicit ZeroOutside() = default;
};

template <class P>
concept OutsidePolicy = std::same_as<P, EndOutside> || std::same_as<P, ZeroOutside>;

/// A scale, and the least and the greatest value of the tensor; every number lies between until
/// they are known.
///
/// - storage: the bits of `inner`, then 32 of the float `low`, then 32 of the float `high`
template <ScaleType Inner>
struct RangeScale {
  static constexpr int width = Inner::width + 64;
  static constexpr int gammas = 0;

  Inner inner{};
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();

  [[nodiscard]] constexpr bool test(int bit) const {
    return bit < Inner::width
               ? inner.test(bit)
               : test_bit(std::bit_cast<std::uint32_t>(bit < Inner::width + 32 ? low : high),
                          (bit - Inner::width) % 32);
  }
  constexpr void flip(int bit) {
    if (bit < Inner::width) {
      inner.flip(bit);
      return;
    }
    float& end = bit < Inner::width + 32 ? low : high;
    end = std::bit_cast<float>(
        flip_bit(std::bit_cast<std::uint32_t>(end), (bit - Inner::width) % 32));
  }
  /// By bits: an end that a fault made NaN still equals its copy.
  [[nodiscard]] friend constexpr bool operator==(const RangeScale& a, const RangeScale& b) {
    return a.inner == b.inner &&
           std::bit_cast<std::uint32_t>(a.low) == std::bit_cast<std::uint32_t>(b.low) &&
           std::bit_cast<std::uint32_t>(a.high) == std::bit_cast<std::uint32_t>(b.high);
  }
};

/// Codes of `T` as they are, and beside each scale the range of the values it was fitted to.
///
/// - detects:  what leaves the range: a flip into the upper exponent of a float nearly always, one
///             inside the range never. Integers whose scale was fitted use nearly all codes, so
///             there is little to detect
/// - on error: `Outside`: the nearer end of the range, or zero; a NaN reads as zero. `load` knows
///             no scale and says `Check::intact`: `decode` and `level` mend what they read
/// - faults:   the two ends lie in memory and are hit there; where a fault has swapped them or made
///             one a NaN, values beyond the other are still brought back
/// - cost:     64 bits a tensor, or a channel where scales are per channel; two comparisons a value
template <Format T, OutsidePolicy Outside = ZeroOutside>
struct RangeGuarded : detail::Wrapping<T> {
  using Element = RangeGuarded;  // words are codes as they are: nothing is skipped with them

  static_assert(is_plain<T> && T::lanes == 1,
                "RangeGuarded<T>: T must be a format of one code a word without a guard, as in "
                "RangeGuarded<BFloat16>");
  static_assert(T::Scale::gammas == 0,
                "RangeGuarded<T>: the scale of T is learned, and its levels are the range; take T "
                "as it is");

  using code_type = typename T::code_type;
  using Scale = RangeScale<typename T::Scale>;
  using Word = typename T::Word;
  static constexpr int lanes = 1;
  static constexpr int lane_bits = T::lane_bits;
  static constexpr int word_bits = T::word_bits;

  // -- codec

  [[nodiscard]] static constexpr code_type encode(float x, const Scale& scale) {
    return T::encode(x, scale.inner);
  }
  [[nodiscard]] static constexpr float decode(code_type code, const Scale& scale) {
    return T::decode(mended(code, scale), scale.inner);
  }
  /// The scale of weights, symmetric where `T` has such a one, and the range of the finite among
  /// `values` as they are stored under it; without any, no number is mended.
  [[nodiscard]] static constexpr Scale fit(std::span<const float> values) {
    if constexpr (requires { T::fit_symmetric(values); }) {
      return around(T::fit_symmetric(values), values);
    } else {
      return around(T::fit(values), values);
    }
  }
  /// `inner`, and the range as in `fit`.
  [[nodiscard]] static constexpr Scale around(const typename T::Scale& inner,
                                              std::span<const float> values) {
    Scale scale{.inner = inner};
    bool is_first = true;
    for (const float x : values) {
      const float stored = T::decode(T::encode(x, scale.inner), scale.inner);
      if (detail::is_finite(x) && detail::is_finite(stored)) {
        scale.low = is_first || stored < scale.low ? stored : scale.low;
        scale.high = is_first || stored > scale.high ? stored : scale.high;
        is_first = false;
      }
    }
    return scale;
  }

  [[nodiscard]] static constexpr std::int32_t level(code_type code,
                                                    const Scale& scale) requires(T::operand ==
                                                                                 Operand::level) {
    return T::level(mended(code, scale), scale.inner);
  }
  [[nodiscard]] static constexpr float step(const Scale& scale) requires(T::operand ==
                                                                         Operand::level) {
    return T::step(scale.inner);
  }

  // -- words
  [[nodiscard]] static constexpr Word store(std::span<const code_type> codes) {
    return T::store(codes);
  }
  static constexpr Check load(Word word, std::span<code_type> codes) {
    return T::load(word, codes);
  }
  [[nodiscard]] static constexpr BitRole word_role(int bit) { return T::word_role(bit); }

  /// "RangeGuarded<BFloat16>", "RangeGuarded<BFloat16,EndOutside>"
  [[nodiscard]] static constexpr Name name() {
    if constexpr (std::same_as<Outside, EndOutside>) {
      return template_name("RangeGuarded", T::name(), "EndOutside");
    } else {
      return template_name("RangeGuarded", T::name());
    }
  }

 private:
  [[nodiscard]] static constexpr code_type mended(code_type code, const Scale& scale) {
    const float x = T::decode(code, scale.inner);
    if (x != x) {
      return T::encode(0.0F, scale.inner);
    }
    if (!(x < scale.low) && !(x > scale.high)) {
      return code;
    }
    constexpr bool is_end = std::same_as<Outside, EndOutside>;
    return T::encode(!is_end ? 0.0F : x < scale.low ? scale.low : scale.high, scale.inner);
  }
};

}  // namespace upset
