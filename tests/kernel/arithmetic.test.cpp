// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "support/static_check.hpp"

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/kernel/arithmetic.hpp>

using namespace upset;

namespace {

template <class W, class A>
using WeightOf = typename Arithmetic<W, A>::Weight;

// What small levels are where there is no product of bytes, and 16-bit ones where there is none of
// them.
using Small = std::conditional_t<detail::has_short_dot, std::int16_t, float>;
using Short = std::conditional_t<detail::has_short_dot, std::int16_t, double>;
template <int Largest>
using Byte = std::conditional_t<(detail::largest_byte_weight >= Largest), std::int8_t, Small>;
using ByteActivation =
    std::conditional_t<(detail::largest_byte_weight >= 128), std::uint8_t, Small>;

// Partial sums of `exact_depth` products of the largest levels must be integers that Value holds.
template <class W, class A>
constexpr bool holds_every_partial_sum() {
  const double largest = static_cast<double>(W::max_level) * static_cast<double>(A::max_level) *
                         static_cast<double>(Arithmetic<W, A>::exact_limits.depth);
  const double limit = std::is_same_v<WeightOf<W, A>, float>          ? 0x1p24
                       : std::is_same_v<WeightOf<W, A>, std::int16_t> ? 0x1p31 - 1
                                                                      : 0x1p53;
  return Arithmetic<W, A>::exact_limits.depth >= 1 &&
         (Arithmetic<W, A>::in_bytes || largest <= limit);
}

/// r = S (q - Z) with q from 0 to 255, as ONNX has uint8.
struct UnsignedAffine : PlainWord<UnsignedAffine, 8> {
  using code_type = std::uint8_t;
  using Scale = AffineScale;
  using Element = UnsignedAffine;
  static constexpr int width = 8;
  static constexpr Operand operand = Operand::level;
  static constexpr int max_level = 255 + 128;
  static constexpr Name name() { return Name{"UnsignedAffine"}; }
  static constexpr BitRole role(int) { return BitRole::fraction; }
  static constexpr code_type encode(float x, Scale scale) {
    return static_cast<code_type>(x / scale.scale + static_cast<float>(scale.zero_point) + 0.5F);
  }
  static constexpr std::int32_t level(code_type code, Scale scale) {
    return code - scale.zero_point;
  }
  static constexpr float step(Scale scale) { return scale.scale; }
  static constexpr float decode(code_type code, Scale scale) {
    return step(scale) * static_cast<float>(level(code, scale));
  }
  static constexpr Scale fit(std::span<const float>) { return {}; }
};

}  // namespace

TEST_CASE("Arithmetic: levels are multiplied in the fastest type that keeps them whole") {
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Binary, Binary>, Byte<1>>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Int8Affine, Int8Affine>, Byte<128>>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Fixed<5, 4>, Fixed<16, 8>>, Small>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Fixed<16, 8>, Fixed<16, 8>>, Short>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Fixed<32, 16>, Fixed<8, 6>>, double>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Fixed<32, 16>, Fixed<16, 8>>, std::int64_t>);
}

TEST_CASE("Arithmetic: the processor multiplies bfloat16 where both formats allow it") {
  using F = BFloat16;
  using Code = std::conditional_t<detail::has_bfloat16_dot, detail::BFloat16Code, float>;
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<F, F>, Code>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<ParityGuarded<F, std::uint64_t>, F>, Code>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<F, Float16>, float>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Float32, F>, float>);
  UPSET_STATIC_CHECK(Arithmetic<F, F>::activation(0x3F80, {}) ==
                     (detail::has_bfloat16_dot ? Code{0x3F80} : Code{1}));
}

TEST_CASE("Arithmetic: a product with a real operand is one of floats") {
  UPSET_STATIC_CHECK(!is_level_product<Float32, Binary>);
  UPSET_STATIC_CHECK(!is_level_product<Mono<8>, MultiLevelBinary<4>>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Float32, Fixed<32, 16>>, float>);
  UPSET_STATIC_CHECK(std::is_same_v<Arithmetic<Float32, Fixed<32, 16>>::Sum, float>);
  UPSET_STATIC_CHECK(Arithmetic<Float32, Float32>::exact_limits.depth ==
                     std::numeric_limits<std::size_t>::max());
  UPSET_STATIC_CHECK(Arithmetic<Float32, Mono<8>>::activation(0xFF, GammaScale<1>{}) == 8.0F);
  UPSET_STATIC_CHECK(Arithmetic<Float32, Mono<8>>::step<Mono<8>>(GammaScale<1>{}) == 1.0);
}

