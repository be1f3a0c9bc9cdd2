// SPDX-License-Identifier: BSL-1.0
/// Levels of many values: what `encode` computes, for a loop over a tensor.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <span>

#include <upset/core/transform.hpp>
#include <upset/format/fixed.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/format/mono.hpp>

namespace upset {

/// `level(encode(x, scale), scale)`, one value at a time; `code(x)` is the code.
template <class F>
class PlainLevelEncoder {
 public:
  explicit PlainLevelEncoder(const typename F::Scale& scale) : scale_(scale) {}

  [[nodiscard]] std::int32_t operator()(float x) const {
    if constexpr (requires { F::encode_level(x, scale_); }) {
      return F::encode_level(x, scale_);
    } else {
      return F::level(F::encode(x, scale_), scale_);
    }
  }
  [[nodiscard]] typename F::code_type code(float x) const { return F::encode(x, scale_); }

 private:
  typename F::Scale scale_;
};

/// The same in a dozen float operations without a branch, which GCC turns into vectors; `fits` says
/// for which scales. It has a `code` where one level has one code. Bounds are members, because GCC
/// 12 folds constant ones into the operations behind them, which takes twice the time.
template <class F>
class FastLevelEncoder;

namespace detail {

/// Adding it to a float below 2^22 leaves no fraction; its bits are then those of this plus the
/// integer.
inline constexpr float to_integer = 0x1.8p23F;
inline constexpr auto integer_bits = std::bit_cast<std::uint32_t>(to_integer);
static_assert(integer_bits % 0x10000 == 0);  // the low 16 bits are those of the integer

[[nodiscard]] inline std::int32_t whole_part(float sum) {
  return static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(sum) - integer_bits);
}

/// x, kept between two bounds; a NaN gives 0.
[[nodiscard]] inline float clamped(float x, float low, float high) {
  const float number = x == x ? x : 0.0F;
  const float above = low > number ? low : number;
  return high < above ? high : above;
}

}  // namespace detail

template <int N, int F>
requires(N <= 22) class FastLevelEncoder<Fixed<N, F>> {
 public:
  using Scale = typename Fixed<N, F>::Scale;

  [[nodiscard]] static bool fits(const Scale& /*scale*/) { return true; }
  explicit FastLevelEncoder(const Scale& /*scale*/) {}

  [[nodiscard]] std::int32_t operator()(float x) const {
    const float number = detail::clamped(x, low_, high_);
    return detail::whole_part(number * static_cast<float>(std::uint64_t{1} << F) +
                              detail::to_integer);
  }
  [[nodiscard]] std::uint32_t code(float x) const {
    return static_cast<std::uint32_t>((*this)(x)) & low_mask<std::uint32_t>(N);
  }

 private:
  float low_ = -static_cast<float>(Fixed<N, F>::max_level) * Fixed<N, F>::step();
  float high_ = static_cast<float>(Fixed<N, F>::max_level - 1) * Fixed<N, F>::step();
};

#if defined(__FMA__)

/// The integer q nearest to a little less than x / step is the one sought or one below it, which
/// x - q step decides: with step of 24 bits and the quotient next to a tie, it is exact.
template <>
class FastLevelEncoder<Int8Affine> {
 public:
  [[nodiscard]] static bool fits(const AffineScale& scale) {
    return 0x1p-60F <= scale.scale && scale.scale <= 0x1p60F;
  }
  explicit FastLevelEncoder(const AffineScale& scale)
      : zero_point_(scale.zero_point),
        step_(scale.scale),
        inverse_(1.0F / step_),
        low_(static_cast<float>(-128 - scale.zero_point) * step_),
        high_(static_cast<float>(127 - scale.zero_point) * step_),
        half_bits_(std::bit_cast<std::uint32_t>(0.5F * step_)) {}

  [[nodiscard]] std::int32_t operator()(float x) const {
    const float number = detail::clamped(x, low_, high_);
    // bounds and quotient are off by 2^-15 at most; what is clamped rounds to the bound all the
    // same
    const float sum = __builtin_fmaf(number, inverse_, -0x1p-14F) + detail::to_integer;
    const float left = __builtin_fmaf(detail::to_integer - sum, step_, number);
    // a tie leaves an odd number, whose bound is the float before
    const auto bits = std::bit_cast<std::uint32_t>(sum);
    const auto bound = std::bit_cast<float>(half_bits_ - (bits & 1U));
    const std::uint32_t is_above = std::bit_cast<std::uint32_t>(bound - left) >> 31U;
    return static_cast<std::int32_t>(bits + is_above - detail::integer_bits);
  }
  [[nodiscard]] std::uint32_t code(float x) const {
    return static_cast<std::uint32_t>((*this)(x) + zero_point_) & 0xFFU;
  }

