// SPDX-License-Identifier: BSL-1.0
/// Which machine arithmetic multiplies two formats without losing a bit of an integer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <upset/format/concepts.hpp>
#include <upset/kernel/op.hpp>

namespace upset {

/// 128-bit sums for products of 32-bit levels.
__extension__ using Int128 = __int128;

/// True where both formats are integers times a step, so that their dot product is an integer.
template <Format W, Format A>
inline constexpr bool is_level_product =
    W::operand == Operand::level&& A::operand == Operand::level;

namespace detail {

/// The level that stands for real zero.
template <class Scale>
[[nodiscard]] constexpr std::int32_t zero_of(const Scale& scale) {
  if constexpr (requires { scale.zero_point; }) {
    return scale.zero_point;
  } else {
    return 0;
  }
}

/// True where levels, before the zero point is taken off, lie within -128..127.
template <class F>
consteval bool has_byte_levels() {
  if constexpr (F::operand != Operand::level) {
    return false;
  } else if constexpr (requires(typename F::Scale scale) { scale.zero_point; }) {
    return F::width <= 8;
  } else {
    return F::max_level <= 128;
  }
}

template <class W, class A>
consteval std::int64_t largest_product() {
  if constexpr (W::operand == Operand::level && A::operand == Operand::level) {
    return std::int64_t{W::max_level} * std::int64_t{A::max_level};
  } else {
    return 0;
  }
}

/// An activation and a weight as the product wants them.
template <class Activation, class Weight>
struct OperandTypes {};

template <class W, class A>
consteval auto operand_types() {
  // A float holds every integer up to 2^24, a double up to 2^53: below these a floating
  // multiply-add is exact integer arithmetic, and the fastest the portable path has.
  if constexpr (has_byte_dot && has_byte_levels<W>() && has_byte_levels<A>()) {
    return OperandTypes<std::uint8_t, std::int8_t>{};
  } else if constexpr (largest_product<W, A>() <= (std::int64_t{1} << 20)) {
    return OperandTypes<float, float>{};
  } else if constexpr (largest_product<W, A>() <= (std::int64_t{1} << 40)) {
    return OperandTypes<double, double>{};
  } else {
    return OperandTypes<std::int64_t, std::int64_t>{};
  }
}

template <class Types>
struct Unpack;
template <class X, class W>
struct Unpack<OperandTypes<X, W>> {
  using Activation = X;
  using Weight = W;
};

}  // namespace detail

/// How the dot product of weights `W` and activations `A` is computed.
///
/// Bytes hold a weight's level plus its zero point, and an activation's plus its zero point plus
/// 128: the sum of their products is then off by what `WeightOperand` takes off.
template <Format W, Format A>
struct Arithmetic {
 private:
  using Types = detail::Unpack<decltype(detail::operand_types<W, A>())>;

 public:
  using Activation = typename Types::Activation;
  using Weight = typename Types::Weight;
  static constexpr bool in_bytes = std::is_same_v<Weight, std::int8_t>;
  /// What long sums are collected in; exact for level products up to 2^53.
  using Sum = std::conditional_t<is_level_product<W, A>, double, float>;

  /// Steps of K after which a partial sum is moved to `Sum`, so that levels never round or wrap.
  static constexpr std::size_t exact_depth = [] {
    if constexpr (in_bytes) {
      return std::size_t{2147483647} / (255 * 128);
    } else if constexpr (!is_level_product<W, A> || std::is_same_v<Weight, std::int64_t>) {
      return std::numeric_limits<std::size_t>::max();
    } else {
      constexpr int digits = std::numeric_limits<Weight>::digits;
      return static_cast<std::size_t>((std::int64_t{1} << digits) /
                                      detail::largest_product<W, A>());
    }
  }();

  [[nodiscard]] static constexpr Weight weight(typename W::code_type code,
                                               const typename W::Scale& scale) {
    if constexpr (in_bytes) {
      return static_cast<Weight>(W::level(code, scale) + detail::zero_of(scale));
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

  /// `activation(A::encode(x, scale), scale)`: what a value becomes that passes through memory.
  [[nodiscard]] static constexpr Activation rounded(float x, const typename A::Scale& scale) {
    if constexpr (is_level_product<W, A> && requires { A::encode_level(x, scale); }) {
      const std::int32_t level = A::encode_level(x, scale);
      return static_cast<Activation>(in_bytes ? level + zero(scale) : level);
    } else {
      return activation(A::encode(x, scale), scale);
    }
  }

  /// The activation that adds nothing, which is what padding holds.
  [[nodiscard]] static constexpr std::int32_t zero(const typename A::Scale& scale) {
    return in_bytes ? 128 + detail::zero_of(scale) : 0;
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
    } else {
      return F::decode(code, scale);
    }
  }
};

}  // namespace upset
