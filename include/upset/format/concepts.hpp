// SPDX-License-Identifier: BSL-1.0
/// What a number format is: codes, scales, words and the operand its arithmetic wants.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>

#include <upset/core/bits.hpp>
#include <upset/core/name.hpp>

namespace upset {

// -- what a bit does

/// The role of one bit of a memory word.
enum class BitRole : std::uint8_t {
  sign,      ///< sign of a float, a fixed-point or an integer code
  exponent,  ///< exponent field of a float
  fraction,  ///< fraction field of a float, magnitude bits of an integer code
  level,     ///< one of the equal signs of `Mono`, or the sign of `Binary`
  plane,     ///< one residual level of `MultiLevelBinary`
  parity,    ///< the bit a parity guard took from a code
  check,     ///< a check bit added by a code such as SECDED
  copy,      ///< a copy of another bit
  scale,     ///< a bit of a scale, stored beside the codes
};

/// What reading a guarded word found.
enum class Check : std::uint8_t {
  intact,     ///< consistent (an undetected error looks the same)
  corrected,  ///< an error was found and repaired
  masked,     ///< an error was found that cannot be repaired; the lanes it may touch read as zero
};

// -- what a tensor carries beside its codes

/// A scale: regular, of `width` stored bits, each of which a fault can hit, and made of `gammas`
/// learnable factors, or of none (`gammas == 0`); see `GammaScale`.
template <class S>
concept ScaleType = std::regular<S> && std::is_trivially_copyable_v<S> &&
    requires(S scale, const S constant, int bit) {
  { S::width } -> std::convertible_to<int>;
  { S::gammas } -> std::convertible_to<int>;
  { constant.test(bit) } -> std::same_as<bool>;
  scale.flip(bit);
} &&(S::gammas == 0 || requires(const S constant, int i, std::span<const float> factors) {
  { constant.gamma(i) } -> std::same_as<float>;
  { S::from_gammas(factors) } -> std::same_as<S>;
});

/// The scale of formats whose codes are numbers by themselves.
struct Unscaled {
  static constexpr int width = 0;
  static constexpr int gammas = 0;

  [[nodiscard]] constexpr bool test(int /*bit*/) const { return false; }
  constexpr void flip(int /*bit*/) {}
  [[nodiscard]] friend constexpr bool operator==(Unscaled, Unscaled) = default;
};

static_assert(ScaleType<Unscaled>);

// -- how a format is multiplied

/// Which kernel family multiplies a format.
enum class Operand : std::uint8_t {
  real,   ///< `decode`d values are multiplied and accumulated in float
  level,  ///< `value = step(scale) * level(code)`: integer dot product of levels, scaled once
};

// -- the concepts, small ones first

/// Has a code of `width` bits and says what each bit does.
template <class F>
concept BitAddressable = requires(int bit) {
  requires std::unsigned_integral<typename F::code_type>;
  { F::width } -> std::convertible_to<int>;
  { F::role(bit) } -> std::same_as<BitRole>;
};

/// Rounds reals to codes under a scale, and back.
template <class F>
concept Codec = BitAddressable<F> && ScaleType<typename F::Scale> &&
    requires(float x, typename F::code_type code, typename F::Scale scale,
             std::span<const float> values) {
  { F::encode(x, scale) } -> std::same_as<typename F::code_type>;
  { F::decode(code, scale) } -> std::same_as<float>;
  { F::fit(values) } -> std::same_as<typename F::Scale>;
};

/// Lays `lanes` codes out in a memory word of `word_bits` bits, check bits included.
///
/// The lanes fill the word from bit 0 upwards, `lane_bits` each; `word_bits - lanes * lane_bits`
/// check bits follow. A last word that is not full is padded with lanes of code zero, which no
/// fault hits.
template <class F>
concept WordLayout = BitAddressable<F> && MemoryWord<typename F::Word> &&
    requires(std::span<const typename F::code_type> codes, std::span<typename F::code_type> out,
             typename F::Word word, int bit) {
  { F::lanes } -> std::convertible_to<int>;
  { F::lane_bits } -> std::convertible_to<int>;
  { F::word_bits } -> std::convertible_to<int>;
  { F::store(codes) } -> std::same_as<typename F::Word>;
  { F::load(word, out) } -> std::same_as<Check>;
  { F::word_role(bit) } -> std::same_as<BitRole>;
};

/// Says how it is multiplied; level formats supply their integers, `|level| <= max_level` under any
/// scale: kernels choose by that which integers hold a product.
template <class F>
concept Multipliable = Codec<F> && requires {
  { F::operand } -> std::convertible_to<Operand>;
} &&(F::operand == Operand::real || requires(typename F::code_type code, typename F::Scale scale) {
  { F::max_level } -> std::convertible_to<std::int64_t>;
  { F::level(code, scale) } -> std::same_as<std::int32_t>;
  { F::step(scale) } -> std::same_as<float>;
});

/// A number format: everything a memory image, a kernel and a fault need, at type level.
/// `Element` is the format the word's codes belong to: what a guard wraps, or itself. Words that
/// are no wider than their codes are those of a format itself: `load` and `store` leave codes as
/// they are, `load` says `Check::intact`, and readers may skip both.
template <class F>
concept Format = Codec<F> && WordLayout<F> && Multipliable<F> && requires {
  typename F::Element;
  { F::name() } -> std::same_as<Name>;
};

/// A format whose codes are regular, structural values with bits in and out.
template <class T>
concept ElementType = Format<T> && std::regular<T> && std::is_trivially_copyable_v<T> &&
    requires(T x, typename T::code_type code) {
  { x.bits() } -> std::same_as<typename T::code_type>;
  { T::from_bits(code) } -> std::same_as<T>;
};

/// One code per word, always intact: the layout of every unguarded format but `Binary`.
template <class Derived, int Width>
struct PlainWord {
  using Word = Unsigned<Width>;
  static constexpr int lanes = 1;
  static constexpr int lane_bits = Width;
  static constexpr int word_bits = Width;

  [[nodiscard]] static constexpr Word store(std::span<const Word> codes) { return codes[0]; }
  static constexpr Check load(Word word, std::span<Word> codes) {
    codes[0] = word;
    return Check::intact;
  }
  [[nodiscard]] static constexpr BitRole word_role(int bit) { return Derived::role(bit); }
};

/// True where `load(store(codes))` gives the codes back untouched, so that a fault-free reader may
/// skip the word altogether.
template <class F>
inline constexpr bool is_plain =
    std::same_as<typename F::Element, F>&& F::word_bits == F::lanes* F::width;

}  // namespace upset
