// SPDX-License-Identifier: BSL-1.0
/// Where layers are not continuous, so that the rounding of a float sum may become a whole step.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>

#include <upset/format/concepts.hpp>
#include <upset/guard/range_guarded.hpp>

namespace upset {

/// Coarser steps than those of `BFloat16` count as jumps.
inline constexpr double largest_smooth_step = 0x1p-7;

namespace detail {

/// Whether a value is so near `place`, where a function jumps, that float sums in another order may
/// lie on its other side. They differ by some 2^-20 of the largest value of a layer; 2^-12 of the
/// place leaves as much room as `is_certain` does, and a place below 2^-12 of the largest value
/// jumps by no more than that allows for. Where values are rounded first, to others that are `step`
/// of the place apart, the jump lies up to half of that beside it.
[[nodiscard]] inline bool any_near(std::span<const float> values, float place, double step = 0) {
  const float error = static_cast<float>(0x1p-12 + step / 2) * std::abs(place);
  const float low = place - error;
  const float high = place + error;
  bool is_near = false;
  for (const float x : values) {
    is_near |= (low <= x) & (x <= high);
  }
  return is_near && std::isfinite(place);
}

/// What storing values in an element format does to nearby ones: `step`, by which they are rounded
/// apart, as a part of the value (of formats of levels 1: part of the range, far from zero or
/// not); and `is_near_jump`.
template <class F>
struct Reading {
  static constexpr double step = 1;
  static constexpr bool jumps = true;
  [[nodiscard]] static bool is_near_jump(std::span<const float> /*values*/,
                                         const typename F::Scale& /*scale*/) {
    return true;  // some value always lies at the middle of a step
  }
};
template <class F>
requires(F::operand == Operand::real && requires { F::fraction_bits; }) struct Reading<F> {
  static constexpr double step = 1.0 / static_cast<double>(std::size_t{1} << F::fraction_bits);
  static constexpr bool jumps = step > largest_smooth_step;
  [[nodiscard]] static bool is_near_jump(std::span<const float> /*values*/,
                                         const typename F::Scale& /*scale*/) {
    return jumps;
  }
};
// What lies beyond the ends once it is rounded becomes zero: an end at zero, where all is that a
// ReLU silenced, is no jump.
template <class T, class Outside>
struct Reading<RangeGuarded<T, Outside>> {
  using Inner = Reading<typename T::Element>;
  static constexpr double step = Inner::step;
  static constexpr bool jumps = Inner::jumps || std::same_as<Outside, ZeroOutside>;
  [[nodiscard]] static bool is_near_jump(std::span<const float> values,
                                         const RangeScale<typename T::Scale>& scale) {
    const auto is_near = [&](float end) { return end != 0 && any_near(values, end, step); };
    return Inner::is_near_jump(values, scale.inner) || is_near(scale.low) || is_near(scale.high);
  }
};

}  // namespace detail

}  // namespace upset
