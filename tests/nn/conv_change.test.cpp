// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "support/changed_picture.hpp"
#include "support/conv_cases.hpp"
#include "support/draws.hpp"
#include "support/layers.hpp"
#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/fixed.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/conv2d.hpp>

namespace upset {
namespace {

constexpr std::size_t change_trials = test::draws(60, 20);

void flip_value(float& value, std::uint64_t bit) {
  value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ (1U << bit));
}

TEST_CASE("conv change: of floats, within the rounding of the sums") {
  test::Values values(1);
  std::array<std::size_t, 2> paths{};  // by differences, as a whole
  std::size_t inexact = 0;
  for (std::size_t n = 0; n < test::conv_cases.size(); ++n) {
    CAPTURE(n);
    const test::ConvCase& at = test::conv_cases[n];
    Conv2d<> conv = test::conv_of<Conv2d<>>(at, values);
    const auto rule = conv.change_rule(at.picture);
    REQUIRE(rule != nullptr);
    const double depth = static_cast<double>(conv.kernel().size() / at.outputs);
    const Tensor like_y = test::forward(conv, Tensor(at.picture.with_batch(1)));
    const Tensor golden_added = values.uniform(like_y.shape(), -1.0F, 1.0F);
    const Tensor added_values = values.uniform(like_y.shape(), -1.0F, 1.0F);
    std::size_t wrong = 0;
    for (std::size_t trial = 0; trial < change_trials; ++trial) {
      const std::size_t most = trial % 3 == 0 ? 0 : trial % 4 == 1 ? 10 : at.picture.size();
      const test::ChangedPicture x(at.picture, values, most);
      const Tensor y = test::forward(conv, x.golden);
      rule->keep(0, x.golden.values(), y.values());
      // bits of fraction and sign: differences are of the size of values
      Tensor now = x.now;
      std::vector<std::uint64_t> bits;
      for (std::size_t flips = values.below(3); flips > 0; --flips) {
        const std::size_t i = values.below(now.size());
        const std::uint64_t bit = values.below(2) == 0 ? 31 : 10 + values.below(13);
        bits.push_back(32 * i + bit);
        flip_value(now[i], bit);
      }
      std::ranges::sort(bits);
      Tensor kernel = conv.kernel();
      Tensor bias = conv.bias();
      const std::size_t hits = trial % 4 == 1 ? 0 : 1 + values.below(3);
      std::vector<std::uint64_t> hit;
      for (std::size_t h = 0; h < hits; ++h) {
        const bool of_bias = values.below(4) == 0;
        Tensor& target = of_bias ? bias : kernel;
        const std::size_t i = values.below(target.size());
        const std::uint64_t bit = values.below(2) == 0 ? 31 : 10 + values.below(13);
        flip_value(target[i], bit);
        conv.images()[of_bias ? 1 : 0].image->flip(32 * i + bit);
      }
      const auto effect = rule->effect();
      REQUIRE(effect.has_value());
      NodeFaults faults;
      faults.activation_bits = bits;
      faults.weights = hits == 0 ? nullptr : &*effect;
      faults.may_decline = true;
      const ChangedInput input = x.changed();
      Change to;
      to.values.assign(y.size(), 55.0F);
      rule->propagate(0, {&input, 1}, y.values(), faults, to);
      ++paths[to.is_declined ? 1 : 0];
      conv.refresh();
      if (to.is_declined) {
        faults.may_decline = false;
        faults.is_refreshed = true;
        rule->propagate(0, {&input, 1}, y.values(), faults, to);
        CHECK(to.is_exact);
      }
      inexact += to.is_exact ? 0U : 1U;
      wrong += to.is_suspect ? 1U : 0U;
      // y is off by (depth + 2) 2^-24 of what it adds up, see `beyond_rounding`. To it are added
      // w dx and dw x', at most as many terms each, of differences that round once more; |dx| <=
      // |x| + |x'|, so their magnitudes are at most those of w x and w x', of w x' and w' x'. Three
      // more roundings join the parts: all in all less than twice (depth + 6) 2^-24 of all three.
      const WindowGeometry& g = at.geometry;
      const test::NaiveConv before = test::naive_conv(x.golden, conv.kernel(), conv.bias(), g);
      const test::NaiveConv between = test::naive_conv(now, conv.kernel(), conv.bias(), g);
      const test::NaiveConv after = test::naive_conv(now, kernel, bias, g);
      const std::vector<float> found = test::value_after(y.values(), to);
      for (std::size_t i = 0; i < found.size(); ++i) {
        const double magnitude = before.magnitudes[i] + between.magnitudes[i] + after.magnitudes[i];
        const double error = std::abs(static_cast<double>(found[i]) - after.values[i]);
        wrong += error <= 2 * (depth + 6) * 0x1p-24 * magnitude ? 0U : 1U;
      }
      conv.encode();
      conv.refresh();
    }
    CHECK(wrong == 0);
  }
  CHECK(std::ranges::min(paths) > 2);  // or one of them goes untested
  CHECK(inexact > 0);
}

TEST_CASE("conv change: what drowns everything before it is suspect") {
  test::Values values(2);
  const test::ConvCase& at = test::conv_cases[1];
  const Conv2d<> conv = test::conv_of<Conv2d<>>(at, values);
  const auto rule = conv.change_rule(at.picture);
  const Tensor x = values.uniform(at.picture.with_batch(1), 0.5F, 1.0F);
  const Tensor y = test::forward(conv, x);
  rule->keep(0, x.values(), y.values());
  Change to;
  to.values.resize(y.size());
  const ChangedInput input{x.values(), nullptr};
  NodeFaults faults;
  for (const std::uint64_t bit : {30U, 22U, 31U}) {
    CAPTURE(bit);
    // the highest bit of the exponent multiplies by 2^128, the others change little
    const std::vector<std::uint64_t> bits{32 * 100 + bit};
    faults.activation_bits = bits;
    rule->propagate(0, {&input, 1}, y.values(), faults, to);
    CHECK(to.is_suspect == (bit == 30));
    CHECK_FALSE(to.is_exact);
    CHECK_FALSE(to.is_none());
  }
  // a weight that has become NaN: no difference says so
  Conv2d<> hit = conv;
  const auto other = hit.change_rule(at.picture);
  for (std::uint64_t bit = 23; bit < 31; ++bit) {
    MemoryImage& kernel = *hit.images()[0].image;
    if (!kernel.test(bit)) {
      kernel.flip(bit);
    }
  }
  CHECK_FALSE(other->effect().has_value());
}

TEST_CASE("conv change: what cancels drowns everything before it as well") {
  // one output, so that no other tells: 0.5 * 0.75 - 0.5 * 0.75 + 0.25 * 0.1
  Conv2d<> conv(WindowGeometry::square(1), Tensor({1, 1, 1, 3}, {0.5F, -0.5F, 0.25F}), Tensor({1}));
  const Shape picture{1, 1, 3};
  const auto rule = conv.change_rule(picture);
  const Tensor x(picture.with_batch(1), {0.75F, 0.75F, 0.1F});
  const Tensor y = test::forward(conv, x);
  rule->keep(0, x.values(), y.values());
  const ChangedInput input{x.values(), nullptr};
  const auto is_suspect = [&](const std::vector<std::uint64_t>& kernel_bits,
                              const std::vector<std::uint64_t>& bits) {
    MemoryImage& kernel = *conv.images()[0].image;
    for (const std::uint64_t bit : kernel_bits) {
      kernel.flip(bit);
    }
    const auto effect = rule->effect();
    for (const std::uint64_t bit : kernel_bits) {
      kernel.flip(bit);
    }
    conv.refresh();
    NodeFaults faults;
    faults.weights = kernel_bits.empty() ? nullptr : &*effect;
    faults.activation_bits = bits;
    Change to;
    to.values.resize(1);
    rule->propagate(0, {&input, 1}, y.values(), faults, to);
    return to.is_suspect;
  };
  // bit 29 takes 2^-64 off a weight, bit 30 multiplies a value by 2^128
  CHECK_FALSE(is_suspect({29}, {}));
  CHECK_FALSE(is_suspect({29}, {22}));
  CHECK(is_suspect({29}, {30}));    // w dx + dw x' = 0.5 2^127.6 - 0.5 2^127.6
  CHECK(is_suspect({}, {30, 62}));  // w dx, twice
  CHECK(is_suspect({30, 62}, {}));  // dw x, twice
  CHECK_FALSE(is_suspect({22, 54}, {}));
}

// Doubles, then adds one that depends on where the value is.
void tail_of(std::size_t first, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 2 * values[i] + static_cast<float>((first + i) % 64);
  }
}