  /// The integer nearest to x times the inverse, in 16 bits. It is the level unless x lies half a
  /// step from it or is no number: rounding keeps the order of distance and half a step.
  [[nodiscard]] detail::Guess guess(float x) const {
    const float above = low_ > x ? low_ : x;
    const float number = high_ < above ? high_ : above;
    const float sum = __builtin_fmaf(number, inverse_, detail::to_integer);
    const float left = __builtin_fmaf(detail::to_integer - sum, step_, number);
    return {std::bit_cast<std::uint32_t>(sum),
            static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(left) & 0x7FFFFFFFU)};
  }
  [[nodiscard]] std::int32_t error_limit() const { return static_cast<std::int32_t>(half_bits_); }

 private:
  std::int32_t zero_point_;
  float step_;
  float inverse_;
  float low_;
  float high_;
  std::uint32_t half_bits_;
};

#endif

/// Levels are those of the parity of M; the nearest to x / gamma, of two the larger:
/// 2 floor(x / (2 gamma) + 1/2) for even M, 2 floor(x / (2 gamma)) + 1 for odd. Bounds of levels
/// are multiples of gamma, which has 5 bits: exact.
template <int M>
class FastLevelEncoder<Mono<M>> {
 public:
  using Scale = typename Mono<M>::Scale;

  [[nodiscard]] static bool fits(const Scale& scale) { return scale.gamma(0) > 0; }
  explicit FastLevelEncoder(const Scale& scale)
      : step_(2.0F * scale.gamma(0)),
        inverse_(1.0F / step_),
        bound_(M * scale.gamma(0)),
        next_(step_ - shift * step_) {}

  [[nodiscard]] std::int32_t operator()(float x) const {
    const float number = detail::clamped(x, -bound_, bound_);
    // rounded down from a little less than the quotient: n, or one below it
    const float sum = (number * inverse_ + (shift - 0.5F - 0x1p-14F)) + detail::to_integer;
    const float above = (sum - detail::to_integer) * step_ + next_;  // where n + 1 begins
    return 2 * (detail::whole_part(sum) + (number >= above ? 1 : 0)) + M % 2;
  }

  /// Twice the integer nearest to x / (2 gamma), in 16 bits: the level, unless x lies between two
  /// or is no number. What is left of x is rounded once: its multiple of the step is exact.
  [[nodiscard]] detail::Guess guess(float x) const requires(M % 2 == 0) {
    const float above = -bound_ > x ? -bound_ : x;
    const float number = bound_ < above ? bound_ : above;
    const float sum = number * inverse_ + detail::to_integer;
    const float left = number - (sum - detail::to_integer) * step_;
    return {std::bit_cast<std::uint32_t>(sum) << 1U,
            static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(left) & 0x7FFFFFFFU)};
  }
  [[nodiscard]] std::int32_t error_limit() const requires(M % 2 == 0) {
    return std::bit_cast<std::int32_t>(step_ / 2);
  }

 private:
  static constexpr float shift = M % 2 == 0 ? 0.5F : 0.0F;

  float step_;
  float inverse_;
  float bound_;
  float next_;
};

template <Format F>
inline constexpr bool has_fast_codes =
    requires(const FastLevelEncoder<typename F::Element>& encoder, float x) {
  encoder.code(x);
};

/// Calls `use(encoder)` with the fastest encoder of levels under `scale`: `encoder(x)` is
/// `level(encode(x, scale), scale)`.
template <Format F, class Use>
void with_level_encoder(const typename F::Scale& scale, Use use) {
  using Element = typename F::Element;
  if constexpr (requires { FastLevelEncoder<Element>::fits(scale); }) {
    if (FastLevelEncoder<Element>::fits(scale)) {
      use(FastLevelEncoder<Element>(scale));
      return;
    }
  }
  use(PlainLevelEncoder<Element>(scale));
}

/// codes[i] = encode(values[i], scale), for a format without a guard.
template <Format F>
requires std::same_as<F, typename F::Element>
void encode_codes(std::span<const float> values, const typename F::Scale& scale,
                  typename F::code_type* codes) {
  const auto encode_all = [&](auto encode_one) {
    detail::transform(values.data(), values.size(), codes, encode_one);
  };
  if constexpr (has_fast_codes<F>) {
    with_level_encoder<F>(scale, [&](const auto& encoder) {
      encode_all([encoder](float x) { return encoder.code(x); });
    });
  } else {
    encode_all([local = scale](float x) { return F::encode(x, local); });
  }
}

}  // namespace upset
