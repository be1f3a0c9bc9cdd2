// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string_view>

#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/activation.hpp>
#include <upset/pass/convert.hpp>

using namespace upset;

namespace {

Network real_network() {
  Tensor kernel({2, 3, 3, 1});
  Tensor weight({3, 32});
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    kernel[i] = static_cast<float>(i % 7) / 8 - 0.375F;
  }
  for (std::size_t i = 0; i < weight.size(); ++i) {
    weight[i] = static_cast<float>(i % 11) / 16 - 0.3125F;
  }
  Network net({4, 4, 1});
  net.add("conv", Conv2d<>(WindowGeometry::square(3, 1, 1), kernel, Tensor({2}, 0.25F)));
  net.add("relu", ReLU{});
  net.add("dense", Dense<>(weight, Tensor({3}, -0.5F)));
  return net;
}

Tensor picture() {
  Tensor x({1, 4, 4, 1});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i % 5) / 4;
  }
  return x;
}

}  // namespace

TEST_CASE("convert: values that a format holds exactly pass through unchanged") {
  const Network net = real_network();
  const Network fixed = convert<Fixed<16, 8>>(net);
  CHECK(fixed.forward(picture()) == net.forward(picture()));
}

TEST_CASE("convert: changes the layers it is asked for, and no other") {
  const Network net = real_network();
  const Network mixed =
      convert<Mono<8>>(net, [](std::string_view layer) { return layer == "dense"; });
  CHECK(mixed.nodes()[0].layer.target<Conv2d<>>() != nullptr);
  CHECK(mixed.nodes()[2].layer.target<Dense<>>() == nullptr);
  CHECK(mixed.nodes()[2].layer.target<Dense<Mono<8>>>() != nullptr);
  const Network both = convert<BFloat16>(mixed);
  CHECK(both.nodes()[0].layer.target<Conv2d<BFloat16>>() != nullptr);
  CHECK(both.nodes()[2].layer.target<Dense<Mono<8>>>() != nullptr);
}

TEST_CASE(
    "convert: what passes through memory between layers is rounded to the activations' format") {
  Network net({2});
  net.add("round", RoundTo<Float32>());
  const Tensor x({1, 2}, {0.3F, -100});
  CHECK(net.forward(x) == x);
  CHECK(convert<Float32, Fixed<8, 4>>(net).forward(x) == Tensor({1, 2}, {0.3125F, -8}));
}

TEST_CASE("copy_parameters: a guarded network takes the trained values of the plain one") {
  Network plain = convert<Mono<5>>(real_network());
  plain.calibrate(picture());
  for (const Parameter& parameter : plain.parameters()) {
    if (parameter.name.ends_with("kernel_scale")) {
      (*parameter.value)[0] = 0.125F;
    }
  }
  plain.encode();
  Network guarded = convert<Triplicated<Mono<5>>>(real_network());
  copy_parameters(plain, guarded);
  CHECK(guarded.forward(picture()) == plain.forward(picture()));
}

TEST_CASE("copy_parameters: refuses networks that do not match") {
  Network plain = real_network();
  Network mono = convert<Mono<5>>(plain);
  CHECK_THROWS_AS(copy_parameters(plain, mono), Error);
  CHECK_THROWS_AS(copy_parameters(mono, plain), Error);
}

TEST_CASE("copy_parameters: a network that is refused keeps what it had") {
  Network from = real_network();
  Network other({4, 4, 1});
  other.add("conv", Conv2d<>(WindowGeometry::square(3, 1, 1), Tensor({2, 3, 3, 1}), Tensor({2})));
  other.add("last", Dense<>(Tensor({3, 32}), Tensor({3})));
  CHECK_THROWS_AS(copy_parameters(from, other), Error);
  Network shorter({4, 4, 1});
  shorter.add("conv", Conv2d<>(WindowGeometry::square(3, 1, 1), Tensor({2, 3, 3, 1}), Tensor({2})));
  CHECK_THROWS_AS(copy_parameters(from, shorter), Error);
  for (Network* const net : {&other, &shorter}) {
    CHECK(net->nodes()[0].layer.target<Conv2d<>>()->kernel() == Tensor({2, 3, 3, 1}));
    CHECK(net->nodes()[0].layer.target<Conv2d<>>()->bias() == Tensor({2}));
  }
}
