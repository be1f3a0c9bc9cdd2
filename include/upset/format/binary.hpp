// SPDX-License-Identifier: BSL-1.0
/// One bit per number: its sign, times a factor per tensor.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include <upset/format/concepts.hpp>
#include <upset/format/gamma.hpp>

namespace upset {

/// The sign of a number; 64 of them to a memory word, as XNOR-popcount kernels read them.
///
/// - encoding: bit 1 is +1, bit 0 is -1; `value = alpha * level`; lane i is bit i of the word
/// - rounding: `x >= 0` gives +1, -0.0 too; NaN encodes as 0 does: +1
/// - scale:    alpha, one 8-bit `Gamma`; fitted as mean |x|, which minimises the squared error
/// - source:   Rastegari et al., XNOR-Net, 2016, eq. 6 (alpha), but sign(0) = +1
class Binary {
 public:
  // -- types and constants
  using code_type = std::uint8_t;
  using Scale = GammaScale<1>;
  using Element = Binary;
  using Word = std::uint64_t;
  static constexpr int width = 1;
  static constexpr int lanes = 64;
  static constexpr int lane_bits = 1;
  static constexpr int word_bits = 64;
  static constexpr Operand operand = Operand::level;
  static constexpr std::int64_t max_level = 1;

  code_type raw{};  ///< public, so that values can be template arguments; use `bits`, `from_bits`

  [[nodiscard]] static constexpr Name name() { return Name{"Binary"}; }
  [[nodiscard]] static constexpr BitRole role(int /*bit*/) { return BitRole::level; }
  [[nodiscard]] static constexpr BitRole word_role(int /*bit*/) { return BitRole::level; }

  // -- making and reading one
  constexpr Binary() = default;
  [[nodiscard]] static constexpr Binary from_bits(code_type code) {
    Binary x;
    x.raw = static_cast<code_type>(code & 1U);
    return x;
  }
  [[nodiscard]] constexpr code_type bits() const { return raw; }

  // -- codec
  [[nodiscard]] static constexpr code_type encode(float x, Scale /*scale*/ = {}) {
    return x < 0 ? code_type{0} : code_type{1};
  }
  [[nodiscard]] static constexpr float decode(code_type code, Scale scale) {
    return scale.gamma(0) * static_cast<float>(level(code, scale));
  }
  /// alpha = mean |x| over the finite values, summed in double in their order.
  [[nodiscard]] static constexpr Scale fit(std::span<const float> values) {
    const float mean[] = {detail::mean_magnitude(values)};
    return Scale::from_gammas(mean);
  }

  [[nodiscard]] static constexpr std::int32_t level(code_type code, Scale /*scale*/ = {}) {
    return 2 * static_cast<std::int32_t>(code & 1U) - 1;
  }
  [[nodiscard]] static constexpr float step(Scale scale) { return scale.gamma(0); }

  // -- words

  /// Packs up to 64 codes; missing lanes read as code 0.
  [[nodiscard]] static constexpr Word store(std::span<const code_type> codes) {
    Word word = 0;
    for (std::size_t lane = 0; lane < codes.size(); ++lane) {
      word |= static_cast<Word>(codes[lane] & 1U) << lane;
    }
    return word;
  }
  static constexpr Check load(Word word, std::span<code_type> codes) {
    for (std::size_t lane = 0; lane < codes.size(); ++lane) {
      codes[lane] = static_cast<code_type>((word >> lane) & 1U);
    }
    return Check::intact;
  }

  // -- comparing: as bits, which is by sign
  [[nodiscard]] friend constexpr auto operator<=>(Binary, Binary) = default;
};

static_assert(ElementType<Binary> && sizeof(Binary) == 1);

}  // namespace upset