TEST_CASE("Arithmetic: partial sums move on before they could round") {
  UPSET_STATIC_CHECK(holds_every_partial_sum<Binary, Binary>());
  UPSET_STATIC_CHECK(holds_every_partial_sum<Mono<8>, Mono<8>>());
  UPSET_STATIC_CHECK(holds_every_partial_sum<Mono<16>, Int8Affine>());
  UPSET_STATIC_CHECK(holds_every_partial_sum<Int8Affine, Int8Affine>());
  UPSET_STATIC_CHECK(holds_every_partial_sum<Fixed<8, 6>, Fixed<8, 6>>());
  UPSET_STATIC_CHECK(holds_every_partial_sum<Fixed<11, 0>, Fixed<11, 0>>());
  UPSET_STATIC_CHECK(holds_every_partial_sum<Fixed<11, 0>, Fixed<12, 0>>());
  UPSET_STATIC_CHECK(holds_every_partial_sum<Fixed<21, 0>, Fixed<21, 0>>());
  UPSET_STATIC_CHECK(Arithmetic<Fixed<11, 0>, Fixed<11, 0>>::exact_limits.depth ==
                     (detail::has_short_dot ? 2047 : 16));
  // 65,793 products of 255 and -128 are the last that 32 bits hold
  UPSET_STATIC_CHECK(Arithmetic<Fixed<8, 6>, Fixed<8, 6>>::exact_limits.depth ==
                     (detail::largest_byte_weight >= 128 ? 65793
                      : detail::has_short_dot            ? 131071
                                                         : 1024));
  UPSET_STATIC_CHECK(Arithmetic<Fixed<32, 0>, Fixed<16, 8>>::exact_limits.depth ==
                     std::numeric_limits<std::size_t>::max());
}

TEST_CASE("Arithmetic: bytes hold levels and zero points, activations 128 more") {
  using Product = Arithmetic<Int8Affine, Int8Affine>;
  constexpr AffineScale scale{0.5F, -128};
  UPSET_STATIC_CHECK(Product::activation(0x80, scale) == 0);  // the code of zero
  UPSET_STATIC_CHECK(Product::zero(scale) == 0);
  UPSET_STATIC_CHECK(std::is_same_v<Product::Activation, ByteActivation>);
  UPSET_STATIC_CHECK(Product::activation(0x7F, scale) == 255);
  constexpr AffineScale odd{0.5F, 3};
  UPSET_STATIC_CHECK(Product::weight(0x05, odd) == (Product::in_bytes ? 5 : 2));
  UPSET_STATIC_CHECK(Product::activation(0x05, odd) - Product::zero(odd) == 2);
  Product::with_rounding(odd, [&](const auto& round) {
    CHECK(round(1.0F) - Product::zero(odd) == 2);
    CHECK(round(-1e9F) == (Product::in_bytes ? 0 : -131));
    CHECK(round(1e9F) == (Product::in_bytes ? 255 : 124));
  });
}

TEST_CASE("Arithmetic: the zero point of another format is in its levels") {
  using Product = Arithmetic<UnsignedAffine, UnsignedAffine>;
  constexpr AffineScale scale{0.5F, 3};
  UPSET_STATIC_CHECK(!Product::in_bytes);  // 383 is none
  UPSET_STATIC_CHECK(holds_every_partial_sum<UnsignedAffine, UnsignedAffine>());
  UPSET_STATIC_CHECK(Product::weight(0xFF, scale) == 252);
  UPSET_STATIC_CHECK(Product::activation(0x00, scale) - Product::zero(scale) == -3);
  Product::with_rounding(
      scale, [](const auto& round) { CHECK(round(100.0F) - Product::zero({}) == 200); });
}

TEST_CASE("Arithmetic: a guard multiplies as the format it wraps") {
  using Guarded = ParityGuarded<Mono<8>, std::uint64_t>;
  UPSET_STATIC_CHECK(is_level_product<Guarded, Mono<5>>);
  UPSET_STATIC_CHECK(std::is_same_v<WeightOf<Guarded, Mono<5>>, Byte<8>>);
  UPSET_STATIC_CHECK(Arithmetic<Guarded, Mono<5>>::exact_limits.depth ==
                     Arithmetic<Mono<8>, Mono<5>>::exact_limits.depth);
  UPSET_STATIC_CHECK(Arithmetic<Guarded, Mono<5>>::weight(0x0F, GammaScale<1>{}) == 0);
  UPSET_STATIC_CHECK(Arithmetic<Guarded, Mono<5>>::activation(0x0F, GammaScale<1>{}) ==
                     3 + Arithmetic<Guarded, Mono<5>>::zero(GammaScale<1>{}));
  UPSET_STATIC_CHECK(
      Arithmetic<Guarded, Mono<5>>::step<Mono<5>>(GammaScale<1>{{Gamma::from_bits(0xC0)}}) == 2.0);
}
