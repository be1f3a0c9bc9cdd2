// SPDX-License-Identifier: BSL-1.0
/// The formats every law is checked for.
#pragma once

#include <tuple>

#include <doctest/doctest.h>

#include <upset/format/formats.hpp>

namespace upset::test {

using Float8E4M3 = Minifloat<4, 3>;
using Float8E5M2 = Minifloat<5, 2>;

/// Formats whose codes are numbers: up to 8 bits, up to 16, and wider.
using SmallNumberFormats =
    std::tuple<Minifloat<2, 1>, Minifloat<3, 4>, Float8E4M3, Float8E5M2, Fixed<2, 0>, Fixed<2, 1>,
               Fixed<5, 3>, Fixed<8, 0>, Fixed<8, 4>, Fixed<8, 7>>;
using MediumNumberFormats =
    std::tuple<BFloat16, Float16, Minifloat<7, 4>, Fixed<12, 4>, Fixed<16, 8>, Fixed<16, 15>>;
using WideNumberFormats = std::tuple<Float32, Minifloat<8, 15>, Minifloat<7, 23>, Minifloat<5, 18>,
                                     Fixed<22, 11>, Fixed<23, 11>, Fixed<25, 0>, Fixed<26, 13>,
                                     Fixed<32, 0>, Fixed<32, 16>, Fixed<32, 31>>;

/// Codes that need their scale.
using ScaledFormats =
    std::tuple<Int8Affine, Binary, Mono<1>, Mono<2>, Mono<5>, Mono<8>, Mono<9>, Mono<16>,
               MultiLevelBinary<1>, MultiLevelBinary<4>, MultiLevelBinary<8>>;

template <class... Tuples>
using Joined = decltype(std::tuple_cat(Tuples{}...));

using NumberFormats = Joined<SmallNumberFormats, MediumNumberFormats, WideNumberFormats>;
using AllFormats = Joined<NumberFormats, ScaledFormats>;

}  // namespace upset::test
