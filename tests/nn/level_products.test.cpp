// SPDX-License-Identifier: BSL-1.0
// Where weights and activations are levels, a layer is an exact integer sum, scaled once.
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/format_pair.hpp"
#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>

using namespace upset;
using namespace upset::test;

namespace {

// -- what a code means, from the definition of its format and without the format's code

template <class F>
struct Meaning {
  using Element = typename F::Element;
  template <int N, int Fraction>
  static std::int64_t level_of(Fixed<N, Fraction>, std::uint64_t code, const Unscaled&) {
    const std::int64_t modulus = std::int64_t{1} << N;
    const auto value = static_cast<std::int64_t>(code);
    return value >= modulus / 2 ? value - modulus : value;
  }
  template <int M>
  static std::int64_t level_of(Mono<M>, std::uint64_t code, const GammaScale<1>&) {
    std::int64_t sum = 0;
    for (int bit = 0; bit < M; ++bit) {
      sum += ((code >> bit) & 1U) != 0 ? 1 : -1;
    }
    return sum;
  }
  static std::int64_t level_of(Binary, std::uint64_t code, const GammaScale<1>&) {
    return code == 1 ? 1 : -1;
  }
  static std::int64_t level_of(Int8Affine, std::uint64_t code, const AffineScale& scale) {
    return (code > 127 ? static_cast<std::int64_t>(code) - 256 : static_cast<std::int64_t>(code)) -
           scale.zero_point;
  }
  template <int N, int Fraction>
  static double step_of(Fixed<N, Fraction>, const Unscaled&) {
    return 1.0 / static_cast<double>(std::int64_t{1} << Fraction);
  }
  static double step_of(Int8Affine, const AffineScale& scale) {
    return static_cast<double>(scale.scale);
  }
  template <class T>
  static double step_of(T, const GammaScale<1>& scale) {
    return static_cast<double>(scale.gamma(0));
  }

  static std::int64_t level(std::uint64_t code, const typename F::Scale& scale) {
    return level_of(Element{}, code, scale);
  }
  static double step(const typename F::Scale& scale) { return step_of(Element{}, scale); }
};

// -- writing codes into memory the way faults do

template <Format F>
void write_code(MemoryImage& memory, std::uint64_t element, std::uint64_t code) {
  for (int bit = 0; bit < F::width; ++bit) {
    const std::uint64_t at = memory.bit_index(element, bit);
    if (memory.test(at) != (((code >> bit) & 1U) != 0)) {
      memory.flip(at);
    }
  }
}

enum class Codes { random, lowest, highest, mixed_extremes };

template <Format F>
std::uint64_t draw_code(Values& draw, Codes kind) {
  const std::uint64_t mask = low_mask<std::uint64_t>(F::width);
  constexpr bool is_signed = !std::is_same_v<typename F::Scale, GammaScale<1>>;
  // two's complement has its extremes at 100..0 and 011..1, signs at 00..0 and 11..1
  const std::uint64_t lowest = is_signed ? std::uint64_t{1} << (F::width - 1) : 0;
  const std::uint64_t highest = mask ^ lowest;
  switch (kind) {
    case Codes::lowest:
      return lowest;
    case Codes::highest:
      return highest;
    case Codes::mixed_extremes:
      // near the lowest mostly, so that sums grow; odd differences, so that rounding shows
      return draw.below(4) == 0 ? (lowest ^ 1U) : lowest;
    default:
      return draw.word() & mask;
  }
}

template <Format F>
typename F::Scale some_scale() {
  if constexpr (std::is_same_v<typename F::Scale, AffineScale>) {
    return AffineScale{0.037F, -128};  // the zero point at its end: levels up to 255
  } else if constexpr (std::is_same_v<typename F::Scale, GammaScale<1>>) {
    return GammaScale<1>{{Gamma::from_bits(0x9D)}};
  } else {
    return {};
  }
}

// Products of a layer of `depth` inputs, 3 outputs and 2 rows against sums in 128 bits.
// Returns the outputs that differ in any bit.
template <Format W, Format A>
std::size_t wrong_products(std::size_t depth, Codes kind, bool flip_zero_point = false) {
  const std::size_t out = 3;
  Values draw(static_cast<std::uint32_t>(depth));
  // real weights decide the scale; the codes are overwritten
  Dense<W, A, Fixed<32, 16>> dense(draw.uniform({out, depth}, -1, 1), Tensor({out}));
  dense.set_input_scale(some_scale<A>());
  std::vector<std::uint64_t> weights;
  auto& image = dynamic_cast<Memory<W>&>(*dense.images()[0].image);
  for (std::size_t i = 0; i < out * depth; ++i) {
    weights.push_back(draw_code<W>(draw, kind));
    write_code<W>(image, i, weights.back());
  }
  if (flip_zero_point) {  // the uppermost bits of an image are those of its scale
    image.flip(image.layout().bit_count() - 1);
    image.flip(image.layout().bit_count() - 3);
  }
  dense.refresh();

  std::vector<std::vector<std::uint64_t>> activations(2);
  for (auto& row : activations) {
    for (std::size_t k = 0; k < depth; ++k) {
      row.push_back(draw_code<A>(draw, kind));
    }
  }
  const ActivationHook hook = [&](std::size_t, std::uint64_t picture, MemoryImage& memory) {
    for (std::size_t k = 0; k < depth; ++k) {
      write_code<A>(memory, k, activations[picture][k]);
    }
  };
  Pass pass;
  pass.hook = &hook;
  const Tensor y = forward(dense, Tensor({2, depth}), pass);

  std::size_t wrong = 0;
  const auto w_scale = image.scales()[0];
  const auto a_scale = some_scale<A>();
  for (std::size_t i = 0; i < y.size(); ++i) {
    Int128 sum = 0;
    for (std::size_t k = 0; k < depth; ++k) {
      sum += Int128{Meaning<W>::level(weights[i % out * depth + k], w_scale)} *
             Meaning<A>::level(activations[i / out][k], a_scale);
    }
    // The sum is rounded to float, where it needs more than 24 bits, and scaled by a factor that is
    // rounded to float. The bias is zero.
    const float right = static_cast<float>(sum) *
                        static_cast<float>(Meaning<W>::step(w_scale) * Meaning<A>::step(a_scale));
    wrong += y[i] == right ? 0U : 1U;
  }
  return wrong;
}

}  // namespace

