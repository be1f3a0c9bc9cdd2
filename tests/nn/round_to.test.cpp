// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/round_to.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("RoundTo: gives the nearest of the grid, and its ends beyond them") {
  const RoundTo<Int8Affine> round(AffineScale{0.5F, -100});  // -14 to 113.5
  const Tensor x({1, 6}, {0.2F, 0.3F, 0.25F, 0.75F, -1000, 1000});
  CHECK(forward(round, x) == Tensor({1, 6}, {0, 0.5F, 0, 1, -14, 113.5F}));
  CHECK(forward(RoundTo<BFloat16>(), Tensor({1, 1}, 1 + 0x1.8p-8F))[0] == 1 + 0x1p-7F);
  CHECK(output_shape(round, {Shape{2, 3, 4}}) == Shape{2, 3, 4});
}

TEST_CASE("RoundTo: a hook sees what each picture is rounded to, and its flips are read") {
  Values draw(1);
  const Tensor x = draw.uniform({3, 5}, -1, 1);
  RoundTo<Int8Affine> plain;
  RoundTo<Triplicated<Int8Affine>> guarded;
  const Tensor* const inputs[] = {&x};
  plain.calibrate(inputs);
  guarded.calibrate(inputs);
  std::vector<std::uint64_t> pictures;
  const ActivationHook hook = [&](std::size_t layer, std::uint64_t image, MemoryImage& memory) {
    CHECK(layer == 7);
    CHECK(memory.layout().elements == 5);
    pictures.push_back(image);
    if (image == 11) {
      memory.flip(memory.bit_index(2, 6));
    }
  };
  Pass pass;
  pass.hook = &hook;
  pass.layer = 7;
  pass.first_image = 10;
  const Tensor golden = forward(plain, x);
  const Tensor y = forward(plain, x, pass);
  CHECK(pictures == std::vector<std::uint64_t>{10, 11, 12});
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float by = i == 7 ? 64 * plain.input_scale().scale : 0;
    CHECK(std::abs(std::abs(y[i] - golden[i]) - by) <= 0x1p-20F);
  }
  CHECK(forward(guarded, x, pass) == golden);  // two copies outvote the flipped one
}

TEST_CASE("RoundTo: a flip of NaN gives one number, whichever NaN it was") {
  const ActivationHook hook = [](std::size_t, std::uint64_t, MemoryImage& memory) {
    memory.flip(30);
  };
  Pass pass;
  pass.hook = &hook;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(forward(RoundTo<Float32>(), Tensor({2, 1}, {nan, -nan}), pass) == Tensor({2, 1}, 1.5F));
}

TEST_CASE("RoundTo: a flip in its scale changes what it reads until it is undone") {
  RoundTo<Int8Affine> round(AffineScale{0.5F, 0});
  const Tensor x({1, 2}, {1, 200});
  REQUIRE(round.images().size() == 1);
  round.images()[0].image->flip(23);  // the lowest exponent bit: 0.5 becomes 1
  round.refresh();
  CHECK(forward(round, x) == Tensor({1, 2}, {1, 127}));
  round.images()[0].image->flip(23);
  round.refresh();
  CHECK(forward(round, x) == Tensor({1, 2}, {1, 63.5F}));
}

TEST_CASE("RoundTo: nothing that fuses passes the hook by") {
  Network net({2});
  net.add("dense", Dense<>(Tensor({2, 2}, 1.0F), Tensor({2})));
  net.add("round", RoundTo<Fixed<8, 4>>());
  CHECK(net.activation_bits() == std::vector<std::uint64_t>{64, 16});
}

TEST_CASE("RoundTo: gradients pass straight through, but not where it saturates") {
  const RoundTo<Int8Affine> round(AffineScale{0.5F, 0});
  const Tensor x({1, 3}, {0.3F, 1000, -1000});
  const Tensor d_y({1, 3}, {2, 3, 4});
  Tensor d_x;
  Tensor* const asked[] = {&d_x};
  const Tensor* const inputs[] = {&x};
  Gradients gradients{{}, asked};
  round.backward(inputs, d_y, d_y, gradients);
  CHECK(d_x == Tensor({1, 3}, {2, 0, 0}));
}
