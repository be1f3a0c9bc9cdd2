// SPDX-License-Identifier: BSL-1.0
/// What every guard shares: it keeps the numbers of the format it wraps and changes the words.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <upset/format/concepts.hpp>

namespace upset::detail {

// -- delegation

template <class T, Operand = T::operand>
struct LevelsOf {};

template <class T>
struct LevelsOf<T, Operand::level> {
  static constexpr auto max_level = T::max_level;
  [[nodiscard]] static constexpr std::int32_t level(typename T::code_type code,
                                                    const typename T::Scale& scale) {
    return T::level(code, scale);
  }
  [[nodiscard]] static constexpr float step(const typename T::Scale& scale) {
    return T::step(scale);
  }
};

/// The half of `Format` that a guard takes over unchanged from `T`; the guard adds the words.
template <Format T>
struct Wrapping : LevelsOf<T> {
  using Element = typename T::Element;
  using code_type = typename T::code_type;
  using Scale = typename T::Scale;
  static constexpr int width = T::width;
  static constexpr Operand operand = T::operand;

  [[nodiscard]] static constexpr BitRole role(int bit) { return T::role(bit); }
  [[nodiscard]] static constexpr code_type encode(float x, const Scale& scale) {
    return T::encode(x, scale);
  }
  [[nodiscard]] static constexpr float decode(code_type code, const Scale& scale) {
    return T::decode(code, scale);
  }
  [[nodiscard]] static constexpr Scale fit(std::span<const float> values) { return T::fit(values); }
};

// -- words

/// Bits of a memory word type.
template <MemoryWord Word>
inline constexpr int capacity = 8 * static_cast<int>(sizeof(Word));
template <int Bits>
inline constexpr int capacity<WideWord<Bits>> = Bits;

template <int Bits>
consteval auto word_holding() {
  if constexpr (Bits <= 64) {
    return std::type_identity<Unsigned<Bits>>{};
  } else {
    return std::type_identity<WideWord<Bits>>{};
  }
}

/// The narrowest memory word that holds `Bits` bits.
template <int Bits>
using WordHolding = typename decltype(word_holding<Bits>())::type;

/// `Lanes` codes of `LaneBits` each, from bit 0 upwards; bits above them are 0.
/// Shifts into limbs instead of calling `insert_bits`, which cost 10 ns a code on wide words.
template <MemoryWord Word, int Lanes, int LaneBits, std::unsigned_integral Code>
[[nodiscard]] constexpr Word pack_lanes(std::span<const Code> codes) {
  std::array<std::uint64_t, (capacity<Word> + 63) / 64> limbs{};
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    const std::size_t limb = lane * LaneBits / 64;
    const std::size_t shift = lane * LaneBits % 64;
    limbs[limb] |= std::uint64_t{codes[lane]} << shift;
    if (shift + LaneBits > 64) {
      limbs[limb + 1] |= std::uint64_t{codes[lane]} >> (64 - shift);
    }
  }
  if constexpr (is_wide_word<Word>) {
    return Word{limbs};
  } else {
    return static_cast<Word>(limbs[0]);
  }
}

/// The inverse of `pack_lanes`.
template <int Lanes, int LaneBits, MemoryWord Word, std::unsigned_integral Code>
constexpr void unpack_lanes(const Word& word, std::span<Code> codes) {
  for (int lane = 0; lane < Lanes; ++lane) {
    codes[static_cast<std::size_t>(lane)] =
        static_cast<Code>(extract_bits(word, lane * LaneBits, LaneBits));
  }
}

/// True if the number of ones is odd.
template <std::unsigned_integral Word>
[[nodiscard]] constexpr bool is_odd(Word word) {
  return (std::popcount(word) & 1) != 0;
}

template <int Bits>
[[nodiscard]] constexpr bool is_odd(const WideWord<Bits>& word) {
  std::uint64_t folded = 0;
  for (const std::uint64_t limb : word.limbs) {
    folded ^= limb;
  }
  return is_odd(folded);
}

}  // namespace upset::detail
