// SPDX-License-Identifier: BSL-1.0
/// Which machine arithmetic multiplies two formats without losing a bit of an integer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <upset/format/concepts.hpp>

namespace upset {

/// 128-bit sums for products of 32-bit levels.
__extension__ using Int128 = __int128;

/// True where both formats are integers times a step, so that their dot product is an integer.
template <Format W, Format A>
inline constexpr bool is_level_product =
    W::operand == Operand::level&& A::operand == Operand::level;

namespace detail {

template <class W, class A>
consteval std::int64_t largest_product() {
  if constexpr (W::operand == Operand::level && A::operand == Operand::level) {
    return std::int64_t{W::max_level} * std::int64_t{A::max_level};
  } else {
    return 0;
  }
}

template <class W, class A>
consteval auto operand_type() {
  // A float holds every integer up to 2^24, a double up to 2^53: below these a floating
  // multiply-add is exact integer arithmetic, and the fastest the portable path has.
  if constexpr (largest_product<W, A>() <= (std::int64_t{1} << 20)) {
    return std::type_identity<float>{};
  } else if constexpr (largest_product<W, A>() <= (std::int64_t{1} << 40)) {
    return std::type_identity<double>{};
  } else {
    return std::type_identity<std::int64_t>{};
  }
}

}  // namespace detail

/// How the dot product of weights `W` and activations `A` is computed by the portable path.
template <Format W, Format A>
struct Arithmetic {
  /// What both operands are stored as: levels where both have them, else decoded values.
  using Value = typename decltype(detail::operand_type<W, A>())::type;
  /// What a finished sum is handed over as; exact for level products up to 2^53.
  using Sum = std::conditional_t<is_level_product<W, A>, double, float>;

  /// Steps of K after which a partial sum is moved to `Sum`, so that levels never round.
  static constexpr std::size_t exact_depth = [] {
    if constexpr (!is_level_product<W, A> || std::is_same_v<Value, std::int64_t>) {
      return std::numeric_limits<std::size_t>::max();
    } else {
      constexpr int digits = std::numeric_limits<Value>::digits;
      return static_cast<std::size_t>((std::int64_t{1} << digits) /
                                      detail::largest_product<W, A>());
    }
  }();

  /// One weight or activation as the operand the sums want.
  template <Format F>
  [[nodiscard]] static constexpr Value operand(typename F::code_type code,
                                               const typename F::Scale& scale) {
    if constexpr (is_level_product<W, A>) {
      return static_cast<Value>(F::level(code, scale));
    } else {
      return F::decode(code, scale);
    }
  }

  /// `operand<F>(F::encode(x, scale), scale)`: what a value becomes that passes through memory.
  template <Format F>
  [[nodiscard]] static constexpr Value rounded(float x, const typename F::Scale& scale) {
    if constexpr (is_level_product<W, A> && requires { F::encode_level(x, scale); }) {
      return static_cast<Value>(F::encode_level(x, scale));
    } else {
      return operand<F>(F::encode(x, scale), scale);
    }
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
};

}  // namespace upset
