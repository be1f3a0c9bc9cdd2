// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/format_pair.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/kernel/weight_operand.hpp>

using namespace upset;
using upset::test::FormatPair;
using upset::test::Values;

namespace {

constexpr std::size_t groups = 2;
constexpr std::size_t outputs = 102;  // of both groups: three panels and a part of one each
constexpr std::size_t segments = 3;
constexpr std::size_t length = 5;
constexpr std::size_t depth = segments * length;
constexpr std::size_t input_rows = 13;

template <Format W, Format A>
struct Multiplication {
  Memory<W> kernel;
  Memory<A> input;
  std::vector<float> bias;
  std::vector<std::size_t> bases;
  std::vector<std::size_t> offsets;
  WeightOperand<W, A> operand{groups, outputs, segments, length};

  Multiplication() {
    Values draw(1);
    const Tensor weights = draw.uniform({outputs, depth}, -1, 1);
    const Tensor x = draw.uniform({input_rows * depth}, -1, 1);
    kernel.encode(weights.values(), {W::fit(weights.values())});
    input.encode(x.values(), {A::fit(x.values())});
    for (std::size_t o = 0; o < outputs; ++o) {
      bias.push_back(draw.uniform(-1, 1));
    }
    for (std::size_t m = 0; m < input_rows; ++m) {
      bases.push_back(m * depth);
    }
    for (std::size_t s = 0; s < segments; ++s) {
      offsets.push_back(s * length);
    }
    operand.build(kernel);
    operand.set_scales(kernel, input.scales()[0], bias);
  }

  // Of so many rows at a time.
  [[nodiscard]] std::vector<float> product(std::size_t together = input_rows) const {
    using Activation = typename WeightOperand<W, A>::Activation;
    std::vector<Activation> x(input_rows * depth + operand_slack);
    input.read(
        [&](std::size_t element, typename A::code_type code, const typename A::Scale& scale) {
          x[element] = Arithmetic<W, A>::activation(code, scale);
        });
    std::vector<float> y(input_rows * outputs);
    for (std::size_t group = 0; group < groups; ++group) {
      for (std::size_t row = 0; row < input_rows; row += together) {
        operand.multiply(group, x.data(), std::span(bases).subspan(row, together),
                         {offsets, length},
                         {y.data() + row * outputs + group * outputs / groups, outputs});
      }
    }
    return y;
  }

  // From decoded values, in double: exact for levels but for the scales' rounding.
  [[nodiscard]] std::vector<float> expected() const {
    std::vector<float> weights(outputs * depth);
    std::vector<float> x(input_rows * depth);
    kernel.decode(weights);
    input.decode(x);
    std::vector<float> y;
    for (std::size_t m = 0; m < input_rows; ++m) {
      for (std::size_t o = 0; o < outputs; ++o) {
        double sum = static_cast<double>(bias[o]);
        for (std::size_t k = 0; k < depth; ++k) {
          sum +=
              static_cast<double>(weights[o * depth + k]) * static_cast<double>(x[m * depth + k]);
        }
        y.push_back(static_cast<float>(sum));
      }
    }
    return y;
  }

  [[nodiscard]] bool agrees() const {
    const std::vector<float> y = product();
    const std::vector<float> right = expected();
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double difference = static_cast<double>(y[i]) - static_cast<double>(right[i]);
      if (!(difference < 1e-5 && difference > -1e-5)) {
        return false;
      }
    }
    return true;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("WeightOperand: multiplies what memory holds, and follows flips in it", P,
                   FormatPair<Float32, Float32>, FormatPair<BFloat16, Float16>,
                   FormatPair<BFloat16, BFloat16>, FormatPair<Float32, Int8Affine>,
                   FormatPair<Int8Affine, Int8Affine>, FormatPair<Int8Affine, Fixed<8, 6>>,
                   FormatPair<Fixed<5, 4>, Fixed<8, 6>>, FormatPair<Fixed<16, 12>, Fixed<16, 8>>,
                   FormatPair<Mono<8>, Mono<5>>, FormatPair<Binary, Binary>,
                   FormatPair<Binary, Mono<16>>, FormatPair<MultiLevelBinary<3>, Mono<8>>,
                   FormatPair<ParityGuarded<Mono<8>, std::uint64_t>, Triplicated<Int8Affine>>) {
  using W = typename P::W;
  using A = typename P::A;
  Multiplication<W, A> subject;
  CHECK(subject.agrees());
  const std::vector<float> golden = subject.product();
  CHECK(test::different_bits(subject.product(1), golden) == 0);

  const std::vector<std::uint64_t> bits{3, 4, 40, 101, subject.kernel.layout().code_bits() - 1};
  for (const std::uint64_t bit : bits) {
    subject.kernel.flip(bit);
  }
  subject.operand.patch(subject.kernel);
  subject.operand.set_scales(subject.kernel, subject.input.scales()[0], subject.bias);
  const std::vector<float> patched = subject.product();
  Multiplication<W, A> fresh = subject;
  fresh.operand.build(fresh.kernel);
  fresh.operand.set_scales(fresh.kernel, fresh.input.scales()[0], fresh.bias);
  CHECK(test::different_bits(patched, fresh.product()) == 0);

  subject.kernel.forget_touched();
  for (const std::uint64_t bit : bits) {
    subject.kernel.flip(bit);
  }
  subject.operand.patch(subject.kernel);
  subject.operand.set_scales(subject.kernel, subject.input.scales()[0], subject.bias);
  CHECK(test::different_bits(subject.product(), golden) == 0);
}

namespace {

// Dense rows behind which something else stands, K of any length.
struct BFloat16Product {
  using F = BFloat16;
  std::size_t rows, columns, depth;
  std::vector<float> x;  // [rows, depth], then what no product may read
  std::vector<float> w;