using Short = Fixed<8, 6>;

TEST_CASE("conv change: a tail is applied once to all that either changes") {
  test::Values values(3);
  const BandFunction function = tail_of;
  std::array<std::size_t, 3> seen{};  // nothing, some rows, as a whole
  for (const test::ConvCase& at : test::conv_cases) {
    Conv2d<Short> conv = test::conv_of<Conv2d<Short>>(at, values);
    const auto rule = conv.change_rule(at.picture);
    const Tensor like_y = test::forward(conv, Tensor(at.picture.with_batch(1)));
    const Tensor golden_added = values.uniform(like_y.shape(), -1.0F, 1.0F);
    const Tensor added_values = values.uniform(like_y.shape(), -1.0F, 1.0F);
    std::size_t wrong = 0;
    for (std::size_t trial = 0; trial < change_trials; ++trial) {
      const std::size_t most = trial % 3 == 0 ? 0 : trial % 5 == 0 ? at.picture.size() : 6;
      const test::ChangedPicture x(at.picture, values, most);
      const Tensor y = test::forward(conv, x.golden);
      rule->keep(0, x.golden.values(), y.values());
      if (trial % 2 == 0) {  // one weight, or a few
        for (std::size_t hits = 1 + trial % 3; hits > 0; --hits) {
          conv.images()[0].image->flip(values.below(8 * conv.kernel().size()));
        }
      }
      const auto effect = rule->effect();
      conv.refresh();
      NodeFaults faults;
      faults.weights = effect->weights.empty() ? nullptr : &*effect;
      faults.is_refreshed = true;
      // what the tail changes by itself, if it does
      Tail tail{.function = trial % 7 < 4 ? &function : nullptr, .begin = y.size()};
      Change of_added;
      of_added.values.assign(added_values.values().begin(), added_values.values().end());
      if (trial % 4 < 2) {
        tail.begin = of_added.begin = values.below(y.size());
        tail.end = of_added.end = tail.begin + 1 + values.below(y.size() - tail.begin);
      }
      const ChangedInput added{golden_added.values(), &of_added};
      tail.added = trial % 3 == 0 ? nullptr : &added;
      tail.least = trial % 5 < 2 ? 0.0F : no_least;
      if (tail.is_none()) {
        tail.begin = y.size();
        tail.end = 0;
      }
      const auto apply = [&](Tensor& all, bool is_golden) {
        for (std::size_t i = 0; i < all.size(); ++i) {
          if (tail.added != nullptr) {  // 0 would turn -0 into 0
            all[i] += is_golden ? golden_added[i] : added.value(i);
          }
          all[i] = all[i] < tail.least ? tail.least : all[i];
        }
        if (tail.function != nullptr) {
          tail_of(0, all.values());
        }
      };
      const ChangedInput input = x.changed();
      Change to;
      to.values.assign(y.size(), 55.0F);
      rule->propagate(0, {&input, 1}, y.values(), faults, tail, to);
      Tensor expected = test::forward(conv, x.now);
      const bool changes = test::different_bits(expected, y) > 0;
      apply(expected, false);
      ++seen[to.is_none() ? 0 : to.end - to.begin < y.size() ? 1 : 2];
      if (to.is_none()) {  // the tail was not applied
        wrong += changes ? 1U : 0U;
      } else {
        Tensor golden = y;
        apply(golden, true);
        wrong += test::different_bits(test::value_after(golden.values(), to), expected.values());
        wrong += tail.begin >= tail.end || (to.begin <= tail.begin && tail.end <= to.end) ? 0U : 1U;
      }
      conv.encode();
      conv.refresh();
    }
    CHECK(wrong == 0);
  }
  CHECK(std::ranges::min(seen) > 2);
}

