// SPDX-License-Identifier: BSL-1.0
/// Unsigned words and single-bit operations on them: the only place a bit is set or flipped.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace upset {

namespace detail {

template <int Bits>
consteval auto unsigned_holding() {
  static_assert(0 < Bits && Bits <= 64, "Unsigned<Bits>: 1 to 64 bits; use WideWord<Bits> beyond");
  if constexpr (Bits <= 8) {
    return std::type_identity<std::uint8_t>{};
  } else if constexpr (Bits <= 16) {
    return std::type_identity<std::uint16_t>{};
  } else if constexpr (Bits <= 32) {
    return std::type_identity<std::uint32_t>{};
  } else {
    return std::type_identity<std::uint64_t>{};
  }
}

}  // namespace detail

/// The narrowest native unsigned integer that holds `Bits` bits.
template <int Bits>
using Unsigned = typename decltype(detail::unsigned_holding<Bits>())::type;

/// A memory word wider than a register: little endian in 64-bit limbs, bit 0 in `limbs[0]`.
template <int Bits>
struct WideWord {
  static_assert(Bits > 64, "WideWord<Bits>: up to 64 bits use Unsigned<Bits>");

  std::array<std::uint64_t, static_cast<std::size_t>((Bits + 63) / 64)> limbs{};

  [[nodiscard]] friend constexpr bool operator==(const WideWord&, const WideWord&) = default;
};

template <class Word>
inline constexpr bool is_wide_word = false;
template <int Bits>
inline constexpr bool is_wide_word<WideWord<Bits>> = true;

/// What a memory word may be: a native unsigned integer, or limbs of them.
template <class T>
concept MemoryWord = std::unsigned_integral<T> || is_wide_word<T>;

/// Ones in the lowest `count` bits; `count` may be the whole width.
template <std::unsigned_integral Word>
[[nodiscard]] constexpr Word low_mask(int count) {
  return count == 0 ? Word{0}
                    : static_cast<Word>(static_cast<Word>(~Word{0}) >>
                                        (8 * static_cast<int>(sizeof(Word)) - count));
}

template <std::unsigned_integral Word>
[[nodiscard]] constexpr bool test_bit(Word word, int bit) {
  return ((word >> bit) & Word{1}) != 0;
}

template <int Bits>
[[nodiscard]] constexpr bool test_bit(const WideWord<Bits>& word, int bit) {
  return test_bit(word.limbs[static_cast<std::size_t>(bit / 64)], bit % 64);
}

template <std::unsigned_integral Word>
[[nodiscard]] constexpr Word flip_bit(Word word, int bit) {
  return static_cast<Word>(word ^ static_cast<Word>(Word{1} << bit));
}

template <int Bits>
[[nodiscard]] constexpr WideWord<Bits> flip_bit(WideWord<Bits> word, int bit) {
  auto& limb = word.limbs[static_cast<std::size_t>(bit / 64)];
  limb = flip_bit(limb, bit % 64);
  return word;
}

/// The ones among the low 16 bits of `word`. Unlike `std::popcount`, a loop of it vectorises where
/// the processor counts no bits in vectors.
[[nodiscard]] constexpr std::uint32_t count_ones_of_16(std::uint32_t word) {
  word = word - ((word >> 1) & 0x5555U);
  word = (word & 0x3333U) + ((word >> 2) & 0x3333U);
  word = (word + (word >> 4)) & 0x0F0FU;
  return (word + (word >> 8)) & 0x1FU;
}

/// The `count` (at most 64) bits from bit `first` upwards, in the low end of the result.
template <std::unsigned_integral Word>
[[nodiscard]] constexpr std::uint64_t extract_bits(Word word, int first, int count) {
  return (std::uint64_t{word} >> first) & low_mask<std::uint64_t>(count);
}

template <int Bits>
[[nodiscard]] constexpr std::uint64_t extract_bits(const WideWord<Bits>& word, int first,
                                                   int count) {
  const auto limb = static_cast<std::size_t>(first / 64);
  const int shift = first % 64;
  std::uint64_t value = word.limbs[limb] >> shift;
  if (shift + count > 64) {
    value |= word.limbs[limb + 1] << (64 - shift);
  }
  return value & low_mask<std::uint64_t>(count);
}

/// `word` with `count` (at most 64) bits from bit `first` upwards replaced by the low bits of
/// `value`.
template <std::unsigned_integral Word>
[[nodiscard]] constexpr Word insert_bits(Word word, int first, int count, std::uint64_t value) {
  const std::uint64_t mask = low_mask<std::uint64_t>(count);
  return static_cast<Word>((std::uint64_t{word} & ~(mask << first)) | ((value & mask) << first));
}

template <int Bits>
[[nodiscard]] constexpr WideWord<Bits> insert_bits(WideWord<Bits> word, int first, int count,
                                                   std::uint64_t value) {
  for (int bit = 0; bit < count;) {  // at most two limbs
    const int at = first + bit;
    const int here = count - bit < 64 - at % 64 ? count - bit : 64 - at % 64;
    auto& limb = word.limbs[static_cast<std::size_t>(at / 64)];
    limb = insert_bits(limb, at % 64, here, value >> bit);
    bit += here;
  }
  return word;
}

}  // namespace upset
