// SPDX-License-Identifier: BSL-1.0
/// Every guard, and what it costs.
#pragma once

#include <upset/guard/msb_duplicated.hpp>
#include <upset/guard/parity_guarded.hpp>
#include <upset/guard/range_guarded.hpp>
#include <upset/guard/secded.hpp>
#include <upset/guard/triplicated.hpp>

namespace upset {

/// Bits that `F` stores beyond its codes, in percent of them: 0 for parity, 200 for `Triplicated`.
/// Counts whole words; scales, which guarded and unguarded tensors store alike, are left out.
template <Format F>
[[nodiscard]] constexpr double extra_bits_percent() {
  const int code_bits = F::lanes * F::width;
  return 100.0 * (F::word_bits - code_bits) / code_bits;
}

}  // namespace upset
