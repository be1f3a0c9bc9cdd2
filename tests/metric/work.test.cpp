// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <upset/format/int8_affine.hpp>
#include <upset/format/mono.hpp>
#include <upset/metric/work.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/reshape.hpp>

using namespace upset;

namespace {

Network two_layers() {
  Network net({5, 4, 6});
  WindowGeometry geometry = WindowGeometry::square(3, 1, 1);
  geometry.groups = 2;
  net.add("conv", Conv2d<Mono<8>>::zeros(6, 8, geometry));
  net.add("norm", BatchNorm<>(8));
  net.add("flatten", Flatten{});
  net.add("dense", Dense<Int8Affine>::zeros(160, 10));
  return net;
}

}  // namespace

TEST_CASE("work: products of convolutions and dense layers are counted, padding included") {
  CHECK(multiply_adds(two_layers()) == 20 * 8 * 9 * 3 + 160 * 10);
  Network spread({5, 4, 6});
  // zeros between pixels are no work: each pixel meets each weight once
  spread.add("conv", Conv2d<>::zeros(6, 8, {.kernel_height = 2, .input_dilation = 2}));
  CHECK(multiply_adds(spread) == 20 * 6 * 8 * 2);
}

TEST_CASE("work: parameters are what gradients change") {
  Network net = two_layers();
  // three learned scales: of kernel, bias and input of the Mono layer
  CHECK(parameter_count(net) == 8 * 9 * 3 + 8 + 3 + 2 * 8 + 1600 + 10);
}

TEST_CASE("work: memory of the weights is listed by format") {
  Network net = two_layers();
  std::uint64_t images = 0;
  std::uint64_t bits = 0;
  for (const FormatFootprint& footprint : weight_footprint(net)) {
    images += footprint.images;
    bits += footprint.bits.total_bits();
    if (footprint.format == "Int8Affine") {
      CHECK(footprint.bits.code_bits == 8 * 1600);
    }
  }
  std::uint64_t expected = 0;
  for (const NamedImage& named : net.images()) {
    expected += named.image->bit_count();
  }
  CHECK(images == net.images().size());
  CHECK(bits == expected);
}
