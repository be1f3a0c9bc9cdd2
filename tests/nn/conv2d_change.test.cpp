// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "support/changed_picture.hpp"
#include "support/conv_cases.hpp"
#include "support/draws.hpp"
#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/int8_affine.hpp>
#include <upset/format/mono.hpp>
#include <upset/guard/parity_guarded.hpp>
#include <upset/nn/conv2d.hpp>

namespace upset {
namespace {

constexpr std::size_t conv2d_trials = test::draws(60, 12);

// Sites of a word, or of several, that faults hit.
[[nodiscard]] std::vector<std::uint64_t> random_bits(std::uint64_t of, std::size_t count,
                                                     test::Values& values) {
  std::vector<std::uint64_t> bits;
  for (; count > 0; --count) {
    bits.push_back(values.below(of));
  }
  std::ranges::sort(bits);
  return bits;
}

// `forward` of the picture, `bits` of what it is in memory flipped.
template <class Conv>
[[nodiscard]] Tensor plain(const Conv& conv, const Tensor& x,
                           const std::vector<std::uint64_t>& bits) {
  const ActivationHook flip = [&](std::size_t, std::uint64_t, MemoryImage& memory) {
    for (const std::uint64_t bit : bits) {
      memory.flip(bit);
    }
  };
  Pass pass;
  pass.hook = &flip;
  return test::forward(conv, x, pass);
}

TEST_CASE_TEMPLATE("conv2d change: bit for bit what the layer computes", Format, Int8Affine,
                   Mono<5>, ParityGuarded<Int8Affine, std::uint64_t>) {
  using Conv = Conv2d<Format>;
  test::Values values(1);
  std::array<std::size_t, 2> paths{};  // by differences, as a whole
  std::size_t effects = 0;
  std::size_t without_effect = 0;
  for (std::size_t n = 0; n < test::conv_cases.size(); ++n) {
    CAPTURE(n);
    const test::ConvCase& at = test::conv_cases[n];
    Conv conv = test::conv_of<Conv>(at, values);
    const auto rule = conv.change_rule(at.picture);
    REQUIRE(rule != nullptr);
    CHECK(rule->takes_tail());
    std::uint64_t activation_bits = 0;
    const ActivationHook measure = [&](std::size_t, std::uint64_t, MemoryImage& memory) {
      activation_bits = memory.layout().code_bits();
    };
    Pass pass;
    pass.hook = &measure;
    (void)test::forward(conv, Tensor(at.picture.with_batch(1)), pass);
    std::size_t wrong = 0;
    for (std::size_t trial = 0; trial < conv2d_trials; ++trial) {
      // the picture changes, or the weights, or what is read, or all of them
      const bool changes = trial % 3 != 0;
      const std::size_t most = !changes ? 0 : trial % 5 < 2 ? at.picture.size() : 10;
      const test::ChangedPicture x(at.picture, values, most);
      const auto bits = random_bits(activation_bits, values.below(4), values);
      const Tensor y = test::forward(conv, x.golden);
      const std::size_t slot = trial % 2;
      rule->keep(slot, x.golden.values(), y.values());
      std::vector<std::array<std::uint64_t, 2>> hits;  // image, bit
      for (std::size_t hit = trial % 4 == 1 ? 0 : 1 + values.below(3); hit > 0; --hit) {
        const std::size_t image = values.below(4) == 0 ? 1 : 0;
        hits.push_back({image, values.below(conv.images()[image].image->layout().code_bits())});
      }
      const auto flip = [&] {
        for (const auto& [image, bit] : hits) {
          conv.images()[image].image->flip(bit);
        }
      };
      flip();
      const std::optional<WeightEffect> effect = rule->effect();
      REQUIRE(effect.has_value());
      effects += effect->weights.size() + effect->biases.size();
      const ChangedInput input = x.changed();
      NodeFaults faults;
      faults.activation_bits = bits;
      faults.weights = hits.empty() ? nullptr : &*effect;
      faults.may_decline = true;
      Change to;
      to.values.assign(y.size(), 55.0F);
      rule->propagate(slot, {&input, 1}, y.values(), faults, to);  // weights still fault-free
      ++paths[to.is_declined ? 1 : 0];
      conv.refresh();
      if (to.is_declined) {
        faults.may_decline = false;
        faults.is_refreshed = true;
        rule->propagate(slot, {&input, 1}, y.values(), faults, to);
      }
      const Tensor expected = plain(conv, x.now, bits);
      wrong += test::different_bits(test::value_after(y.values(), to), expected.values());
      wrong += to.is_exact && !to.is_suspect && !to.is_declined ? 0U : 1U;
      // without a difference of any kind nothing is computed
      if (!changes && bits.empty() && effect->weights.empty() && effect->biases.empty()) {
        ++without_effect;
        wrong += to.is_none() ? 0U : 1U;
      }
      flip();
      conv.refresh();
    }
    CHECK(wrong == 0);
  }
  CHECK(std::ranges::min(paths) > 2);  // or one of them goes untested
  CHECK(effects > 0);
  CHECK(without_effect > 0);
}

TEST_CASE("conv2d change: a flip of NaN gives one number, whichever NaN it was") {
  const Conv2d<> conv(WindowGeometry::square(1), Tensor({1, 1, 1, 1}, 1.0F), Tensor({1}));
  const auto rule = conv.change_rule({1, 1, 1});
  const Tensor x({1, 1, 1, 1}, 0.25F);
  const Tensor y = test::forward(conv, x);
  rule->keep(0, x.values(), y.values());
  const std::vector<std::uint64_t> bits{30};
  for (const float sign : {1.0F, -1.0F}) {
    const float nan = std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
    CHECK(plain(conv, Tensor({1, 1, 1, 1}, nan), bits)[0] == 1.5F);
    Change change;
    change.values.assign(1, nan);
    change.end = 1;
    const ChangedInput input{x.values(), &change};
    NodeFaults faults;
    faults.activation_bits = bits;
    Change to;
    to.values.resize(1);
    rule->propagate(0, {&input, 1}, y.values(), faults, to);
    CHECK(to.values[0] == 1.5F);
  }
}

TEST_CASE("conv2d change: the effect of flips is that on the levels") {
  test::Values values(2);
  using Conv = Conv2d<Int8Affine>;
  Conv conv = test::conv_of<Conv>(test::conv_cases[1], values);
  const auto rule = conv.change_rule(test::conv_cases[1].picture);
  const std::size_t depth = 9 * 6;
  MemoryImage& kernel = *conv.images()[0].image;
  CHECK(rule->effect()->weights.empty());
  for (const int bit : {0, 3, 7}) {
    const std::size_t element = 4 * depth + 31;
    const std::uint64_t at = kernel.bit_index(element, bit);
    kernel.flip(at);
    const auto effect = rule->effect();
    REQUIRE(effect->weights.size() == 1);
    CHECK(effect->weights[0].output == 4);
    CHECK(effect->weights[0].k == 31);
    // levels are codes less a zero point: bit i is worth 2^i, the top one of two's complement -2^7
    const float worth = std::ldexp(kernel.test(at) ? 1.0F : -1.0F, bit);
    CHECK(effect->weights[0].difference == (bit == 7 ? -worth : worth));
    CHECK(effect->biases.empty());
    kernel.flip(at);
    conv.refresh();
  }
  MemoryImage& bias = *conv.images()[1].image;
  bias.flip(bias.bit_index(7, 20));
  std::vector<float> biases(17);
  bias.decode(biases);
  const auto effect = rule->effect();
  REQUIRE(effect->biases.size() == 1);
  CHECK(effect->biases[0].output == 7);
  CHECK(effect->biases[0].value == biases[7]);
  CHECK(effect->weights.empty());
}

TEST_CASE("conv2d change: no effect is known once a scale was hit") {
  test::Values values(3);
  using Conv = Conv2d<Int8Affine>;
  std::size_t with_scales = 0;
  Conv conv = test::conv_of<Conv>(test::conv_cases[0], values);
  const auto rule = conv.change_rule(test::conv_cases[0].picture);
  for (const NamedImage& named : conv.images()) {
    CAPTURE(named.name);
    const ImageLayout layout = named.image->layout();
    if (layout.bit_count() == layout.code_bits()) {
      continue;
    }
    ++with_scales;
    named.image->flip(layout.code_bits());
    CHECK_FALSE(rule->effect().has_value());
    named.image->flip(layout.code_bits());
    conv.refresh();
    CHECK(rule->effect().has_value());
  }
  CHECK(with_scales >= 2);  // of the kernel and of the input
}

TEST_CASE("conv2d change: groups and dilations are left to the layer") {
  const auto rule_of = [](const WindowGeometry& g) {
    return Conv2d<Int8Affine>::zeros(4, 4, g).change_rule({6, 6, 4});
  };
  CHECK(rule_of({.kernel_height = 2, .kernel_width = 2}) != nullptr);
  CHECK(rule_of({.kernel_height = 2, .kernel_width = 2, .groups = 2}) == nullptr);
  CHECK(rule_of({.kernel_height = 2, .kernel_width = 2, .dilation = 2}) == nullptr);
  CHECK(rule_of({.kernel_height = 2, .kernel_width = 2, .input_dilation = 2}) == nullptr);
}

}  // namespace
}  // namespace upset
