// SPDX-License-Identifier: BSL-1.0
/// Opportunistic parity: a word of codes guarded at no cost in bits, by giving one of them away.
#pragma once

#include <cstdint>
#include <span>

#include <upset/guard/wrapping.hpp>

namespace upset {

/// Codes of `T`, as many as fit into `Storage`, held at even parity.
///
/// - encoding: where the lanes together hold an odd number of ones, bit 0 of lane 0 is flipped, so
///             that one code in a word is off by at most the weight of its bit 0: one step of
///             `Fixed`, one ulp of a float, 2 gamma of `Mono`, the sign of `Binary`
/// - words:    8 to 64 bits natively, 128 and 256 as limbs; `Storage` as wide as `T` guards each
///             code by itself. Bits of `Storage` that no lane fills are not memory
/// - detects:  every odd number of flips in a word; an even number goes unseen
/// - on error: `load` leaves the codes as stored and says `Check::masked`; the reader, who has the
///             scale, then takes `encode(0)` for every lane. Where a format has no zero (`Binary`,
///             `Mono<M>` of odd M) that is the code nearest to it: `Binary` reads +1
/// - cost:     no extra bits; a popcount per word
/// - source:   Burel, Evans and Anghel, Zero-Overhead Protection for CNN Weights, DFT 2021, III
template <Format T, MemoryWord Storage>
struct ParityGuarded : detail::Wrapping<T> {
  static_assert(is_plain<T>,
                "ParityGuarded<T, Word>: T must be a format without a guard; wrap the format "
                "itself, as in ParityGuarded<Mono<8>, std::uint64_t>");
  static_assert(T::width <= detail::capacity<Storage>,
                "ParityGuarded<T, Word>: Word must hold one code of T at least; take a wider Word");

  using code_type = typename T::code_type;
  using Word = Storage;
  static constexpr int lane_bits = T::width;
  static constexpr int lanes = detail::capacity<Word> / lane_bits;
  static constexpr int word_bits = lanes * lane_bits;

  [[nodiscard]] static constexpr Word store(std::span<const code_type> codes) {
    const Word word = detail::pack_lanes<Word, lanes, lane_bits>(codes);
    return insert_bits(word, 0, 1, extract_bits(word, 0, 1) ^ (detail::is_odd(word) ? 1U : 0U));
  }

  /// On `Check::masked` the codes are as stored, and every lane must be read as zero.
  static constexpr Check load(const Word& word, std::span<code_type> codes) {
    detail::unpack_lanes<lanes, lane_bits>(word, codes);
    return detail::is_odd(word) ? Check::masked : Check::intact;
  }

  [[nodiscard]] static constexpr BitRole word_role(int bit) {
    return bit == 0 ? BitRole::parity : T::role(bit % lane_bits);
  }

  /// "ParityGuarded<Mono<8>,64>"
  [[nodiscard]] static constexpr Name name() {
    return template_name("ParityGuarded", T::name(), detail::capacity<Word>);
  }
};

}  // namespace upset
