// SPDX-License-Identifier: BSL-1.0
#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/model/lenet5.hpp>

using namespace upset;
using namespace upset::test;

namespace {

std::size_t gradient_parameters(Network& net) {
  std::size_t count = 0;
  for (const Parameter& parameter : net.parameters()) {
    count += parameter.update == Update::gradient ? parameter.value->size() : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("LeNet-5: has the 61,706 parameters of its fully connected form") {
  // 6 (25 + 1) + 16 (150 + 1) + 120 (400 + 1) + 84 (120 + 1) + 10 (84 + 1)
  Network small = lenet5({28, 28, 1}, 10);
  CHECK(gradient_parameters(small) == 61706);
  CHECK(small.output_shape() == Shape{10});
  CHECK(small.nodes()[0].shape == Shape{28, 28, 6});  // padded to 32x32
  Network large = lenet5({32, 32, 3}, 100);
  CHECK(large.nodes()[0].shape == Shape{28, 28, 6});
  CHECK(large.output_shape() == Shape{100});
  CHECK(small.forward(Tensor({2, 28, 28, 1})) == Tensor({2, 10}));  // all weights are zero
}

TEST_CASE("LeNet-5: is made in any format") {
  Network net = lenet5<Mono<8>, Fixed<8, 6>>({28, 28, 1}, 10);
  CHECK(net.images()[0].image->format_name() == "Mono<8>");
  CHECK(net.forward(Tensor({1, 28, 28, 1}, 0.5F)).shape() == Shape{1, 10});
}

TEST_CASE("LeNet-5: its binary form normalises before each inner layer that multiplies") {
  Network net = lenet5_binary({32, 32, 3}, 10);
  CHECK(net.output_shape() == Shape{10});
  for (const Network::Node& node : net.nodes()) {
    if (node.name == "conv2" || node.name == "dense2" || node.name == "dense3") {
      CHECK(net.nodes()[node.inputs[0]].layer.kind() == "BatchNorm");
    }
  }
  CHECK(net.forward(Tensor({2, 32, 32, 3}, 1.0F), {.training = true}).shape() == Shape{2, 10});
}

TEST_CASE("LeNet-5: refuses other pictures") {
  CHECK(error_of([] {
          (void)lenet5({28, 32, 1}, 10);
        }) == "LeNet-5 takes square pictures of 28 or 32 pixels [H, W, C], not [28, 32, 1]");
  CHECK(!error_of([] { (void)lenet5_binary({784}, 10); }).empty());
}
