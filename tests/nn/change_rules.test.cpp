// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/changed_picture.hpp"
#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/change_rules.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/subsample.hpp>

namespace upset {
namespace {

using Input = test::ChangedPicture;

// Bits in which what the rule says differs from `forward` of the changed inputs.
template <class L>
[[nodiscard]] std::size_t wrong_values(const L& layer, ChangeRule& rule,
                                       const std::vector<Input>& inputs) {
  std::vector<Tensor> golden;
  std::vector<Tensor> now;
  std::vector<ChangedInput> changed;
  for (const Input& input : inputs) {
    golden.push_back(input.golden);
    now.push_back(input.now);
    changed.push_back(input.changed());
  }
  const Tensor y = test::forward(layer, golden);
  Change to;
  to.values.assign(y.size(), 55.0F);
  rule.propagate(0, changed, y.values(), NodeFaults{}, to);
  const std::vector<float> found = test::value_after(y.values(), to);
  return test::different_bits(found, test::forward(layer, now).values()) +
         (to.is_exact && !to.is_suspect ? 0U : 1U);
}

TEST_CASE("value change: a function of each value") {
  test::Values values(1);
  const ReLU relu;
  ValueChange rule([&](std::span<float> x) { relu.apply(x); }, 1);
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 50; ++trial) {
    wrong += wrong_values(relu, rule, {Input({5, 4, 3}, values)});
  }
  CHECK(wrong == 0);
}

TEST_CASE("value change: computes the stretch that changed, and no more") {
  std::size_t count = 0;
  const auto counting = [&](std::span<float> x) { count += x.size(); };
  ValueChange rule(counting, 1);
  const std::vector<float> golden(9, 1.0F);
  Change change;
  change.values.assign(9, 2.0F);
  change.begin = 3;
  change.end = 7;
  const ChangedInput input{golden, &change};
  Change to;
  to.values.assign(9, 0.0F);
  rule.propagate(0, {&input, 1}, golden, {}, to);
  CHECK(count == 4);
  CHECK(to.begin == 3);
  CHECK(to.end == 7);

  ValueChange of_pixels(counting, 3);
  of_pixels.propagate(0, {&input, 1}, golden, {}, to);
  CHECK(count == 4 + 6);
  CHECK(to.begin == 3);
  CHECK(to.end == 9);
  CHECK(to.values[8] == 1.0F);  // fault-free, and of a pixel that changed
}

TEST_CASE("sum change: stretches that overlap, lie apart or are missing") {
  test::Values values(2);
  SumChange rule;
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 200; ++trial) {
    std::vector<Input> inputs;
    const std::size_t count = 2 + trial % 2;
    const std::size_t without = trial % 5;  // which one does not change, if any
    for (std::size_t n = 0; n < count; ++n) {
      inputs.emplace_back(Shape{3, 4, 2}, values, n == without ? 0 : 24);
    }
    wrong += wrong_values(Add{}, rule, inputs);
  }
  CHECK(wrong == 0);
}

TEST_CASE("value change: batch norm of the pixels that changed") {
  test::Values values(3);
  for (const std::size_t channels : {1U, 3U, 16U}) {
    const BatchNorm<> norm(values.uniform({channels}, 0.5F, 2.0F),
                           values.uniform({channels}, -1, 1), values.uniform({channels}, -1, 1),
                           values.uniform({channels}, 0.5F, 2.0F));
    ValueChange rule([&](std::span<float> x) { norm.apply(x); }, channels);
    std::size_t wrong = 0;
    for (std::size_t trial = 0; trial < 50; ++trial) {
      wrong += wrong_values(norm, rule, {Input({5, 4, channels}, values)});
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("whole change: any layer, of one input or several") {
  test::Values values(4);
  const MaxPool pool(2);
  WholeChange<MaxPool> pool_rule(pool, {Shape{6, 4, 3}});
  const Concatenate join;
  WholeChange<Concatenate> join_rule(join, {Shape{3, 2, 3}, Shape{3, 2, 1}});
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 20; ++trial) {
    wrong += wrong_values(pool, pool_rule, {Input({6, 4, 3}, values)});
    wrong +=
        wrong_values(join, join_rule,
                     {Input({3, 2, 3}, values), Input({3, 2, 1}, values, trial % 2 == 0 ? 0 : 6)});
  }
  CHECK(wrong == 0);
}

TEST_CASE("global average change: stretches of any beginning and end, in whole pixels or not") {
  test::Values values(5);
  const GlobalAveragePool pool;
  const auto rule = GlobalAveragePool::change_rule({6, 4, 5});
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 50; ++trial) {
    wrong += wrong_values(pool, *rule, {Input({6, 4, 5}, values, trial)});
  }
  CHECK(wrong == 0);
}

TEST_CASE("subsample change: stretches of any beginning and end, in whole pixels or not") {
  test::Values values(6);
  std::size_t wrong = 0;
  for (const std::size_t stride : {1U, 2U, 3U}) {
    const Subsample layer(stride, 2, 1);
    const auto rule = layer.change_rule({5, 6, 3});
    for (std::size_t trial = 0; trial < 50; ++trial) {
      wrong += wrong_values(layer, *rule, {Input({5, 6, 3}, values, trial)});
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("subsample change: what lies between the rows taken changes nothing") {
  test::Values values(7);
  const auto rule = Subsample(2, 0, 0).change_rule({4, 2, 1});
  const Tensor golden = values.uniform({1, 4, 2, 1}, -1, 1);
  Change change;
  change.values.assign(golden.size(), 7.0F);
  change.begin = 2;
  change.end = 4;
  const ChangedInput input{golden.values(), &change};
  const std::vector<float> y{golden[0], golden[4]};
  Change to;
  to.values.resize(2);
  rule->propagate(0, {&input, 1}, y, NodeFaults{}, to);
  CHECK(to.is_none());
}

TEST_CASE("whole change: bits flipped in what the layer reads") {
  test::Values values(5);
  const Conv2d<> conv(WindowGeometry::square(3, 1, 1), values.uniform({4, 3, 3, 2}, -1, 1),
                      values.uniform({4}, -1, 1));
  WholeChange<Conv2d<>> rule(conv, {Shape{4, 5, 2}});
  const Input input({4, 5, 2}, values);
  const std::vector<std::uint64_t> bits{31, 7 * 32 + 20, 39 * 32 + 22};
  Tensor flipped = input.now;
  for (const std::uint64_t bit : bits) {
    float& value = flipped[bit / 32];
    value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ (1U << (bit % 32)));
  }
  const Tensor y = test::forward(conv, input.golden);
  const ChangedInput changed = input.changed();
  Change to;
  to.values.assign(y.size(), 55.0F);
  NodeFaults faults;
  faults.activation_bits = bits;
  rule.propagate(0, {&changed, 1}, y.values(), faults, to);
  const std::vector<float> found = test::value_after(y.values(), to);
  CHECK(test::different_bits(found, test::forward(conv, flipped).values()) == 0);
  CHECK(test::different_bits(found, test::forward(conv, input.now).values()) > 0);
}

}  // namespace
}  // namespace upset
