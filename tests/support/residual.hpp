// SPDX-License-Identifier: BSL-1.0
/// The residual encoder as its definition reads, in exact integers.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace upset::test {

/// The code of `s_i = sign(r_i)`, `r_1 = x`, `r_{i+1} = r_i - gamma_i s_i`, s_1 in the top bit.
///
/// Factors are multiples of 2^-14, so every residual is x plus a multiple of 2^-20, and it is at
/// least zero exactly if the floor of it in units of 2^-20 is.
[[nodiscard]] inline std::uint32_t residual_code(float x, const std::vector<double>& gammas) {
  constexpr double unit = 0x1p-20;
  const double bounded = std::fmin(std::fmax(static_cast<double>(x), -1e12), 1e12);
  auto residual = static_cast<std::int64_t>(std::floor(bounded / unit));
  std::uint32_t code = 0;
  for (const double gamma : gammas) {
    const auto step = static_cast<std::int64_t>(gamma / unit);
    code <<= 1;
    if (residual >= 0) {
      code |= 1U;
      residual -= step;
    } else {
      residual += step;
    }
  }
  return code;
}

}  // namespace upset::test
