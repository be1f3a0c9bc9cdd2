// SPDX-License-Identifier: BSL-1.0
/// Products of signs: how many bits differ between words of activations and packed words of
/// weights.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <upset/kernel/tile.hpp>

namespace upset {

/// Signs in a word of a bit product.
inline constexpr std::size_t signs_per_word = 32;

namespace detail {

// Words are counted by the processor, so that adding them up beforehand gains nothing.
#if defined(__AVX512VPOPCNTDQ__) && defined(__AVX512VL__)
inline constexpr bool has_word_popcount = true;
#else
inline constexpr bool has_word_popcount = false;
#endif

/// Adds up three bits in every place: a full adder, which leaves the sum in `low` and returns the
/// carry.
template <class Vector>
[[nodiscard, gnu::always_inline]] inline Vector add_bits(Vector& low, const Vector& a,
                                                         const Vector& b) {
#if defined(__AVX512VL__)
  if constexpr (sizeof(Vector) == 64) {
    const auto x = reinterpret_cast<__m512i>(low);
    const auto y = reinterpret_cast<__m512i>(a);
    const auto z = reinterpret_cast<__m512i>(b);
    low = reinterpret_cast<Vector>(_mm512_ternarylogic_epi32(x, y, z, 0x96));
    return reinterpret_cast<Vector>(_mm512_ternarylogic_epi32(x, y, z, 0xE8));
  } else if constexpr (sizeof(Vector) == 32) {
    const auto x = reinterpret_cast<__m256i>(low);
    const auto y = reinterpret_cast<__m256i>(a);
    const auto z = reinterpret_cast<__m256i>(b);
    low = reinterpret_cast<Vector>(_mm256_ternarylogic_epi32(x, y, z, 0x96));
    return reinterpret_cast<Vector>(_mm256_ternarylogic_epi32(x, y, z, 0xE8));
  }
#endif
  const Vector either = low ^ a;
  const Vector carry = (low & a) | (either & b);
  low = either ^ b;
  return carry;
}

/// `Times` the number of ones in every byte.
template <int Times, class Vector>
[[nodiscard, gnu::always_inline]] inline Vector count_in_bytes(const Vector& bits) {
#if defined(__AVX2__)
  // of a nibble, sixteen at once
  constexpr char n = Times;
  const __m128i counts = _mm_setr_epi8(0, n, n, 2 * n, n, 2 * n, 2 * n, 3 * n, n, 2 * n, 2 * n,
                                       3 * n, 2 * n, 3 * n, 3 * n, 4 * n);
  const Vector low = bits & 0x0F0F'0F0FU;
  const Vector high = (bits >> 4) & 0x0F0F'0F0FU;
#if defined(__AVX512BW__)
  if constexpr (sizeof(Vector) == 64) {
    // masked, if by nothing: GCC 12 warns of the undefined operand of the plain one
    const __m512i table = _mm512_maskz_broadcast_i32x4(0xFFFF, counts);
    return reinterpret_cast<Vector>(
        _mm512_add_epi8(_mm512_shuffle_epi8(table, reinterpret_cast<__m512i>(low)),
                        _mm512_shuffle_epi8(table, reinterpret_cast<__m512i>(high))));
  }
#endif
  if constexpr (sizeof(Vector) == 32) {
    const __m256i table = _mm256_broadcastsi128_si256(counts);
    return reinterpret_cast<Vector>(
        _mm256_add_epi8(_mm256_shuffle_epi8(table, reinterpret_cast<__m256i>(low)),
                        _mm256_shuffle_epi8(table, reinterpret_cast<__m256i>(high))));
  }
#endif
  const Vector pairs = bits - ((bits >> 1) & 0x5555'5555U);
  const Vector nibbles = (pairs & 0x3333'3333U) + ((pairs >> 2) & 0x3333'3333U);
  return ((nibbles + (nibbles >> 4)) & 0x0F0F'0F0FU) * static_cast<unsigned>(Times);
}

/// Adds the four bytes of every word to its sum.
template <class Vector>
[[gnu::always_inline]] inline void add_bytes(Vector& sums, const Vector& bytes) {
#if defined(__AVX2__)
  const Vector ones = Vector{} + 0x0101'0101U;
  using Signed = typename Register<std::int32_t, sizeof(Vector) / sizeof(std::int32_t)>::type;
  auto total = reinterpret_cast<Signed>(sums);
  Op<std::uint8_t, std::int8_t>::add(total, reinterpret_cast<Signed>(bytes),
                                     reinterpret_cast<Signed>(ones));
  sums = reinterpret_cast<Vector>(total);
#else
  const Vector pairs = (bytes & 0x00FF'00FFU) + ((bytes >> 8) & 0x00FF'00FFU);
  sums += (pairs + (pairs >> 16)) & 0xFFFFU;
#endif
}

/// The ones that a vector of words has met: eights of them in `sums`, the rest a bit in each place.
/// Adding words up before they are counted takes two operations a word instead of seven.
///
/// - source: Mula, Kurz, Lemire, Faster Population Counts Using AVX2 Instructions, 2018
template <std::size_t Width>
struct OnesCounter {
  using Vector = typename Register<std::uint32_t, Width>::type;

  Vector sums{};
  Vector ones{};
  Vector twos{};
  Vector fours{};

  // Words come one, two, four and eight at once, in this order: counters not yet used are zero.
  // Where words are counted they come one by one.
  template <class Next>
  [[gnu::always_inline]] void add_one(Next next) {
    if constexpr (has_word_popcount) {
      add_counted(next(0));
    } else {
      ones = next(0);
    }
  }
  template <class Next>
  [[gnu::always_inline]] void add_two(Next next) {
    twos = add_bits(ones, next(0), next(1));
  }
  template <class Next>
  [[gnu::always_inline]] void add_four(Next next) {
    const Vector first = add_bits(ones, next(0), next(1));
    const Vector second = add_bits(ones, next(2), next(3));
    fours = add_bits(twos, first, second);
  }
  template <class Next>
  [[gnu::always_inline]] void add_eight(Next next) {
    Vector first = add_bits(ones, next(0), next(1));
    Vector second = add_bits(ones, next(2), next(3));
    const Vector low = add_bits(twos, first, second);
    first = add_bits(ones, next(4), next(5));
    second = add_bits(ones, next(6), next(7));
    const Vector high = add_bits(twos, first, second);
    add_bytes(sums, count_in_bytes<8>(add_bits(fours, low, high)));
  }

  [[nodiscard, gnu::always_inline]] Vector total() const {
    Vector result = sums;
    if constexpr (!has_word_popcount) {
      add_bytes(result,
                count_in_bytes<4>(fours) + count_in_bytes<2>(twos) + count_in_bytes<1>(ones));
    }
    return result;
  }

 private:
  [[gnu::always_inline]] void add_counted([[maybe_unused]] const Vector& bits) {
#if defined(__AVX512VPOPCNTDQ__) && defined(__AVX512VL__)
    if constexpr (sizeof(Vector) == 64) {
      sums += reinterpret_cast<Vector>(_mm512_popcnt_epi32(reinterpret_cast<__m512i>(bits)));
    } else {
      sums += reinterpret_cast<Vector>(_mm256_popcnt_epi32(reinterpret_cast<__m256i>(bits)));
    }
#endif
  }
};

/// Rows of a tile: more share weights and offsets, fewer keep their counters in registers.
inline constexpr std::size_t bit_tile_rows = has_word_popcount ? 8 : vector_bytes == 64 ? 4 : 2;

}  // namespace detail

/// Adds the ones in x[m][k] ^ w[n][k], over all words k, to the counter of row m, of whose lanes
/// each is a column n.
///
/// - shape: `rows` says where rows begin, `offsets` where each word k lies in them, at least one;
///          `weights` is a panel of a `PackedMatrix` from some column on, `stride` words from one k
///          to the next
/// - cost:  three vector operations a word where words are counted, 3.4 with VPTERNLOG, 6.4 without
template <std::size_t Width>
[[gnu::always_inline]] inline void count_differences(
    const std::array<const std::uint32_t*, detail::bit_tile_rows>& rows,
    std::span<const std::size_t> offsets, const std::uint32_t* weights, std::size_t stride,
    detail::OnesCounter<Width> (&counters)[detail::bit_tile_rows]) {
  constexpr std::size_t row_count = detail::bit_tile_rows;
  using Vector = typename detail::OnesCounter<Width>::Vector;
  using Stored = typename detail::Lanes<std::uint32_t, Width>::type;
  const std::size_t* offset = offsets.data();
  const std::size_t* const end = offset + offsets.size();
  const auto next = [&](std::size_t r) __attribute__((always_inline)) {
    return [&, r ](std::size_t k) __attribute__((always_inline))->Vector {
      return *reinterpret_cast<const Stored*>(weights + k * stride) ^ rows[r][offset[k]];
    };
  };
  const auto advance = [&](std::size_t words) __attribute__((always_inline)) {
    offset += words;
    weights += words * stride;
  };
  if constexpr (detail::has_word_popcount) {
    do {
#pragma GCC unroll 8
      for (std::size_t r = 0; r < row_count; ++r) {
        counters[r].add_one(next(r));
      }
      advance(1);
    } while (offset != end);
    return;
  }
  if (offsets.size() % 2 != 0) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < row_count; ++r) {
      counters[r].add_one(next(r));
    }
    advance(1);
  }
  if (offsets.size() / 2 % 2 != 0) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < row_count; ++r) {
      counters[r].add_two(next(r));
    }
    advance(2);
  }
  if (offsets.size() / 4 % 2 != 0) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < row_count; ++r) {
      counters[r].add_four(next(r));
    }
    advance(4);
  }
  while (offset != end) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < row_count; ++r) {
      counters[r].add_eight(next(r));
    }
    advance(8);
  }
}

}  // namespace upset
