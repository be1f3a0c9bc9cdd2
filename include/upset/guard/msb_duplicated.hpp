// SPDX-License-Identifier: BSL-1.0
/// The top bit stored twice: one bit more, and the costliest flip is seen.
#pragma once

#include <concepts>
#include <span>

#include <upset/guard/wrapping.hpp>

namespace upset {

// -- what to read when the two copies of the top bit disagree

/// The value reads as zero. Two copies detect but cannot tell which is right.
/// - source: MONO, IEEE Embedded Systems Letters, 2024, the MSB protection it compares with
struct ZeroOnMismatch {
  explicit ZeroOnMismatch() = default;
};

/// The top bit reads as 0. Right where the true value is known not to be negative, as after ReLU.
struct ClearOnMismatch {
  explicit ClearOnMismatch() = default;
};

template <class P>
concept MismatchPolicy = std::same_as<P, ZeroOnMismatch> || std::same_as<P, ClearOnMismatch>;

/// A code of `T`, and a copy of its top bit (bit width - 1) above it.
///
/// - detects:  a flip of either copy of the top bit; no other flip
/// - on error: `OnMismatch`: `ZeroOnMismatch` leaves the code as stored and says `Check::masked`,
///             so that the reader takes `encode(0)`; `ClearOnMismatch` says `Check::corrected`
/// - cost:     1 extra bit per code
template <Format T, class OnMismatch = ZeroOnMismatch>
struct MsbDuplicated : detail::Wrapping<T> {
  static_assert(is_plain<T>,
                "MsbDuplicated<T>: T must be a format without a guard; wrap the format itself, as "
                "in MsbDuplicated<Fixed<8, 6>>");
  static_assert(MismatchPolicy<OnMismatch>,
                "MsbDuplicated<T, OnMismatch>: OnMismatch must be ZeroOnMismatch or "
                "ClearOnMismatch");

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
    if (test_bit(word, T::width) == test_bit(word, T::width - 1)) {
      return Check::intact;
    }
    if constexpr (std::same_as<OnMismatch, ClearOnMismatch>) {
      codes[0] = insert_bits(codes[0], T::width - 1, 1, 0);
      return Check::corrected;
    } else {
      return Check::masked;
    }
  }

  [[nodiscard]] static constexpr BitRole word_role(int bit) {
    return bit < T::width ? T::role(bit) : BitRole::copy;
  }

  /// "MsbDuplicated<Fixed<8,6>>", "MsbDuplicated<Fixed<8,6>,ClearOnMismatch>"
  [[nodiscard]] static constexpr Name name() {
    if constexpr (std::same_as<OnMismatch, ClearOnMismatch>) {
      return template_name("MsbDuplicated", T::name(), "ClearOnMismatch");
    } else {
      return template_name("MsbDuplicated", T::name());
    }
  }
};

}  // namespace upset
