// SPDX-License-Identifier: BSL-1.0
/// bfloat16 as processors multiply it: without subnormals.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include <upset/format/bfloat16.hpp>

namespace upset {

/// The codes of `BFloat16`, of which those of exponent 0 are zeros, with their sign.
///
/// Choosing this format instead of `BFloat16` allows products of two of its tensors to be made by
/// the processor's instruction (`VDPBF16PS`) where the build has it (`__AVX512BF16__`), which takes
/// two products at a time, in another order than ours, and flushes sums below `2^-126` to zero.
/// Elsewhere they are products of floats. Results of builds with and without it therefore differ
/// by the rounding of their sums, and sites, codes and faults do not differ at all.
///
/// - range:    `+-3.39e38`, smallest positive `2^-126`
/// - rounding: half to even, once, from float; floats below `2^-126` become zero before they are
///             rounded; overflow to infinity
/// - NaN:      as that of `BFloat16`
/// - source:   Intel, BFLOAT16 - Hardware Numerics Definition, 2018
class FlushedBFloat16 : public PlainWord<FlushedBFloat16, 16> {
 public:
  // -- types and constants
  using code_type = std::uint16_t;
  using Scale = Unscaled;
  using Element = FlushedBFloat16;
  static constexpr int width = 16;
  static constexpr int fraction_bits = BFloat16::fraction_bits;
  static constexpr Operand operand = Operand::real;

  code_type raw{};  ///< public, so that values can be template arguments; use `bits`, `from_bits`

  [[nodiscard]] static constexpr Name name() { return Name{"FlushedBFloat16"}; }
  [[nodiscard]] static constexpr BitRole role(int bit) { return BFloat16::role(bit); }

  // -- making and reading one
  constexpr FlushedBFloat16() = default;
  [[nodiscard]] static constexpr FlushedBFloat16 from_bits(code_type code) {
    FlushedBFloat16 x;
    x.raw = code;
    return x;
  }
  [[nodiscard]] constexpr code_type bits() const { return raw; }

  // -- codec
  [[nodiscard]] static constexpr code_type encode(float x, Scale /*scale*/ = {}) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const bool is_zero = (bits & 0x7F80'0000U) == 0;
    return BFloat16::encode(std::bit_cast<float>(is_zero ? bits & 0x8000'0000U : bits));
  }
  [[nodiscard]] static constexpr float decode(code_type code, Scale /*scale*/ = {}) {
    const bool is_zero = (code & 0x7F80U) == 0;
    return BFloat16::decode(static_cast<code_type>(is_zero ? code & 0x8000U : code));
  }
  [[nodiscard]] static constexpr Scale fit(std::span<const float> /*values*/) { return {}; }

  /// As codes: two that decode to zero differ.
  [[nodiscard]] friend constexpr bool operator==(FlushedBFloat16 a, FlushedBFloat16 b) {
    return a.raw == b.raw;
  }
};

static_assert(ElementType<FlushedBFloat16> && sizeof(FlushedBFloat16) == 2);

}  // namespace upset
