// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "support/small_networks.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/tails.hpp>
#include <upset/nn/batch_norm.hpp>

namespace upset {
namespace {

// A rule that takes a tail, or does not.
class Stub final : public ChangeRule {
 public:
  explicit Stub(bool takes) : takes_(takes) {}
  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> /*inputs*/,
                 std::span<const float> /*y*/, const NodeFaults& /*faults*/,
                 Change& /*to*/) override {}
  [[nodiscard]] bool takes_tail() const override { return takes_; }

 private:
  bool takes_;
};

[[nodiscard]] std::vector<std::unique_ptr<ChangeRule>> stubs(const Network& network) {
  std::vector<std::unique_ptr<ChangeRule>> rules;
  for (const Network::Node& node : network.nodes()) {
    rules.push_back(node.layer.kind() == "MaxPool"
                        ? nullptr
                        : std::make_unique<Stub>(node.layer.kind() == "Conv2d"));
  }
  return rules;
}

TEST_CASE("tails: as far as each node alone reads the one before") {
  test::Values values(1);
  const Network network = test::small_residual<Float32>(values);
  const auto rules = stubs(network);
  const detail::Jumps jumps(network);
  const detail::Tails tails(network, rules, jumps);
  const auto nodes = network.nodes();
  for (std::size_t n = 0; n < network.size(); ++n) {
    CAPTURE(nodes[n].name);
    // conv1 and relu1; conv2 and relu2; conv3, add3 and relu3; conv4 and relu4, whose sum reads
    // conv5, which comes later; conv5 and add5, before a pool
    const std::string expected = n == 0   ? "relu1"
                                 : n == 2 ? "relu2"
                                 : n == 4 ? "relu3"
                                 : n == 7 ? "relu4"
                                 : n == 9 ? "add5"
                                          : nodes[n].name;
    CHECK(nodes[tails.end(n)].name == expected);
  }
}

TEST_CASE("tails: a value that is read twice ends a tail, and so does a sum with itself") {
  Network network({4, 4, 2});
  const WindowGeometry window = WindowGeometry::square(1);
  const std::size_t conv = network.add("conv", Conv2d<>::zeros(2, 2, window));
  network.add("relu", ReLU{});
  network.add("add", Add{}, {1, conv});
  const std::size_t other = network.add("other", Conv2d<>::zeros(2, 2, window));
  network.add("twice", Add{}, {other, other});
  const std::size_t last = network.add("last", Conv2d<>::zeros(2, 2, window));
  network.add("image", Add{}, {Network::input, last});
  const auto rules = stubs(network);
  const detail::Jumps jumps(network);
  const detail::Tails tails(network, rules, jumps);
  CHECK(tails.end(conv) == conv);
  CHECK(tails.end(other) == other);
  CHECK(tails.end(last) == last + 1);  // the input of the network is there before all nodes
}

TEST_CASE("tails: applied to any band they give what the nodes give") {
  test::Values values(2);
  const Network network = test::small_residual<Float32>(values);
  const auto rules = stubs(network);
  const detail::Jumps jumps(network);
  detail::Tails tails(network, rules, jumps);
  constexpr std::size_t conv3 = 4;  // add3 with relu1, then relu3
  const std::size_t size = network.nodes()[conv3].shape.size();
  const Tensor golden = values.uniform({size}, -1.0F, 1.0F);
  for (std::size_t trial = 0; trial < 20; ++trial) {
    Change change;
    change.values.assign(size, 99.0F);
    change.begin = trial == 0 ? 0 : values.below(size);
    change.end = trial == 0 ? 0 : change.begin + 1 + values.below(size - change.begin);
    change.is_exact = trial % 2 == 0;
    change.is_suspect = trial % 3 == 0;
    std::vector<float> shortcut(golden.values().begin(), golden.values().end());
    for (std::size_t i = change.begin; i < change.end; ++i) {
      change.values[i] = shortcut[i] = values.uniform(-3.0F, 3.0F);
    }
    std::vector<std::size_t> asked;
    const Tail tail = tails.prepare(conv3, [&](std::size_t node) {
      asked.push_back(node);
      return ChangedInput{golden.values(), &change};
    });
    CHECK(asked == std::vector<std::size_t>{1});
    if (change.is_none()) {
      CHECK(tail.begin >= tail.end);
    } else {
      // whole pixels, which batch norms need
      const std::size_t channels = network.nodes()[conv3].shape[2];
      CHECK(tail.begin == change.begin / channels * channels);
      CHECK(tail.end == (change.end + channels - 1) / channels * channels);
    }
    const Tensor x = values.uniform({size}, -1.0F, 1.0F);
    const std::size_t first = values.below(size);
    std::vector<float> band(
        x.values().begin() + static_cast<std::ptrdiff_t>(first),
        x.values().begin() + static_cast<std::ptrdiff_t>(first + 1 + values.below(size - first)));
    tail.apply(first, band);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < band.size(); ++i) {
      wrong += band[i] == std::max(0.0F, x[first + i] + shortcut[first + i]) ? 0U : 1U;
    }
    CHECK(wrong == 0);
    CHECK((tail.of_channel != nullptr) == change.is_none());  // of other channels it changes some
    if (tail.of_channel != nullptr) {
      const std::size_t channels = network.nodes()[conv3].shape[2];
      const std::size_t channel = values.below(channels);
      std::vector<float> of_channel;
      for (std::size_t i = channel; i < size; i += channels) {
        of_channel.push_back(x[i]);
      }
      (*tail.of_channel)(channel, of_channel);
      for (std::size_t pixel = 0; pixel < of_channel.size(); ++pixel) {
        const std::size_t i = pixel * channels + channel;
        wrong += of_channel[pixel] == std::max(0.0F, x[i] + golden[i]) ? 0U : 1U;
      }
      CHECK(wrong == 0);
    }
    Change to;
    tails.inherit(conv3, to);
    CHECK(to.is_exact == (change.is_none() || change.is_exact));
    CHECK(to.is_suspect == (!change.is_none() && change.is_suspect));
  }
}

TEST_CASE("tails: functions of pixels are not ones of a channel") {
  Network network({4, 4, 2});
  const std::size_t conv = network.add("conv", Conv2d<>::zeros(2, 2, WindowGeometry::square(1)));
  network.add("norm", BatchNorm<>(2));
  network.add("relu", ReLU{});
  const auto rules = stubs(network);
  const detail::Jumps jumps(network);
  detail::Tails tails(network, rules, jumps);
  CHECK(tails.end(conv) == conv + 2);
  const Tail tail = tails.prepare(conv, [](std::size_t) { return ChangedInput{}; });
  CHECK(tail.function != nullptr);
  CHECK(tail.of_channel == nullptr);
}

}  // namespace
}  // namespace upset
