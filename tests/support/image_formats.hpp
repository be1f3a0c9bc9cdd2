// SPDX-License-Identifier: BSL-1.0
/// The formats and guards that memory images and layers are tested with.
#pragma once

#include <cstdint>
#include <tuple>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>

namespace upset::test {

/// Every kind of format the main job compares, and the widest products of levels.
using LayerFormats =
    std::tuple<Float32, BFloat16, Float16, Int8Affine, Fixed<8, 6>, Fixed<5, 4>, Fixed<16, 8>,
               Fixed<32, 16>, Binary, Mono<5>, Mono<8>, MultiLevelBinary<4>>;

/// Every guard, on formats with and without a scale, a zero, and several codes in a word.
using LayerGuards =
    std::tuple<ParityGuarded<Float32, std::uint32_t>, ParityGuarded<BFloat16, std::uint64_t>,
               ParityGuarded<Int8Affine, std::uint64_t>, ParityGuarded<Mono<8>, std::uint64_t>,
               ParityGuarded<Mono<5>, WideWord<256>>, ParityGuarded<Binary, std::uint8_t>,
               Triplicated<Fixed<8, 6>>, Triplicated<Float32>, MsbDuplicated<Fixed<8, 6>>,
               MsbDuplicated<MultiLevelBinary<4>>, Secded<Float32, std::uint64_t>,
               Secded<Fixed<5, 4>, std::uint32_t>, Secded<Binary, std::uint64_t>,
               RangeGuarded<BFloat16>, RangeGuarded<Int8Affine, EndOutside>>;

}  // namespace upset::test
