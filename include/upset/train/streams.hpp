// SPDX-License-Identifier: BSL-1.0
/// Which stream of a seed training draws what from, so that no two uses share a draw.
#pragma once

#include <cstdint>

namespace upset::detail {

inline constexpr std::uint64_t initial_stream = 0x7261696e'00000000U;
inline constexpr std::uint64_t held_out_stream = 0x7261696e'00000001U;
inline constexpr std::uint64_t order_stream = 0x7261696e'00000002U;
/// Plus the epoch; the substream is the picture.
inline constexpr std::uint64_t augmentation_stream = 0x7261696f'00000000U;

}  // namespace upset::detail
