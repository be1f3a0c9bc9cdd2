// SPDX-License-Identifier: BSL-1.0
// A layer without a bias is one with a bias of zeros, less its memory and its parameter.
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/transposed_conv2d.hpp>

using namespace upset;
using namespace upset::test;

namespace {

struct Gradient {
  std::string name;
  Tensor value;
};

/// Of the parameters, and of the input.
template <Layer L>
std::vector<Gradient> named_gradients(L layer, const Tensor& x, const Tensor& d_y) {
  std::vector<Tensor> sums;
  std::vector<Gradient> all;
  for (const Parameter& parameter : layer.parameters()) {
    sums.emplace_back(parameter.value->shape());
  }
  Tensor d_x;
  Tensor* const d_input = &d_x;
  Gradients gradients{sums, {&d_input, 1}};
  const Tensor* const only = &x;
  layer.backward({&only, 1}, layer.forward({&only, 1}, {.training = true}), d_y, gradients);
  for (std::size_t p = 0; p < sums.size(); ++p) {
    all.push_back({layer.parameters()[p].name, sums[p]});
  }
  all.push_back({"x", d_x});
  return all;
}

template <Layer L>
std::vector<std::string> image_names(L layer) {
  std::vector<std::string> names;
  for (const NamedImage& image : layer.images()) {
    names.push_back(image.name);
  }
  return names;
}

/// Forward, every gradient and every image but those of the bias are the same, bit for bit.
template <Layer L>
void check_same(L zero, L none, const Tensor& x) {
  CHECK(none.bias().size() == 0);
  zero.calibrate(pointers({x}));
  none.calibrate(pointers({x}));
  const Tensor y = forward(zero, x);
  CHECK(different_bits(forward(none, x), y) == 0);

  const Tensor d_y = Values(3).uniform(y.shape(), -1, 1);
  std::vector<Gradient> with = named_gradients(zero, x, d_y);
  CHECK(std::erase_if(with, [](const Gradient& g) { return g.name.starts_with("bias"); }) > 0);
  const std::vector<Gradient> without = named_gradients(none, x, d_y);
  REQUIRE(without.size() == with.size());
  for (std::size_t p = 0; p < with.size(); ++p) {
    CHECK(without[p].name == with[p].name);
    CHECK(different_bits(without[p].value, with[p].value) == 0);
  }

  std::vector<std::string> names = image_names(zero);
  CHECK(std::erase(names, "bias") == 1);
  CHECK(image_names(none) == names);

  // and after a flip in the kernel, seen by a refresh, and after encoding anew
  for (L* const layer : {&zero, &none}) {
    MemoryImage& kernel = *layer->images()[0].image;
    kernel.flip(kernel.bit_index(1, 0));
    layer->refresh();
  }
  CHECK(different_bits(forward(none, x), forward(zero, x)) == 0);
  none.encode();
  CHECK(different_bits(forward(none, x), y) == 0);
}

}  // namespace

TEST_CASE_TEMPLATE("Conv2d, Dense: without a bias they are what they are with one of zeros", F,
                   Float32, BFloat16, Fixed<8, 6>, Int8Affine, Binary, Mono<8>, MultiLevelBinary<2>,
                   RangeGuarded<Float32>, ParityGuarded<Int8Affine, std::uint64_t>,
                   Triplicated<Mono<4>>) {
  // a bias of signs is never zero
  using B = std::conditional_t<F::width == 1, Float32, BiasFormat<F>>;
  Values draw(1);
  const WindowGeometry plain = WindowGeometry::square(3, 1, 1);
  WindowGeometry grouped = plain;
  grouped.groups = 2;
  WindowGeometry depthwise = plain;
  depthwise.groups = 4;
  for (const WindowGeometry& geometry :
       {plain, grouped, depthwise, transposed(WindowGeometry::square(2, 2))}) {
    CAPTURE(geometry.groups);
    const Tensor kernel = draw.uniform(
        {8, geometry.kernel_height, geometry.kernel_width, 4 / geometry.groups}, -1, 1);
    check_same(Conv2d<F, F, B>(geometry, kernel, Tensor({8})),
               Conv2d<F, F, B>(geometry, kernel, Tensor()), draw.uniform({2, 6, 5, 4}, -1, 1));
  }
  const Tensor weight = draw.uniform({5, 9}, -1, 1);
  check_same(Dense<F, F, B>(weight, Tensor({5})), Dense<F, F, B>(weight, Tensor()),
             draw.uniform({3, 9}, -1, 1));
}

TEST_CASE("Conv2d, Dense: codes of a file need no bias") {
  const std::vector<AffineScale> scales{{0.5F, 3}};
  const Tensor kernel = Values(2).steps({2, 1, 1, 3}, 8, 0.5F);
  check_same(Conv2d<Int8Affine>(WindowGeometry{}, kernel, Tensor({2}), scales),
             Conv2d<Int8Affine>(WindowGeometry{}, kernel, Tensor(), scales),
             Values(4).uniform({2, 4, 3, 3}, -1, 1));
}

TEST_CASE("Conv2d, Dense: are made without a bias where asked to") {
  const Conv2d<> conv = Conv2d<>::zeros(2, 3, WindowGeometry::square(3), Bias::none);
  CHECK(conv.bias() == Tensor());
  CHECK(conv.out_channels() == 3);
  CHECK(Conv2d<>::zeros(2, 3, WindowGeometry::square(3)).bias() == Tensor({3}));
  CHECK(Dense<>::zeros(2, 3, Bias::none).bias() == Tensor());
  CHECK(Dense<>::zeros(2, 3).bias() == Tensor({3}));
}
