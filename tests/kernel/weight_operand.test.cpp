// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
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
constexpr std::size_t outputs = 38;  // of both groups: a panel and a part of one each
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

  [[nodiscard]] std::vector<float> product() const {
    using Activation = typename WeightOperand<W, A>::Activation;
    std::vector<Activation> x(input_rows * depth + operand_slack);
    input.read(
        [&](std::size_t element, typename A::code_type code, const typename A::Scale& scale) {
          x[element] = Arithmetic<W, A>::activation(code, scale);
        });
    std::vector<float> y(input_rows * outputs);
    for (std::size_t group = 0; group < groups; ++group) {
      operand.multiply(group, x.data(), bases, {offsets, length},
                       y.data() + group * outputs / groups, outputs);
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
                   FormatPair<Float32, Int8Affine>, FormatPair<Int8Affine, Int8Affine>,
                   FormatPair<Int8Affine, Fixed<8, 6>>, FormatPair<Fixed<5, 4>, Fixed<8, 6>>,
                   FormatPair<Fixed<16, 12>, Fixed<16, 8>>, FormatPair<Mono<8>, Mono<5>>,
                   FormatPair<Binary, Binary>, FormatPair<Binary, Mono<16>>,
                   FormatPair<MultiLevelBinary<3>, Mono<8>>,
                   FormatPair<ParityGuarded<Mono<8>, std::uint64_t>, Triplicated<Int8Affine>>) {
  using W = typename P::W;
  using A = typename P::A;
  Multiplication<W, A> subject;
  CHECK(subject.agrees());
  const std::vector<float> golden = subject.product();

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
