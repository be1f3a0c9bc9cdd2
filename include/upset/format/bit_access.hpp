// SPDX-License-Identifier: BSL-1.0
/// Bits of numbers at type level: flip one, ask what it does, know what a flip costs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <upset/core/bits.hpp>
#include <upset/format/concepts.hpp>

namespace upset {

/// `x` with bit B flipped; nothing but the code is touched, so NaN stay as they are.
template <int B, ElementType T>
[[nodiscard]] constexpr T flip(T x) {
  static_assert(
      0 <= B && B < T::width,
      "flip<B>(x): B is a bit of the format of x, so 0 <= B < width; bit 0 is the lowest");
  return T::from_bits(flip_bit(x.bits(), B));
}

/// `x` with `bit` flipped; `0 <= bit < T::width`.
template <ElementType T>
[[nodiscard]] constexpr T flip(T x, int bit) {
  return T::from_bits(flip_bit(x.bits(), bit));
}

/// What `bit` of a code of `T` does; `0 <= bit < T::width`.
template <BitAddressable T>
[[nodiscard]] constexpr BitRole role_of(int bit) {
  return T::role(bit);
}

/// What flipping one bit position does to the value, over all codes that have a value.
struct FlipEffect {
  BitRole role{};
  double mean = 0;              ///< mean |change| over the codes finite before and after
  double worst = 0;             ///< largest such |change|
  std::uint32_t unbounded = 0;  ///< codes that are infinite or NaN before or after the flip

  [[nodiscard]] friend constexpr bool operator==(const FlipEffect&, const FlipEffect&) = default;
};

namespace detail {

// One constant expression per bit: compilers bound the steps of each evaluation, not their number.
template <Codec F, int Bit>
[[nodiscard]] consteval FlipEffect flip_effect() {
  using Code = typename F::code_type;
  const typename F::Scale unit{};
  FlipEffect effect{F::role(Bit)};
  double sum = 0;
  for (std::uint32_t high = 0; high < (1U << (F::width - 1 - Bit)); ++high) {
    for (std::uint32_t low = 0; low < (1U << Bit); ++low) {
      const std::uint32_t clear = (high << (Bit + 1)) | low;
      const float a = F::decode(static_cast<Code>(clear), unit);
      const float b = F::decode(static_cast<Code>(clear | (1U << Bit)), unit);
      if (!(a >= -std::numeric_limits<float>::max() && a <= std::numeric_limits<float>::max() &&
            b >= -std::numeric_limits<float>::max() && b <= std::numeric_limits<float>::max())) {
        effect.unbounded += 2;
        continue;
      }
      const double change = static_cast<double>(a) - static_cast<double>(b);
      const double size = change < 0 ? -change : change;
      sum += size;
      effect.worst = size > effect.worst ? size : effect.worst;
    }
  }
  const double pairs = static_cast<double>((1U << F::width) - effect.unbounded) / 2;
  effect.mean = pairs == 0 ? 0 : sum / pairs;
  return effect;
}

template <Codec F, int Bit>
inline constexpr FlipEffect flip_effect_of = flip_effect<F, Bit>();

}  // namespace detail

/// The effect of a flip for every bit position of a code of `F`, bit 0 first, at the unit scale
/// (`F::Scale{}`); computed by the compiler.
///
/// - errors:  formats of more than 16 bits do not compile
/// - cost:    2^width decodings per bit at compile time: about 1 s for all of a 16-bit format
/// - example: flip_profile<Mono<8>>()[0] == flip_profile<Mono<8>>()[7]
template <Codec F>
[[nodiscard]] consteval auto flip_profile() {
  static_assert(F::width <= 16,
                "flip_profile<F>(): F has more than 2^16 codes; sample codes at run time instead");
  return []<std::size_t... Bits>(std::index_sequence<Bits...>) {
    return std::array<FlipEffect, sizeof...(Bits)>{
        detail::flip_effect_of<F, static_cast<int>(Bits)>...};
  }
  (std::make_index_sequence<static_cast<std::size_t>(F::width)>{});
}

}  // namespace upset