TEST_CASE_TEMPLATE("conv change: one weight changes one channel, which the next layer reads alone",
                   F, Fixed<8, 6>, Fixed<9, 7>, Float32) {
  test::Values values(5);
  const BandFunction function = [](std::size_t, std::span<float> x) { ReLU{}.apply(x); };
  const ChannelFunction of_channel = [&](std::size_t, std::span<float> x) { function(0, x); };
  std::array<std::size_t, 3> seen{};  // nothing, a channel, by a tail that may mix channels
  for (const test::ConvCase& at : test::conv_cases) {
    Conv2d<F> conv = test::conv_of<Conv2d<F>>(at, values);
    const auto rule = conv.change_rule(at.picture);
    const Tensor x = values.uniform(at.picture.with_batch(1), -1.0F, 1.0F);
    const Tensor sums = test::forward(conv, x);
    const Tensor y = test::forward(ReLU{}, sums);
    const Shape picture{y.shape()[1], y.shape()[2], y.shape()[3]};
    const WindowGeometry window =
        picture[1] < 3 ? WindowGeometry::square(1) : WindowGeometry::square(3, 2, 1);
    const test::ConvCase next{window, picture, 20};
    const Conv2d<F> reader = test::conv_of<Conv2d<F>>(next, values);
    const auto reading = reader.change_rule(picture);
    const Tensor z = test::forward(reader, y);
    rule->keep(0, x.values(), sums.values());
    reading->keep(0, y.values(), z.values());
    std::size_t wrong = 0;
    for (std::size_t trial = 0; trial < change_trials; ++trial) {
      MemoryImage& image = *conv.images()[trial % 4 == 3 ? 1 : 0].image;  // kernel or bias
      constexpr bool is_real = std::is_same_v<F, Float32>;  // of which fractions are flipped
      image.flip(is_real ? 32 * values.below(image.layout().elements) + values.below(23)
                         : values.below(image.layout().code_bits()));
      const auto effect = rule->effect();
      NodeFaults faults;
      faults.weights = &*effect;
      const ChangedInput input{x.values(), nullptr};
      const Tail tail{.function = &function,
                      .begin = y.size(),
                      .golden = y.values(),
                      .of_channel = trial % 3 == 0 ? nullptr : &of_channel};
      Change to;
      to.values.assign(y.size(), 55.0F);
      rule->propagate(0, {&input, 1}, sums.values(), faults, tail, to);
      conv.refresh();
      const Tensor now = test::forward(ReLU{}, test::forward(conv, x));
      ++seen[to.is_none() ? 0 : to.channel ? 1 : 2];
      CHECK((to.channel.has_value() || tail.of_channel == nullptr || effect->weights.empty()));
      if constexpr (!is_real) {
        wrong += test::different_bits(test::value_after(y.values(), to), now.values());
        if (to.channel) {
          for (std::size_t pixel = 0; pixel < to.channel_values.size(); ++pixel) {
            const std::size_t i = pixel * at.outputs + *to.channel;
            wrong += to.channel_values[pixel] == now[i] ? 0U : 1U;
          }
        }
        const ChangedInput changed{y.values(), &to};
        Change last;
        last.values.assign(z.size(), 55.0F);
        reading->propagate(0, {&changed, 1}, z.values(), {}, last);
        wrong += test::different_bits(test::value_after(z.values(), last),
                                      test::forward(reader, now).values());
      } else {
        const auto found = test::value_after(y.values(), to);
        for (std::size_t i = 0; i < found.size(); ++i) {
          wrong += std::abs(found[i] - now[i]) <= 1e-5F ? 0U : 1U;
        }
      }
      conv.encode();
      conv.refresh();
    }
    CHECK(wrong == 0);
  }
  CHECK(std::ranges::min(seen) > 2);
}