TEST_CASE_TEMPLATE("level products: are exact integers, scaled once", P, FormatPair<Binary, Binary>,
                   FormatPair<Mono<5>, Mono<8>>, FormatPair<Mono<16>, Mono<16>>,
                   FormatPair<Int8Affine, Int8Affine>, FormatPair<Int8Affine, Mono<8>>,
                   FormatPair<Fixed<8, 6>, Fixed<8, 6>>, FormatPair<Fixed<5, 4>, Fixed<16, 8>>,
                   FormatPair<Binary, Fixed<16, 8>>, FormatPair<Fixed<16, 8>, Fixed<16, 8>>,
                   FormatPair<Fixed<32, 16>, Fixed<8, 6>>, FormatPair<Fixed<32, 16>, Fixed<16, 8>>,
                   FormatPair<Fixed<32, 31>, Fixed<32, 0>>) {
  using W = typename P::W;
  using A = typename P::A;
  for (const Codes kind : {Codes::random, Codes::lowest, Codes::highest, Codes::mixed_extremes}) {
    for (const std::size_t depth : {1U, 2U, 3U, 4U, 5U, 7U, 300U}) {  // words, and parts of them
      CHECK(wrong_products<W, A>(depth, kind) == 0);
    }
  }
}

TEST_CASE("level products: stay exact where float sums would have rounded, or bytes wrapped") {
  // 4,095 steps in shorts, 32 in floats
  CHECK(Arithmetic<Fixed<5, 4>, Fixed<16, 8>>::exact_limits.depth < 5000);
  CHECK(wrong_products<Fixed<5, 4>, Fixed<16, 8>>(5000, Codes::mixed_extremes) == 0);
  // 65,793 steps in bytes, 131,071 and 33,025 in shorts
  CHECK(wrong_products<Fixed<8, 6>, Fixed<8, 6>>(5000, Codes::mixed_extremes) == 0);
  CHECK(wrong_products<Fixed<8, 6>, Fixed<8, 6>>(70003, Codes::highest) == 0);
  CHECK(wrong_products<Int8Affine, Int8Affine>(5000, Codes::mixed_extremes) == 0);
  CHECK(wrong_products<Int8Affine, Int8Affine>(140001, Codes::highest) == 0);
  CHECK(wrong_products<Mono<8>, Mono<8>>(300001, Codes::mixed_extremes) == 0);
}

TEST_CASE("level products: weights whose zero point a fault has moved are read as such") {
  for (const Codes kind : {Codes::random, Codes::highest}) {
    CHECK(wrong_products<Int8Affine, Int8Affine>(301, kind, true) == 0);
    CHECK(wrong_products<Int8Affine, Mono<8>>(301, kind, true) == 0);
    CHECK(wrong_products<Int8Affine, Fixed<16, 8>>(301, kind, true) == 0);
  }
}

TEST_CASE("level products: a convolution's are exact as well, across rows, groups and padding") {
  using F = Fixed<8, 0>;  // codes are values
  const WindowGeometry geometry{
      .kernel_height = 3, .kernel_width = 3, .stride = 2, .pad_top = 1, .pad_left = 1, .groups = 2};
  Values draw(1);
  const Tensor kernel = draw.steps({4, 3, 3, 150}, 127, 1.0F);  // 1350 steps
  const Tensor x = draw.steps({2, 6, 5, 300}, 127, 1.0F);
  const Conv2d<F> conv(geometry, kernel, draw.steps({4}, 127, 1.0F));
  const Tensor y = forward(conv, x);
  const Window window(geometry, 6, 5, 300);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t o = i % 4;
    const std::size_t ox = i / 4 % window.output_width();
    const std::size_t oy = i / 4 / window.output_width() % window.output_height();
    const std::size_t b = i / 4 / window.output_pixels();
    auto sum = static_cast<std::int64_t>(conv.bias()[o]);
    for (std::size_t tap = 0; tap < 9; ++tap) {
      const std::size_t iy = 2 * oy + tap / 3 - 1;
      const std::size_t ix = 2 * ox + tap % 3 - 1;
      for (std::size_t c = 0; c < 150 && iy < 6 && ix < 5; ++c) {
        sum += static_cast<std::int64_t>(kernel[(o * 9 + tap) * 150 + c]) *
               static_cast<std::int64_t>(x[((b * 6 + iy) * 5 + ix) * 300 + o / 2 * 150 + c]);
      }
    }
    wrong += y[i] == static_cast<float>(sum) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}
