// SPDX-License-Identifier: BSL-1.0
/// SECDED: check bits beside a word of codes that correct one flip and detect two.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include <upset/guard/wrapping.hpp>

namespace upset {

namespace detail {

/// The parity-check matrix for `DataBits` data bits: data columns of weight 3, then 5 and so on,
/// check columns of weight 1. As all weights are odd, one flip leaves an odd syndrome and two an
/// even one other than 0.
/// - source: Hsiao, A Class of Optimal Minimum Odd-weight-column SEC-DED Codes, IBM Journal of
///           Research and Development 14 (4), 1970
template <int DataBits>
struct OddWeightCode {
  using Syndrome = std::uint16_t;

  /// r bits have 2^(r-1) columns of odd weight, r of which are the check bits' own.
  static constexpr int check_bits = [] {
    int r = 2;
    while ((1 << (r - 1)) - r < DataBits) {
      ++r;
    }
    return r;
  }();
  static constexpr int code_bits = DataBits + check_bits;
  static constexpr std::size_t limbs = (DataBits + 63) / 64;

  /// Syndrome of a flip of each bit, data bits first.
  static constexpr auto columns = [] {
    std::array<Syndrome, std::size_t{code_bits}> result{};
    std::size_t next = 0;
    for (int weight = 3; next < DataBits; weight += 2) {
      for (unsigned column = 0; column < (1U << check_bits) && next < DataBits; ++column) {
        if (std::popcount(column) == weight) {
          result[next++] = static_cast<Syndrome>(column);
        }
      }
    }
    for (int row = 0; row < check_bits; ++row) {
      result[next++] = static_cast<Syndrome>(1U << row);
    }
    return result;
  }();

  /// Which data bits each check bit is the parity of.
  static constexpr auto rows = [] {
    std::array<std::array<std::uint64_t, limbs>, std::size_t{check_bits}> result{};
    for (std::size_t bit = 0; bit < DataBits; ++bit) {
      for (std::size_t row = 0; row < check_bits; ++row) {
        result[row][bit / 64] |= std::uint64_t{(columns[bit] >> row) & 1U} << (bit % 64);
      }
    }
    return result;
  }();

  static constexpr int nowhere = -1;
  /// The bit whose flip leaves a syndrome, or `nowhere`.
  static constexpr auto culprits = [] {
    std::array<std::int16_t, std::size_t{1} << check_bits> result{};
    result.fill(nowhere);
    for (std::size_t bit = 0; bit < code_bits; ++bit) {
      result[columns[bit]] = static_cast<std::int16_t>(bit);
    }
    return result;
  }();

  /// Check bits that the data in the low end of `word` ask for.
  template <MemoryWord Word>
  [[nodiscard]] static constexpr Syndrome checks(const Word& word) {
    std::array<std::uint64_t, limbs> data{};
    for (std::size_t limb = 0; limb < limbs; ++limb) {
      const int first = 64 * static_cast<int>(limb);
      data[limb] = extract_bits(word, first, std::min(64, DataBits - first));
    }
    unsigned result = 0;
    for (std::size_t row = 0; row < check_bits; ++row) {
      std::uint64_t folded = 0;
      for (std::size_t limb = 0; limb < limbs; ++limb) {
        folded ^= data[limb] & rows[row][limb];
      }
      result |= (is_odd(folded) ? 1U : 0U) << row;
    }
    return static_cast<Syndrome>(result);
  }
};

}  // namespace detail

/// Codes of `T`, as many as fit into `Data`, followed by the check bits of an extended Hamming
/// code.
///
/// - encoding: 64 bits of data take 8 check bits, 32 take 7, 16 take 6, 8 take 5; 128 take 9 and
///             256 take 10. Bits of `Data` that no lane fills are neither stored nor checked
/// - corrects: every single flip, check bits included; detects every double flip. Three flips or
///             more may be taken for one
/// - on error: what cannot be corrected leaves the codes as stored and says `Check::masked`; the
///             reader, who has the scale, then takes `encode(0)` for every lane
/// - cost:     12.5 % more bits for words of 64; a masked popcount per check bit
/// - source:   Hsiao 1970, see `detail::OddWeightCode`
template <Format T, MemoryWord Data>
struct Secded : detail::Wrapping<T> {
  static_assert(is_plain<T>,
                "Secded<T, Word>: T must be a format without a guard; wrap the format itself, as "
                "in Secded<Float32, std::uint64_t>");
  static_assert(T::width <= detail::capacity<Data>,
                "Secded<T, Word>: Word must hold one code of T at least; take a wider Word");

  using code_type = typename T::code_type;
  static constexpr int lane_bits = T::width;
  static constexpr int lanes = detail::capacity<Data> / lane_bits;
  static constexpr int data_bits = lanes * lane_bits;
  using Code = detail::OddWeightCode<data_bits>;
  static constexpr int word_bits = Code::code_bits;
  using Word = detail::WordHolding<word_bits>;

  [[nodiscard]] static constexpr Word store(std::span<const code_type> codes) {
    const Word word = detail::pack_lanes<Word, lanes, lane_bits>(codes);
    return insert_bits(word, data_bits, Code::check_bits, Code::checks(word));
  }

  /// On `Check::masked` the codes are as stored, and every lane must be read as zero.
  static constexpr Check load(Word word, std::span<code_type> codes) {
    const std::size_t syndrome =
        Code::checks(word) ^ extract_bits(word, data_bits, Code::check_bits);
    Check check = Check::intact;
    if (syndrome != 0) {
      const int culprit = Code::culprits[syndrome];
      check = culprit == Code::nowhere ? Check::masked : Check::corrected;
      if (check == Check::corrected) {
        word = flip_bit(word, culprit);
      }
    }
    detail::unpack_lanes<lanes, lane_bits>(word, codes);
    return check;
  }

  [[nodiscard]] static constexpr BitRole word_role(int bit) {
    return bit < data_bits ? T::role(bit % lane_bits) : BitRole::check;
  }

  /// "Secded<Float32,64>"
  [[nodiscard]] static constexpr Name name() {
    return template_name("Secded", T::name(), detail::capacity<Data>);
  }
};

}  // namespace upset
