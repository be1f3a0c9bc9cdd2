// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/activation.hpp>
#include <upset/pass/guard.hpp>

using namespace upset;

namespace {

Tensor numbers(const Shape& shape, float step) {
  Tensor x(shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i * 7 % 19) * step - 8 * step;
  }
  return x;
}

Network network_of_floats() {
  Network net({4, 4, 1});
  net.add("conv",
          Conv2d<>(WindowGeometry::square(3, 1, 1), numbers({3, 3, 3, 1}, 0.125F), Tensor({3})));
  net.add("relu", ReLU{});
  net.add("dense", Dense<>(numbers({3, 48}, 0.0625F), Tensor({3}, -0.5F)));
  return net;
}

MemoryImage& image_called(Network& net, const std::string& name) {
  for (const NamedImage& named : net.images()) {
    if (named.name == name) {
      return *named.image;
    }
  }
  throw Error("no image " + name);
}

}  // namespace

TEST_CASE("guard: scales of weights and activations that were found before are kept") {
  const Tensor x = numbers({2, 4, 4, 1}, 0.5F);
  Network plain = convert<Int8Affine>(network_of_floats(), every_layer, Granularity::per_channel);
  plain.calibrate(x);
  const Network guarded = guard<Int8Affine, Triplicated<Int8Affine>>(plain);
  CHECK(guarded.forward(x) == plain.forward(x));
  const Network ranged = guard<Int8Affine, RangeGuarded<Int8Affine>>(plain);
  CHECK(ranged.forward(x) == plain.forward(x));
}

TEST_CASE("convert, guard: a layer without a bias gets none") {
  Network real({4, 4, 2});
  real.add("conv", Conv2d<>(WindowGeometry::square(3), numbers({3, 3, 3, 2}, 0.125F), Tensor()));
  real.add("dense", Dense<>(numbers({3, 12}, 0.0625F), Tensor()));
  const Tensor x = numbers({2, 4, 4, 2}, 0.5F);
  Network plain = convert<Int8Affine>(real, every_layer, Granularity::per_channel);
  plain.calibrate(x);
  Network guarded = guard<Int8Affine, Secded<Int8Affine, std::uint64_t>>(plain);
  for (Network* const net : {&real, &plain, &guarded}) {
    for (const NamedImage& named : net->images()) {
      CHECK(named.name.find("bias") == std::string::npos);
    }
  }
  CHECK(guarded.images().size() == 4);  // two kernels, two scales of inputs
  CHECK(guarded.forward(x) == plain.forward(x));
}

TEST_CASE("guard: codes of a file keep their zero point") {
  Tensor weight({2, 2}, {0.5F, 1, 1.5F, 2});
  Network plain({2});
  plain.add("dense", Dense<Int8Affine>(weight, Tensor({2}), {AffineScale::checked(0.25F, -100)}));
  Network ranged = guard<Int8Affine, RangeGuarded<Int8Affine>>(plain);
  const MemoryImage& before = image_called(plain, "dense.kernel");
  const MemoryImage& after = image_called(ranged, "dense.kernel");
  for (std::uint64_t bit = 0; bit < 32; ++bit) {
    CHECK(before.test(bit) == after.test(bit));
  }
}

TEST_CASE("guard: learned factors of scales are kept") {
  Network plain = convert<Mono<5>>(network_of_floats());
  for (const Parameter& parameter : plain.parameters()) {
    if (parameter.name.ends_with("kernel_scale")) {
      (*parameter.value)[0] = 0.125F;
    }
  }
  plain.encode();
  const Tensor x = numbers({1, 4, 4, 1}, 0.5F);
  CHECK(guard<Mono<5>, Triplicated<Mono<5>>>(plain).forward(x) == plain.forward(x));
}

TEST_CASE("guard: what reads another format, and a bias of another, stay") {
  Network net({48});
  net.add("first", Dense<Binary, Fixed<8, 7>, Float32>(numbers({4, 48}, 1), Tensor({4}, 0.3F)));
  net.add("second", Dense<Binary, Binary, Float32>(numbers({3, 4}, 1), Tensor({3}, -0.7F)));
  using Guarded = Triplicated<Binary>;
  const Network first = guard<Binary, Guarded, Fixed<8, 7>, Float32>(net);
  CHECK(first.nodes()[0].layer.target<Dense<Guarded, Fixed<8, 7>, Float32>>() != nullptr);
  CHECK(first.nodes()[1].layer.target<Dense<Binary, Binary, Float32>>() != nullptr);
  const Tensor x = numbers({2, 48}, 0.05F);
  const Network both = guard<Binary, Guarded, Binary, Float32>(first);
  CHECK(both.nodes()[1].layer.target<Dense<Guarded, Binary, Float32>>() != nullptr);
  CHECK(both.forward(x) == net.forward(x));
}

TEST_CASE("guard: activations come under a guard of theirs, also between layers") {
  Network net({4});
  net.add("dense", Dense<Int8Affine>(numbers({3, 4}, 0.25F), Tensor({3}, 0.5F),
                                     {AffineScale::checked(0.25F)}));
  net.add("round", RoundTo<Int8Affine>(AffineScale::checked(0.125F, 3)));
  net.add("other", RoundTo<Fixed<8, 4>>());
  using G = Triplicated<Int8Affine>;
  const Network guarded = guard<Int8Affine, G, Int8Affine, BiasFormat<Int8Affine>, G>(net);
  CHECK(guarded.nodes()[0].layer.target<Dense<G, G>>() != nullptr);
  REQUIRE(guarded.nodes()[1].layer.target<RoundTo<G>>() != nullptr);
  CHECK(guarded.nodes()[1].layer.target<RoundTo<G>>()->input_scale() == AffineScale{0.125F, 3});
  CHECK(guarded.nodes()[2].layer.target<RoundTo<Fixed<8, 4>>>() != nullptr);
  const Tensor x = numbers({2, 4}, 0.5F);
  CHECK(guarded.forward(x) == net.forward(x));
  const Network weights = guard<Int8Affine, G>(net);
  CHECK(weights.nodes()[0].layer.target<Dense<G, Int8Affine>>() != nullptr);
  CHECK(weights.nodes()[1].layer.target<RoundTo<Int8Affine>>() != nullptr);
}
