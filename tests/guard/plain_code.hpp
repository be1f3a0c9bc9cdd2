// SPDX-License-Identifier: BSL-1.0
/// A format reduced to its bits, of any width: guards must not care what a code means.
#pragma once

#include <cstdint>
#include <span>

#include <upset/format/concepts.hpp>

namespace upset::test {

/// The code is its value.
template <int Width>
struct PlainCode : PlainWord<PlainCode<Width>, Width> {
  using Element = PlainCode;
  using code_type = Unsigned<Width>;
  using Scale = Unscaled;
  static constexpr int width = Width;
  static constexpr Operand operand = Operand::real;

  [[nodiscard]] static constexpr BitRole role(int bit) {
    return bit == Width - 1 ? BitRole::sign : BitRole::fraction;
  }
  [[nodiscard]] static constexpr code_type encode(float x, Unscaled /*scale*/) {
    return static_cast<code_type>(x);
  }
  [[nodiscard]] static constexpr float decode(code_type code, Unscaled /*scale*/) {
    return static_cast<float>(code);
  }
  [[nodiscard]] static constexpr Unscaled fit(std::span<const float> /*values*/) { return {}; }
  [[nodiscard]] static constexpr Name name() { return template_name("PlainCode", Width); }
};

static_assert(Format<PlainCode<5>> && Format<PlainCode<64>>);

}  // namespace upset::test