  template <class Draw>
  BFloat16Product(std::size_t m, std::size_t n, std::size_t k, Draw draw)
      : rows(m), columns(n), depth(k), x(m * k), w(n * k) {
    for (std::vector<float>* values : {&x, &w}) {
      for (float& value : *values) {
        value = F::decode(F::encode(draw()));
      }
    }
  }

  // In windows of one pixel, each followed by one of NaN. The processor multiplies the numbers as
  // they are, unless some of them are tiny, or it is said so.
  [[nodiscard]] std::vector<float> multiplied(bool holds_tiny = false) const {
    PaddedPictures<F, F> pictures(WindowGeometry{}, rows, 2, depth, 1, {});
    std::vector<float> image(rows * 2 * depth, std::numeric_limits<float>::quiet_NaN());
    for (std::size_t m = 0; m < rows; ++m) {
      std::copy_n(x.data() + m * depth, depth, image.data() + 2 * m * depth);
    }
    pictures.write(0, image, {});
    WeightOperand<F, F> operand(1, columns, 1, depth);
    const Memory<F> kernel(w, {{}});
    operand.build(kernel);
    operand.set_scales(kernel, {}, std::vector<float>(columns, 0.0F));
    std::vector<std::size_t> bases;
    for (std::size_t m = 0; m < rows; ++m) {
      bases.push_back(2 * m * depth);
    }
    const std::size_t offset = 0;
    std::vector<float> y(rows * columns);
    operand.multiply(0, pictures.data(), bases, {{&offset, 1}, depth}, {y.data(), columns},
                     holds_tiny || pictures.holds_tiny(1));
    return y;
  }

