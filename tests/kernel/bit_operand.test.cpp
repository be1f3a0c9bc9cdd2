// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/format_pair.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/kernel/bit_operand.hpp>

using namespace upset;
using upset::test::FormatPair;
using upset::test::Values;

namespace {

// Factors of which sums of products are exact in float, so that their order does not matter.
template <class Scale>
Scale coarse_scale(float largest) {
  std::vector<float> gammas;
  for (int i = 0; i < Scale::gammas; ++i) {
    gammas.push_back(largest);
    largest *= 0.375F;
  }
  return Scale::from_gammas(gammas);
}

// One group after the other, of pixels in a row that windows of two pixels slide over.
template <Format W, Format A>
struct Subject {
  std::size_t pixels;
  std::size_t groups;
  std::size_t outputs;   // of all groups
  std::size_t channels;  // of a group
  std::vector<typename W::Scale> scales;
  Memory<W> kernel;
  std::vector<Memory<A>> input;
  std::vector<float> bias;
  BitOperand<W, A> operand;

  Subject(std::size_t group_count, std::size_t group_outputs, std::size_t group_channels,
          bool per_channel, std::size_t pixel_count = 67)  // not whole tiles
      : pixels(pixel_count),
        groups(group_count),
        outputs(group_count * group_outputs),
        channels(group_channels),
        operand(groups, outputs, 2, channels) {
    Values draw(static_cast<std::uint32_t>(channels));
    for (std::size_t o = 0; o < (per_channel ? outputs : 1); ++o) {
      scales.push_back(coarse_scale<typename W::Scale>(o % 2 == 0 ? 2.0F : 0.5F));
    }
    kernel.encode(draw.uniform({outputs * 2 * channels}, -1, 1).values(), scales);
    for (int b = 0; b < 2; ++b) {
      input.push_back(Memory<A>(draw.uniform({pixels * groups * channels}, -2, 2).values(),
                                {coarse_scale<typename A::Scale>(1.5F)}));
    }
    for (std::size_t o = 0; o < outputs; ++o) {
      bias.push_back(0.25F * static_cast<float>(draw.below(100)) - 12.0F);
    }
    build();
  }

  void build() {
    operand.build(kernel);
    operand.set_scales(kernel, input[0].scales()[0], bias);
  }
  void patch() {
    operand.patch(kernel);
    operand.set_scales(kernel, input[0].scales()[0], bias);
  }

  [[nodiscard]] std::vector<float> product() const {
    BitPictures<A> x({.kernel_width = 2, .pad_left = 1, .groups = groups}, 1, pixels,
                     groups * channels, 2);
    x.write(0, input[0]);
    x.write(1, input[1]);
    std::vector<float> y(2 * pixels * outputs, -1);
    for (std::size_t group = 0; group < groups; ++group) {
      operand.multiply(group, x, 2, {y.data() + group * (outputs / groups), outputs});
    }
    std::vector<float> all(y.size());
    operand.multiply(x, 2, all.data(), 0.0F);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      wrong += all[i] == std::max(y[i], 0.0F) ? 0U : 1U;
    }
    CHECK(wrong == 0);
    return y;
  }

  // From decoded values, in double, which is exact.
  [[nodiscard]] std::vector<float> expected() const {
    std::vector<float> weights(kernel.size());
    kernel.decode(weights);
    std::vector<float> y;
    for (const Memory<A>& picture : input) {
      std::vector<float> x(picture.size());
      picture.decode(x);
      for (std::size_t m = 0; m < pixels; ++m) {
        for (std::size_t o = 0; o < outputs; ++o) {
          auto sum = static_cast<double>(bias[o]);
          for (std::size_t tap = 0; tap < 2; ++tap) {
            for (std::size_t c = 0; c < channels && m + tap > 0; ++c) {
              const std::size_t channel = o / (outputs / groups) * channels + c;
              sum += static_cast<double>(weights[(o * 2 + tap) * channels + c]) *
                     static_cast<double>(x[(m + tap - 1) * groups * channels + channel]);
            }
          }
          y.push_back(static_cast<float>(sum));
        }
      }
    }
    return y;
  }
};

}  // namespace

