// SPDX-License-Identifier: BSL-1.0
/// Triple modular redundancy in memory: three copies of a code and a vote per bit.
#pragma once

#include <array>
#include <span>

#include <upset/guard/wrapping.hpp>

namespace upset {

/// A code of `T` stored three times.
///
/// - encoding: copy k of the code from bit k * width, so that a burst shorter than the code hits
///             each of its bits once at most
/// - corrects: every set of flips that hits each bit of the code in one copy at most
/// - on error: bitwise majority; `load` says `Check::corrected` if the copies differ, rightly
///             corrected or not
/// - cost:     200 % extra bits
/// - source:   Lyons and Vanderkulk, The Use of Triple-Modular Redundancy to Improve Computer
///             Reliability, IBM Journal of Research and Development 6 (2), 1962
template <Format T>
struct Triplicated : detail::Wrapping<T> {
  static_assert(is_plain<T>,
                "Triplicated<T>: T must be a format without a guard; wrap the format itself, as in "
                "Triplicated<Fixed<8, 6>>");

  using code_type = typename T::code_type;
  static constexpr int lanes = 1;
  static constexpr int lane_bits = 3 * T::width;
  static constexpr int word_bits = lane_bits;
  using Word = detail::WordHolding<word_bits>;

  [[nodiscard]] static constexpr Word store(std::span<const code_type> codes) {
    const std::array<code_type, 3> copies{codes[0], codes[0], codes[0]};
    return detail::pack_lanes<Word, 3, T::width>(std::span<const code_type>(copies));
  }

  static constexpr Check load(const Word& word, std::span<code_type> codes) {
    const auto a = extract_bits(word, 0, T::width);
    const auto b = extract_bits(word, T::width, T::width);
    const auto c = extract_bits(word, 2 * T::width, T::width);
    codes[0] = static_cast<code_type>((a & b) | (c & (a | b)));
    return a == b && b == c ? Check::intact : Check::corrected;
  }

  [[nodiscard]] static constexpr BitRole word_role(int bit) {
    return bit < T::width ? T::role(bit) : BitRole::copy;
  }

  /// "Triplicated<Fixed<8,6>>"
  [[nodiscard]] static constexpr Name name() { return template_name("Triplicated", T::name()); }
};

}  // namespace upset
