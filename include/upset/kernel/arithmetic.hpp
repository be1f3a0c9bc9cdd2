// SPDX-License-Identifier: BSL-1.0
/// Which machine arithmetic multiplies two formats without losing a bit of an integer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <upset/format/bfloat16.hpp>
#include <upset/format/concepts.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/format/level_encoder.hpp>
#include <upset/format/straight_through.hpp>
#include <upset/kernel/op.hpp>

namespace upset {

/// 128-bit sums for products of 32-bit levels.
__extension__ using Int128 = __int128;

/// True where both formats are integers times a step, so that their dot product is an integer.
template <Format W, Format A>
inline constexpr bool is_level_product =
    W::operand == Operand::level&& A::operand == Operand::level;

namespace detail {

/// What products of bytes leave in a level: `Int8Affine`'s codes are bytes, its levels are not.
template <Format F>
[[nodiscard]] constexpr std::int32_t zero_of(const typename F::Scale& scale) {
  if constexpr (std::is_same_v<typename F::Element, Int8Affine>) {
    return scale.zero_point;
  } else {
    return 0;
  }
}

/// The largest magnitude of `level(code, scale) + zero_of(scale)`.
template <Format F>
inline constexpr std::int64_t largest_stored_level =
    std::is_same_v<typename F::Element, Int8Affine> ? 128 : std::int64_t{F::max_level};

template <class W, class A>
consteval std::int64_t largest_product() {
  return std::int64_t{W::max_level} * std::int64_t{A::max_level};
}

/// Levels from `offset` on: a type that formats share, so that loops over it are compiled once.
template <class Encoder>
struct ShiftedEncoder {
  Encoder encoder;
  std::int32_t offset = 0;

  [[nodiscard]] std::int32_t operator()(float x) const {
    // modulo 2^32, or it might not be added to a constant of the encoder beforehand
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(encoder(x)) +
                                     static_cast<std::uint32_t>(offset));
  }
  [[nodiscard]] Guess guess(float x) const requires Guessing<Encoder, float> {
    const Guess guess = encoder.guess(x);
    return {guess.word + static_cast<std::uint32_t>(offset), guess.error};
  }
  [[nodiscard]] std::int32_t error_limit() const requires Guessing<Encoder, float> {
    return encoder.error_limit();
  }
};

/// Codes as 32-bit words, see `transform`.
struct BFloat16Encoder {
  [[nodiscard]] std::uint32_t operator()(float x) const { return BFloat16::encode(x); }
};

/// An activation and a weight as the product wants them.
template <class X, class W>
struct OperandTypes {
  using Activation = X;
  using Weight = W;
};

template <class W, class A>
consteval auto operand_types() {
  if constexpr (has_bfloat16_dot && std::is_same_v<typename W::Element, BFloat16> &&
                std::is_same_v<typename A::Element, BFloat16>) {
    return OperandTypes<BFloat16Code, BFloat16Code>{};
  } else if constexpr (!is_level_product<W, A>) {
    return OperandTypes<float, float>{};
  } else if constexpr (largest_byte_weight > 0 && largest_stored_level<W> <= largest_byte_weight &&
                       largest_stored_level<A> <= 128) {
    return OperandTypes<std::uint8_t, std::int8_t>{};
  } else if constexpr (has_short_dot && W::max_level <= 32768 && A::max_level <= 32768) {
    return OperandTypes<std::int16_t, std::int16_t>{};
    // A float holds every integer up to 2^24, a double up to 2^53: below these a floating
    // multiply-add is exact integer arithmetic.
  } else if constexpr (largest_product<W, A>() <= (std::int64_t{1} << 20)) {
    return OperandTypes<float, float>{};
  } else if constexpr (largest_product<W, A>() <= (std::int64_t{1} << 40)) {
    return OperandTypes<double, double>{};
  } else {
    return OperandTypes<std::int64_t, std::int64_t>{};
  }
}

}  // namespace detail