TEST_CASE("is_bit_product: up to four pairs of planes") {
  CHECK(is_bit_product<Binary, Binary>);
  CHECK(is_bit_product<MultiLevelBinary<2>, MultiLevelBinary<2>>);
  CHECK(is_bit_product<ParityGuarded<Binary, std::uint64_t>, MultiLevelBinary<4>>);
  CHECK_FALSE(is_bit_product<MultiLevelBinary<3>, MultiLevelBinary<2>>);
  CHECK_FALSE(is_bit_product<Binary, Mono<8>>);
  CHECK_FALSE(is_bit_product<Float32, Binary>);
}

TEST_CASE_TEMPLATE("BitOperand: multiplies what memory holds, and follows flips in it", P,
                   FormatPair<Binary, Binary>, FormatPair<Binary, MultiLevelBinary<2>>,
                   FormatPair<MultiLevelBinary<3>, Binary>,
                   FormatPair<MultiLevelBinary<2>, MultiLevelBinary<2>>,
                   FormatPair<MultiLevelBinary<1>, MultiLevelBinary<4>>,
                   FormatPair<ParityGuarded<Binary, std::uint64_t>, Triplicated<Binary>>,
                   FormatPair<Secded<MultiLevelBinary<2>, std::uint64_t>, Binary>) {
  using Tested = Subject<typename P::W, typename P::A>;
  std::size_t wrong = 0;
  std::size_t hits = 0;
  for (const std::size_t channels : {1U, 5U, 31U, 32U, 33U, 64U, 150U}) {
    for (const std::size_t outputs : {1U, 8U, 9U, 16U, 35U}) {
      const std::size_t groups = 1 + channels % 3;
      Tested subject(groups, outputs, channels, channels % 2 == 0);
      const std::vector<float> golden = subject.product();
      wrong += test::different_bits(golden, subject.expected());

      // all over the words, some twice, last ones too
      Values draw(static_cast<std::uint32_t>(outputs));
      std::vector<std::uint64_t> bits{0, subject.kernel.layout().code_bits() - 1};
      for (int i = 0; i < 9; ++i) {
        bits.push_back(draw.below(subject.kernel.layout().code_bits()));
      }
      const auto flip_all = [&] {
        subject.kernel.forget_touched();
        for (const std::uint64_t bit : bits) {
          subject.kernel.flip(bit);
        }
        subject.patch();
      };
      flip_all();
      wrong += test::different_bits(subject.product(), subject.expected());
      hits += test::different_bits(subject.product(), golden) == 0 ? 0U : 1U;
      flip_all();
      wrong += test::different_bits(subject.product(), golden);
    }
  }
  CHECK(wrong == 0);
  // guards that correct flips see to it that most do not show
  CHECK(hits >= (is_plain<typename P::W> ? 30U : 0U));
}

TEST_CASE("BitOperand: windows of several blocks, which end within a picture") {
  for (const std::size_t channels : {7U, 200U, 3000U}) {
    const Subject<Binary, Binary> subject(1, 17, channels, true, 331);
    CHECK(test::different_bits(subject.product(), subject.expected()) == 0);
  }
}

TEST_CASE("BitOperand: follows flips of scales") {
  Subject<MultiLevelBinary<2>, Binary> subject(1, 5, 40, true);
  const std::vector<float> golden = subject.product();
  subject.kernel.flip(subject.kernel.layout().code_bits() + 4);
  subject.kernel.flip(subject.kernel.layout().code_bits() + 8 + 5);
  CHECK(subject.kernel.scale_touched());
  subject.build();
  CHECK(test::different_bits(subject.product(), golden) > 0);
  CHECK(test::different_bits(subject.product(), subject.expected()) == 0);
}

TEST_CASE("BitOperand: sums of equal and of opposite signs are as large as they get") {
  for (const float sign : {1.0F, -1.0F}) {
    const std::size_t depth = 70003;
    const Memory<Binary> kernel(std::vector<float>(2 * depth, sign), {GammaScale<1>{}});
    BitOperand<Binary, Binary> operand(1, 2, 1, depth);
    operand.build(kernel);
    operand.set_scales(kernel, {}, std::vector<float>(2));
    BitPictures<Binary> x({}, 1, 1, depth, 1);
    x.write(0, std::vector<float>(depth, 1.0F), {});
    std::vector<float> y(2);
    operand.multiply(0, x, 1, {y.data(), 2});
    CHECK(y[0] == 70003.0F * sign);
    CHECK(y[1] == 70003.0F * sign);
  }
}
