// SPDX-License-Identifier: BSL-1.0
/// The top bit stored twice: one bit more, and the costliest flip is seen.
#pragma once

#include <span>

#include <upset/guard/wrapping.hpp>

namespace upset {

/// A code of `T`, and a copy of its top bit (bit width - 1) above it.
///
/// - detects:  a flip of either copy of the top bit; no other flip
/// - on error: leaves the code as stored and says `Check::masked`, so that the reader takes
///             `encode(0)`: two copies detect but cannot tell which is right
/// - cost:     1 extra bit per code
/// - source:   MONO, IEEE Embedded Systems Letters, 2024, the MSB protection it compares with
template <Format T>
struct MsbDuplicated : detail::Wrapping<T> {
  static_assert(is_plain<T>,
                "MsbDuplicated<T>: T must be a format without a guard; wrap the format itself, as "
                "in MsbDuplicated<Fixed<8, 6>>");

  using code_type = typename T::code_type;
  static constexpr int lanes = 1;
  static constexpr int lane_bits = T::width + 1;
  static constexpr int word_bits = lane_bits;
  using Word = Unsigned<word_bits>;

  [[nodiscard]] static constexpr Word store(std::span<const code_type> codes) {
    const Word word{codes[0]};
    return insert_bits(word, T::width, 1, extract_bits(word, T::width - 1, 1));
  }

  static constexpr Check load(Word word, std::span<code_type> codes) {
    codes[0] = static_cast<code_type>(extract_bits(word, 0, T::width));
    return test_bit(word, T::width) == test_bit(word, T::width - 1) ? Check::intact : Check::masked;
  }

  [[nodiscard]] static constexpr BitRole word_role(int bit) {
    return bit < T::width ? T::role(bit) : BitRole::copy;
  }

  /// "MsbDuplicated<Fixed<8,6>>"
  [[nodiscard]] static constexpr Name name() { return template_name("MsbDuplicated", T::name()); }
};

}  // namespace upset