TEST_CASE("conv change: sums of levels that no longer fit 32 bits") {
  // products of almost 2^26, of which the 64 of a pixel add up to 2^32
  using Conv = Conv2d<Fixed<14, 12>>;
  const Conv conv(WindowGeometry::square(3, 1, 1), Tensor({64, 3, 3, 64}, 1.99F), Tensor({64}));
  const Shape picture{16, 16, 64};
  const auto rule = conv.change_rule(picture);
  const Tensor x(picture.with_batch(1));
  const Tensor y = test::forward(conv, x);
  rule->keep(0, x.values(), y.values());
  Tensor now = x;
  Change change;
  change.begin = 40 * 64;
  change.end = 41 * 64;
  change.values.resize(x.size());
  for (std::size_t i = change.begin; i < change.end; ++i) {
    now[i] = change.values[i] = 1.99F;
  }
  const ChangedInput input{x.values(), &change};
  Change to;
  to.values.resize(y.size());
  rule->propagate(0, {&input, 1}, y.values(), {}, to);
  CHECK(test::different_bits(test::value_after(y.values(), to),
                             test::forward(conv, now).values()) == 0);
}

TEST_CASE("conv change: nothing but a flag is left of what was declined") {
  test::Values values(4);
  const test::ConvCase& at = test::conv_cases[1];
  using Conv = Conv2d<Fixed<12, 10>>;  // of bytes, all differences take less than the layer
  const Conv conv = test::conv_of<Conv>(at, values);
  const auto rule = conv.change_rule(at.picture);
  const Tensor x = values.uniform(at.picture.with_batch(1), -1.0F, 1.0F);
  const Tensor y = test::forward(conv, x);
  rule->keep(0, x.values(), y.values());
  Change all;
  all.end = x.size();
  for (const float value : x.values()) {
    all.values.push_back(value + 0.5F);
  }
  const ChangedInput input{x.values(), &all};
  NodeFaults faults;
  Change to;
  to.values.assign(y.size(), 55.0F);
  rule->propagate(0, {&input, 1}, y.values(), faults, to);
  CHECK_FALSE(to.is_declined);
  faults.may_decline = true;
  to.values.assign(y.size(), 55.0F);
  rule->propagate(0, {&input, 1}, y.values(), faults, to);
  CHECK(to.is_declined);
  CHECK(std::ranges::count(to.values, 55.0F) == static_cast<std::ptrdiff_t>(y.size()));
}

}  // namespace
}  // namespace upset