  // How many sums are further from the exact ones than K roundings explain.
  [[nodiscard]] std::size_t wrong() const {
    const std::vector<float> y = multiplied();
    std::size_t count = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      double sum = 0;
      double magnitude = 0;
      for (std::size_t k = 0; k < depth; ++k) {
        const double product = static_cast<double>(x[i / columns * depth + k]) *
                               static_cast<double>(w[i % columns * depth + k]);
        sum += product;
        magnitude += std::abs(product);
      }
      const double steps = static_cast<double>(depth) + 1;  // the bias is added too
      const double bound = steps * (0x1p-24 * magnitude + 0x1p-150);
      count += std::abs(static_cast<double>(y[i]) - sum) <= bound ? 0U : 1U;
    }
    return count;
  }
};

}  // namespace

TEST_CASE("WeightOperand: sums of BFloat16 are exact but for rounding, and the processor's own") {
  Values draw(7);
  constexpr std::size_t all_columns[] = {1, 8, 9, 16, 17, 32, 40};
  constexpr std::size_t depths[] = {1, 2, 3, 4, 5, 6, 7, 8, 63, 144, 146};
  for (const std::size_t columns : all_columns) {
    for (const std::size_t depth : depths) {
      CAPTURE(columns);
      CAPTURE(depth);
      const BFloat16Product product(13, columns, depth, [&] { return draw.uniform(-1, 1); });
      CHECK(product.wrong() == 0);
      CHECK(test::different_bits(product.multiplied(), product.multiplied(true)) == 0);
      // numbers on both sides of 2^-56, products and sums on both sides of 2^-126
      for (const float size : {0x1p-53F, 0x1p-62F, 0x1p-120F}) {
        const BFloat16Product small(7, columns, depth, [&] { return draw.uniform(-1, 1) * size; });
        CHECK(small.wrong() == 0);
      }
      // of 2^-56 and more, so that the least sums are normal, and many of them cancel
      const BFloat16Product least(7, columns, depth, [&] {
        return std::ldexp(1 + 0x1p-7F * static_cast<float>(draw.below(128)), -56) *
               static_cast<float>(static_cast<int>(draw.below(3)) - 1);
      });
      CHECK(least.wrong() == 0);
      CHECK(test::different_bits(least.multiplied(), least.multiplied(true)) == 0);
    }
  }
}

TEST_CASE("WeightOperand: infinities and NaN come through sums of BFloat16") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr std::size_t depths[] = {1, 2, 3, 4, 7, 8, 144};
  for (const std::size_t depth : depths) {
    for (std::size_t at = 0; at < depth; ++at) {
      CAPTURE(depth);
      CAPTURE(at);
      BFloat16Product product(3, 17, depth, [] { return 1.0F; });
      const auto expect = [&](float x, float w, float right) {
        BFloat16Product changed = product;
        changed.x[depth + at] = x;  // of the second row
        changed.w[16 * depth + at] = w;
        const std::vector<float> y = changed.multiplied();
        const float sum = y[1 * 17 + 16];
        CHECK((sum == right || (sum != sum && right != right)));
        const float other = y[2 * 17 + 15];
        CHECK(other == static_cast<float>(depth));
      };
      expect(infinity, 2, infinity);
      expect(-infinity, 2, -infinity);
      expect(infinity, -2, -infinity);
      expect(3, infinity, infinity);
      expect(infinity, 0, nan);
      expect(0, infinity, nan);
      expect(nan, 1, nan);
      expect(1, nan, nan);
      expect(0x1p127F, 4, infinity);
      if (depth > 1) {
        product.x[depth + (at + 1) % depth] = -infinity;
        expect(infinity, 1, nan);
        expect(1, 1, -infinity);
      }
    }
  }
}

TEST_CASE("WeightOperand: subnormal numbers are kept in sums of BFloat16") {
  const auto product = [](float x, float w) {
    BFloat16Product ones(2, 3, 5, [] { return 1.0F; });
    ones.x[0] = x;
    ones.w[4] = w;
    for (std::size_t k = 0; k < 5; ++k) {
      ones.w[5 + k] = k == 0 ? 0x1p127F : 0.0F;
    }
    return ones.multiplied();
  };
  for (const float small : {0x1p-127F, 0x1p-133F, -0x1p-130F}) {
    CHECK(product(small, 1)[1] == small * 0x1p127F);
    CHECK(product(1, small)[0] == 4.0F);
    CHECK(product(small, 1)[4] == 0x1p127F);
  }
  // a sum that is subnormal though nothing else is
  BFloat16Product difference(1, 1, 2, [] { return 0x1p-63F; });
  difference.w[1] = -0x1p-63F * (1 - 0x1p-7F);
  CHECK(difference.multiplied()[0] == 0x1p-133F);
}

TEST_CASE("WeightOperand: a fault makes a weight of BFloat16 tiny, and another undoes it") {
  using F = BFloat16;
  std::vector<float> weights(20 * depth, 1.0F);
  std::fill(weights.end() - depth, weights.end(), 0.0F);
  weights.back() = 1.5F;
  const std::vector<float> x(depth, 0x1p100F);
  PaddedPictures<F, F> pictures(WindowGeometry{}, 1, 1, depth, 1, {});
  pictures.write(0, x, {});
  CHECK_FALSE(pictures.holds_tiny(1));
  Memory<F> kernel(weights, {{}});
  WeightOperand<F, F> operand(1, 20, 1, depth);
  operand.build(kernel);
  operand.set_scales(kernel, {}, std::vector<float>(20, 0.0F));
  const auto last_sum = [&] {
    std::vector<float> y(20);
    operand.multiply(pictures, 1, y.data());
    CHECK(y[18] == depth * 0x1p100F);
    return y[19];
  };
  const auto flip_exponent = [&] {
    kernel.forget_touched();
    for (std::uint64_t bit = 7; bit < 14; ++bit) {
      kernel.flip((weights.size() - 1) * 16 + bit);
    }
    operand.patch(kernel);
  };
  CHECK(last_sum() == 1.5F * 0x1p100F);
  flip_exponent();  // 127 becomes 0, of subnormals
  CHECK(last_sum() == 0x1p-127F * 0x1p100F);
  flip_exponent();
  CHECK(last_sum() == 1.5F * 0x1p100F);
}
