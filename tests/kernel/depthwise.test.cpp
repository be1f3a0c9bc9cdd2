// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "support/format_pair.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/kernel/depthwise.hpp>
#include <upset/kernel/weight_operand.hpp>

using namespace upset;
using upset::test::Values;

namespace {

template <class X, class W>
struct Types {
  using Activation = X;
  using Weight = W;
};

}  // namespace

TEST_CASE_TEMPLATE("DepthwiseMatrix: multiplies each channel with its own weights", T,
                   Types<float, float>, Types<double, double>, Types<std::int16_t, std::int16_t>) {
  using X = typename T::Activation;
  using W = typename T::Weight;
  constexpr std::size_t taps = 3;
  for (const std::size_t channels : {std::size_t{1}, std::size_t{16}, std::size_t{37}}) {
    CAPTURE(channels);
    Values draw(1);
    std::vector<X> x(20 * channels + operand_slack, X{99});
    std::vector<W> weights(taps * channels);
    DepthwiseMatrix<X, W> matrix;
    CHECK(matrix.is_empty());
    matrix.resize(taps, channels);
    CHECK(!matrix.is_empty());
    for (std::size_t i = 0; i < 20 * channels; ++i) {
      x[i] = static_cast<X>(static_cast<int>(draw.below(256)) - 128);
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = static_cast<W>(static_cast<int>(draw.below(128)) - 64);
      matrix.set(i / channels, i % channels, weights[i]);
    }
    const std::vector<std::size_t> offsets{0, channels, 5 * channels};
    std::vector<std::size_t> bases;
    for (std::size_t m = 0; m < 11; ++m) {
      bases.push_back(m * channels);
    }
    std::size_t wrong = 0;
    std::size_t written = 0;
    matrix.multiply(x.data(), bases, offsets,
                    [&](std::size_t first, auto rows, std::size_t column, std::size_t count) {
                      for (std::size_t i = 0; i < rows.size(); ++i) {
                        for (std::size_t c = 0; c < rows[i].size() && c < count; ++c) {
                          double sum = 0;
                          for (std::size_t t = 0; t < taps; ++t) {
                            sum +=
                                static_cast<double>(x[bases[first + i] + offsets[t] + column + c]) *
                                static_cast<double>(weights[t * channels + column + c]);
                          }
                          wrong += static_cast<double>(rows[i][c]) == sum ? 0U : 1U;
                          ++written;
                        }
                      }
                    });
    CHECK(wrong == 0);
    CHECK(written == 11 * channels);
  }
}

TEST_CASE_TEMPLATE("WeightOperand: depthwise products are those of groups, bit for bit", T,
                   UPSET_PRODUCT_PAIRS) {
  using W = typename T::W;
  using A = typename T::A;
  constexpr std::size_t channels = 37;
  WindowGeometry geometry = WindowGeometry::square(3, 2, 1);
  geometry.groups = channels;
  Values draw(1);
  const Tensor weights = draw.uniform({channels, 3, 3, 1}, -1, 1);
  const Tensor x = draw.uniform({2, 7, 6, channels}, -1, 1);
  const Tensor bias = draw.uniform({channels}, -1, 1);
  const typename A::Scale scale = A::fit(x.values());
  PaddedPictures<W, A> pictures(geometry, 7, 6, channels, 2, scale);
  pictures.write(0, x.row(0), scale);
  pictures.write(1, x.row(1), scale);
  Memory<W> kernel(weights.values(), {W::fit(weights.values())});
  WeightOperand<W, A> operand(channels, channels, 9, 1);

  const auto difference = [&](float least = no_least) {
    operand.set_scales(kernel, scale, bias.values());
    const std::size_t size = pictures.bases(2).size() * channels;
    std::vector<float> together(size, std::numeric_limits<float>::quiet_NaN());
    std::vector<float> apart = together;
    operand.multiply(pictures, 2, together.data(), least);
    for (std::size_t group = 0; group < channels; ++group) {
      const AlignedVector<std::size_t> offsets = pictures.window().offsets(group);
      operand.multiply(group, pictures.data(), pictures.bases(2), {offsets, 1},
                       {apart.data() + group, channels});
    }
    for (float& value : apart) {
      value = value < least ? least : value;
    }
    return test::different_bits(together, apart);
  };
  operand.build(kernel);
  CHECK(difference() == 0);
  CHECK(difference(0.0F) == 0);
  for (const std::uint64_t bit : {std::uint64_t{3}, std::uint64_t{100}, std::uint64_t{1000}}) {
    kernel.flip(bit);
  }
  operand.patch(kernel);
  CHECK(difference() == 0);
  for (std::uint64_t bit = kernel.layout().code_bits(); bit < kernel.bit_count(); bit += 5) {
    kernel.flip(bit);  // of the scale: weights of `Int8Affine` get a zero point
  }
  operand.build(kernel);
  CHECK(difference() == 0);
}

TEST_CASE("WeightOperand: depthwise sums of 16-bit products that pass 32 bits are exact too") {
  using F = Fixed<16, 0>;
  WindowGeometry geometry = WindowGeometry::square(3);
  geometry.groups = 2;
  const Tensor weights({2, 3, 3, 1}, -32768.0F);
  const Tensor x({1, 3, 3, 2}, -32768.0F);
  PaddedPictures<F, F> pictures(geometry, 3, 3, 2, 1, {});
  pictures.write(0, x.row(0), {});
  WeightOperand<F, F> operand(2, 2, 9, 1);
  const Memory<F> kernel(weights.values(), {{}});
  operand.build(kernel);
  const std::vector<float> bias(2, 0.0F);
  operand.set_scales(kernel, {}, bias);
  std::vector<float> y(2);
  operand.multiply(pictures, 1, y.data());
  CHECK(y == std::vector<float>{9 * 0x1p30F, 9 * 0x1p30F});
}