/// How far sums of products of levels go without rounding or wrapping.
struct ExactLimits {
  /// Steps of K after which a partial sum is moved to a wider one, whatever the levels are.
  std::size_t depth = 0;
  /// Of 16-bit weights: the sum of their magnitudes up to which all of K is exact.
  std::int64_t magnitude = 0;
};

/// How the dot product of weights `W` and activations `A` is computed.
///
/// Bytes hold a weight's level plus its zero point, and an activation's plus its zero point plus
/// 128: the sum of their products is then off by what `PackedKernel` takes off. Numbers in
/// `BFloat16` are their codes where the processor multiplies them.
template <Format W, Format A>
struct Arithmetic {
 private:
  using Types = decltype(detail::operand_types<W, A>());
  static constexpr bool in_codes = std::is_same_v<typename Types::Weight, detail::BFloat16Code>;

 public:
  using Activation = typename Types::Activation;
  using Weight = typename Types::Weight;
  static constexpr bool in_bytes = std::is_same_v<Weight, std::int8_t>;
  /// What long sums are collected in; exact for level products up to 2^53.
  using Sum = std::conditional_t<is_level_product<W, A>, double, float>;

  static constexpr ExactLimits exact_limits = [] {
    if constexpr (in_bytes) {
      return ExactLimits{2147483647 / (255 * 128)};
    } else if constexpr (std::is_same_v<Weight, std::int16_t>) {
      return ExactLimits{2147483647 / detail::largest_product<W, A>(), 2147483647 / A::max_level};
    } else if constexpr (!is_level_product<W, A> || std::is_same_v<Weight, std::int64_t>) {
      return ExactLimits{std::numeric_limits<std::size_t>::max()};
    } else {
      constexpr int digits = std::numeric_limits<Weight>::digits;
      return ExactLimits{(std::int64_t{1} << digits) / detail::largest_product<W, A>()};
    }
  }();

  [[nodiscard]] static constexpr Weight weight(typename W::code_type code,
                                               const typename W::Scale& scale) {
    if constexpr (in_bytes) {
      return static_cast<Weight>(W::level(code, scale) + detail::zero_of<W>(scale));
    } else {
      return operand<Weight, W>(code, scale);
    }
  }

  [[nodiscard]] static constexpr Activation activation(typename A::code_type code,
                                                       const typename A::Scale& scale) {
    if constexpr (in_bytes) {
      return static_cast<Activation>(A::level(code, scale) + zero(scale));
    } else {
      return operand<Activation, A>(code, scale);
    }
  }

  /// Calls `use(round)`, where `round(x)` is `activation(A::encode(x, scale), scale)`: what a value
  /// becomes that passes through memory. Levels come as 32-bit integers, see `transform`.
  template <class Use>
  static void with_rounding(const typename A::Scale& scale, Use use) {
    if constexpr (is_level_product<W, A>) {
      with_level_encoder<A>(scale, [&]<class Encoder>(const Encoder& encoder) {
        use(detail::ShiftedEncoder<Encoder>{encoder, zero(scale)});
      });
    } else if constexpr (in_codes) {
      use(detail::BFloat16Encoder{});
    } else {
      use(Quantizer<typename A::Element>{scale});
    }
  }

  /// The activation that adds nothing, which is what padding holds.
  [[nodiscard]] static constexpr std::int32_t zero(const typename A::Scale& scale) {
    return in_bytes ? 128 + detail::zero_of<A>(scale) : 0;
  }

  /// The factor from sums to reals that a scale contributes.
  template <Format F>
  [[nodiscard]] static constexpr double step(const typename F::Scale& scale) {
    if constexpr (is_level_product<W, A>) {
      return static_cast<double>(F::step(scale));
    } else {
      return 1.0;
    }
  }

 private:
  template <class Value, Format F>
  [[nodiscard]] static constexpr Value operand(typename F::code_type code,
                                               const typename F::Scale& scale) {
    if constexpr (is_level_product<W, A>) {
      return static_cast<Value>(F::level(code, scale));
    } else if constexpr (in_codes) {
      return code;
    } else {
      return F::decode(code, scale);
    }
  }
};

}  // namespace upset
