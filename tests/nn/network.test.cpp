// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/gradient.hpp"
#include "support/naive_conv.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/softmax.hpp>
#include <upset/pass/convert.hpp>

using namespace upset;
using namespace upset::test;

namespace {

template <Format W = Float32, Format A = W>
Conv2d<W, A> conv(Values& draw, std::size_t in, std::size_t out, const WindowGeometry& g) {
  return Conv2d<W, A>(
      g, draw.uniform({out, g.kernel_height, g.kernel_width, in / g.groups}, -0.5F, 0.5F),
      draw.uniform({out}, -0.5F, 0.5F));
}
template <Format W = Float32, Format A = W>
Dense<W, A> dense(Values& draw, std::size_t in, std::size_t out) {
  return Dense<W, A>(draw.uniform({out, in}, -0.5F, 0.5F), draw.uniform({out}, -0.5F, 0.5F));
}

// input -> stem -> act -> norm -> second -> joined with act -> both -> pool -> scores
//                  act -> narrow -----------------------------> both
// input ------------------------------------------------------> both
Network branching(std::uint32_t seed) {
  Values draw(seed);
  Network net({6, 5, 2});
  net.add("stem", conv(draw, 2, 3, WindowGeometry::square(3, 1, 1)));
  const std::size_t act = net.add("act", Sigmoid{});
  net.add("norm", BatchNorm<>(3));
  const std::size_t second = net.add("second", conv(draw, 3, 3, WindowGeometry::square(3, 1, 1)));
  const std::size_t joined = net.add("joined", Add{}, {second, act});
  const std::size_t narrow = net.add("narrow", conv(draw, 3, 2, WindowGeometry::square(1)), {act});
  net.add("both", Concatenate{}, {joined, narrow, Network::input});
  net.add("pool", AveragePool(2));
  net.add("flatten", Flatten{});
  net.add("scores", dense(draw, 3 * 2 * 7, 4));
  net.add("shares", Softmax{});
  return net;
}

}  // namespace

TEST_CASE("Network: computes its layers one after another") {
  Values draw(1);
  const Conv2d<> first = conv(draw, 1, 3, WindowGeometry::square(3));
  const Dense<> last = dense(draw, 3 * 2 * 3, 5);
  Network net({6, 8, 1});
  CHECK(net.add("conv", first) == 0);
  CHECK(net.add("relu", ReLU{}) == 1);
  CHECK(net.add("pool", MaxPool(2)) == 2);
  CHECK(net.add("flatten", Flatten{}) == 3);
  CHECK(net.add("dense", last) == 4);
  CHECK(net.size() == 5);
  CHECK(net.input_shape() == Shape{6, 8, 1});
  CHECK(net.output_shape() == Shape{5});
  CHECK(net.nodes()[2].shape == Shape{2, 3, 3});
  const Tensor x = draw.uniform({3, 6, 8, 1}, -1, 1);
  const Tensor by_hand =
      forward(last, forward(Flatten{}, forward(MaxPool(2), forward(ReLU{}, forward(first, x)))));
  CHECK(different_bits(net.forward(x), by_hand) == 0);
}

TEST_CASE("Network: skips, branches and joins are computed as drawn") {
  const Network net = branching(2);
  const Tensor x = Values(3).uniform({3, 6, 5, 2}, -1, 1);
  const auto layer = [&](std::size_t n) -> const AnyLayer& { return net.nodes()[n].layer; };
  const Tensor act = forward(layer(1), forward(layer(0), x));
  const Tensor second = forward(layer(3), forward(layer(2), act));
  const Tensor joined = forward(layer(4), {second, act});
  const Tensor both = forward(layer(6), {joined, forward(layer(5), act), x});
  Tensor y = both;
  for (std::size_t n = 7; n < net.size(); ++n) {
    y = forward(layer(n), y);
  }
  CHECK(different_bits(net.forward(x), y) == 0);
  CHECK(net.nodes()[6].shape == Shape{6, 5, 7});
}

TEST_CASE("Network: forward and forward_all agree, and a picture does not depend on its batch") {
  const Network net = branching(4);
  const Tensor x = Values(5).uniform({4, 6, 5, 2}, -1, 1);
  const Tensor y = net.forward(x);
  const std::vector<Tensor> values = net.forward_all(x);
  REQUIRE(values.size() == net.size());
  CHECK(different_bits(values.back(), y) == 0);
  for (std::size_t n = 0; n < net.size(); ++n) {
    CHECK(values[n].shape().without_batch() == net.nodes()[n].shape);
  }
  for (std::size_t b = 0; b < 4; ++b) {
    CHECK(different_bits(net.forward(picture(x, b)).row(0), y.row(b)) == 0);
  }
}

TEST_CASE("Network: many pictures are computed as they would be one at a time") {
  Values draw(7);
  Network net({64, 64, 2});  // 8 channels of these are half of what a slice holds
  const std::size_t stem =
      net.add("stem", conv<Fixed<8, 4>>(draw, 2, 8, WindowGeometry::square(3, 1, 1)));
  const std::size_t act = net.add("act", ReLU{});
  const std::size_t second =
      net.add("second", conv<Fixed<8, 4>>(draw, 8, 8, WindowGeometry::square(3, 1, 1)));
  net.add("joined", Add{}, {second, act});
  net.add("last", ReLU{});
  net.add("twice", Add{}, {4, 4});
  net.add("pool", GlobalAveragePool{});
  const Tensor x = draw.uniform({7, 64, 64, 2}, -1, 1);
  std::vector<std::pair<std::size_t, std::uint64_t>> seen;
  const ActivationHook hook = [&](std::size_t layer, std::uint64_t image, MemoryImage& memory) {
    seen.emplace_back(layer, image);
    memory.flip(image * 5 + layer);
  };
  const Pass pass{.first_image = 10, .hook = &hook};
  const std::vector<Tensor> all = net.forward_all(x, pass);
  std::vector<std::pair<std::size_t, std::uint64_t>> expected = std::move(seen);
  CHECK(expected.size() == 14);
  seen.clear();
  CHECK(net.forward(x, pass) == all.back());
  std::ranges::sort(seen);
  std::ranges::sort(expected);
  CHECK(seen == expected);
  for (std::size_t start = stem; start <= net.size(); ++start) {
    CHECK(net.forward_from(start, x, std::span(all).first(start), pass) == all.back());
  }
  CHECK(net.forward(x) != all.back());
}

TEST_CASE_TEMPLATE("Network: activations behind convolutions and sums are what they are alone", F,
                   Float32, BFloat16, Int8Affine, Binary) {
  Values draw(9);
  Network net({6, 7, 3});
  const auto layer = [&](std::size_t in, std::size_t out) {
    return conv<F>(draw, in, out, WindowGeometry::square(3, 1, 1));
  };
  net.add("first", layer(3, 20));
  const std::size_t skip = net.add("rectified", ReLU{});
  net.add("second", layer(20, 20));
  net.add("clipped_once", ReLU{});
  net.add("clipped_twice", ClippedReLU(0.7F));
  const std::size_t third = net.add("third", layer(20, 20));
  net.add("sum", Add{}, {third, skip, third});
  net.add("again", ReLU{});
  net.add("and_again", ReLU{});
  net.add("last", layer(20, 20));
  net.add("centred", CentredReLU(0.3F));
  if constexpr (std::is_same_v<F, Float32>) {
    (*net.parameters()[0].value)[0] = std::numeric_limits<float>::infinity();  // NaN of zeros
    net.encode();
  }
  const Tensor x = draw.uniform({3, 6, 7, 3}, -1, 1);
  CHECK(different_bits(net.forward(x), net.forward_all(x).back()) == 0);
}

TEST_CASE("Network: knows which node is the last to read each value") {
  // stem, act, norm, second, joined, narrow, both, pool, flatten, scores, shares
  CHECK(branching(1).last_readers() ==
        AlignedVector<std::size_t>{1, 5, 3, 4, 6, 6, 7, 8, 9, 10, 0});
}

TEST_CASE("Network: gradients reach every parameter through skips and branches") {
  // Each of eight layers that round leaves an error of about 2^-24 of values of about 1, which the
  // weights, below 1/2, and sigmoid and softmax damp: 8 of them at most reach a share.
  const GradientReport report =
      check_gradients(branching(6), Values(7).uniform({3, 6, 5, 2}, -1, 1),
                      {.step = 0x1p-3F, .rounding = 8 * 0x1p-24});
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared > 54 + 3 + 81 + 3 + 6 + 6 + 2 + 168 + 4);
}

TEST_CASE("Network: gradients of a piecewise linear network are exactly those of differences") {
  // Inputs are multiples of 1/4, weights of 1/2 and the first bias an odd multiple of 1/16, so what
  // enters ReLU is an odd multiple of 1/16 too: no difference of 1/64 at weights up to 1 and inputs
  // up to 1 crosses its kink.
  Values draw(8);
  Network net({4, 4, 2});
  Tensor bias = draw.steps({3}, 4, 0.125F);
  for (float& value : bias.values()) {
    value += 0.0625F;
  }
  net.add("conv",
          Conv2d<>(WindowGeometry::square(3, 1, 1), draw.steps({3, 3, 3, 2}, 2, 0.5F), bias));
  const std::size_t relu = net.add("relu", ReLU{});
  const std::size_t mean = net.add("mean", AveragePool(2), {relu});
  const std::size_t corner = net.add("corner", MaxPool(WindowGeometry::square(1, 2)), {relu});
  net.add("sum", Add{}, {mean, corner, mean});
  net.add("dense", Dense<>(draw.steps({3, 12}, 2, 0.5F), draw.steps({3}, 2, 0.5F)));
  const GradientReport report =
      check_gradients(net, draw.steps({2, 4, 4, 2}, 4, 0.25F), {.step = 0x1p-6F});
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared == 4 + 54 + 3 + 36 + 3);
}

TEST_CASE("Network: a layer that nobody reads gets no gradient, and does no harm") {
  Values draw(9);
  Network net({5});
  net.add("first", dense(draw, 5, 4));
  net.add("dead end", dense(draw, 4, 3), {0});
  net.add("last", dense(draw, 4, 2), {0});
  const Tensor x = draw.uniform({3, 5}, -1, 1);
  std::vector<Tensor> gradients;
  for (const Parameter& parameter : net.parameters()) {
    gradients.emplace_back(parameter.value->shape());
  }
  net.backward(x, net.forward_all(x), Tensor({3, 2}, 1.0F), gradients);
  CHECK(gradients[2] == Tensor({3, 4, 1, 1}).reshaped(gradients[2].shape()));
  CHECK(gradients[3] == Tensor({3}));
  CHECK(gradients[5] == Tensor({2}, 3.0F));  // one from each picture
  CHECK(gradients[0] != Tensor(gradients[0].shape()));
}

TEST_CASE("Network: errors name the layer") {
  Network net({8, 8, 3});
  net.add("conv1", Conv2d<>::zeros(3, 4, WindowGeometry::square(3)));
  const std::size_t before = net.size();
  CHECK(error_of([&] { net.add("conv2", Conv2d<>::zeros(3, 4, WindowGeometry::square(3))); }) ==
        "Layer conv2: Conv2d takes pictures of 3 channels [H, W, C], not [6, 6, 4]");
  CHECK(error_of([&] { net.add("big", MaxPool(7)); }) ==
        "Layer big: a window of 7x7 pixels does not fit an image of 6x6, padding included");
  CHECK(error_of([&] {
          net.add("sum", Add{}, {0, Network::input});
        }) == "Layer sum: Add takes inputs of one shape, not [6, 6, 4] and [8, 8, 3]");
  CHECK(error_of([&] { net.add("conv1", ReLU{}); }) ==
        "Two layers are called conv1; name them differently");
  CHECK(error_of([&] { net.add("late", ReLU{}, {5}); }) ==
        "Layer late reads node 5, which does not exist yet");
  CHECK(net.size() == before);  // a layer refused leaves nothing behind
}

TEST_CASE("Network: refuses pictures of another shape") {
  Network net({2, 3});
  const auto refused = [&](const Shape& shape) {
    return error_of([&] { (void)net.forward(Tensor(shape)); });
  };
  CHECK(refused({1, 2, 3}) == "The network has no layers; add one");
  net.add("relu", ReLU{});
  CHECK(refused({1, 2, 3}).empty());
  CHECK(refused({1, 3, 2}) == "The network takes pictures [B, 2, 3], not [1, 3, 2]");
  CHECK(refused({2, 3}) == "The network takes pictures [B, 2, 3], not [2, 3]");
  CHECK(!error_of([&] { (void)net.forward_all(Tensor({1, 6})); }).empty());
  CHECK(!error_of([&] { net.calibrate(Tensor({1, 6})); }).empty());
}

TEST_CASE("Network: refuses what would be read beyond its layers") {
  Network net({6, 5, 2});
  CHECK(error_of([&] { (void)net.output_shape(); }) == "The network has no layers; add one");
  CHECK(!error_of([&] { net.backward(Tensor(), {}, Tensor(), {}); }).empty());
  net = branching(20);
  CHECK(error_of([&] { (void)net.layer(11); }) == "The network has no layer 11, only 11");
  const Tensor x({2, 6, 5, 2});
  const std::vector<Tensor> values = net.forward_all(x, {.training = true});
  std::vector<Tensor> gradients;
  for (const Parameter& parameter : net.parameters()) {
    gradients.emplace_back(parameter.value->shape());
  }
  const auto refused = [&](std::span<const Tensor> known, std::span<Tensor> sums) {
    return error_of([&] { net.backward(x, known, values.back(), sums); });
  };
  CHECK(refused(values, gradients).empty());
  CHECK(refused(values, std::span(gradients).subspan(1)) ==
        "A backward pass takes the values of 11 layers and 12 gradients, not 11 and 11");
  CHECK(!refused(std::span(values).first(3), gradients).empty());
}

TEST_CASE("Network: parameters and images are listed once, in node order, as layer.set") {
  Values draw(10);
  Network net({6});
  net.add("a", dense<Mono<8>>(draw, 6, 4));
  net.add("b", BatchNorm<BFloat16>(4));
  net.add("c", dense(draw, 4, 2));
  std::vector<std::string> parameters;
  std::set<Tensor*> values;
  for (const Parameter& parameter : net.parameters()) {
    parameters.push_back(parameter.name);
    values.insert(parameter.value);
  }
  CHECK(parameters == std::vector<std::string>{"a.kernel", "a.kernel_scale", "a.bias",
                                               "a.bias_scale", "a.input_scale", "b.gamma", "b.beta",
                                               "b.mean", "b.variance", "c.kernel", "c.bias"});
  CHECK(values.size() == parameters.size());
  std::vector<std::string> images;
  for (const NamedImage& image : net.images()) {
    images.push_back(image.name);
  }
  CHECK(images == std::vector<std::string>{"a.kernel", "a.bias", "a.input_scale", "b.gamma",
                                           "b.beta", "b.mean", "b.variance", "c.kernel", "c.bias"});
}

TEST_CASE("Network: faults in any image take effect on refresh, and leave without a trace") {
  Values draw(11);
  Network net({5, 5, 2});
  net.add("conv", conv<Fixed<8, 6>>(draw, 2, 3, WindowGeometry::square(3)));
  net.add("norm", BatchNorm<>(draw.uniform({3}, 1, 2), draw.uniform({3}, 1, 2),
                              draw.uniform({3}, 1, 2), draw.uniform({3}, 1, 2)));
  net.add("dense", dense<Mono<8>>(draw, 27, 4));
  const Tensor x = draw.uniform({3, 5, 5, 2}, -1, 1);
  net.calibrate(x);
  const Tensor golden = net.forward(x);
  for (const NamedImage& named : net.images()) {
    const std::uint64_t top = named.image->bit_count() - 1;
    named.image->flip(top);
    net.refresh();
    CHECK_MESSAGE(different_bits(net.forward(x), golden) > 0, named.name);
    named.image->flip(top);
    net.refresh();
    CHECK(different_bits(net.forward(x), golden) == 0);
  }
}

TEST_CASE("Network: copies are deep") {
  Network net = branching(12);
  const Tensor x = Values(13).uniform({2, 6, 5, 2}, -1, 1);
  const Tensor golden = net.forward(x);
  const Network copy = net;
  net.images()[0].image->flip(30);
  net.parameters()[0].value->fill(0);
  net.refresh();
  CHECK(different_bits(net.forward(x), golden) > 0);
  net.encode();
  CHECK(different_bits(copy.forward(x), golden) == 0);
}

TEST_CASE("Network: hooks see every memory an activation is written to, once per picture") {
  Values draw(14);
  Network net({4, 4, 1});
  net.add("conv", conv<BFloat16>(draw, 1, 2, WindowGeometry::square(3)));
  net.add("relu", ReLU{});
  net.add("dense", dense<Mono<8>>(draw, 8, 3));
  struct Seen {
    std::size_t layer;
    std::uint64_t image;
    std::uint64_t elements;
    std::string format;
    bool operator==(const Seen&) const = default;
  };
  std::vector<Seen> seen;
  const ActivationHook hook = [&](std::size_t layer, std::uint64_t image, MemoryImage& memory) {
    seen.push_back({layer, image, memory.layout().elements, std::string(memory.format_name())});
  };
  Pass pass;
  pass.first_image = 100;
  pass.hook = &hook;
  (void)net.forward(draw.uniform({2, 4, 4, 1}, -1, 1), pass);
  CHECK(seen == std::vector<Seen>{{0, 100, 16, "BFloat16"},
                                  {0, 101, 16, "BFloat16"},
                                  {2, 100, 8, "Mono<8>"},
                                  {2, 101, 8, "Mono<8>"}});
}

TEST_CASE("Network: says how many bits of activations each layer reads from memory") {
  Values draw(5);
  Network net({6, 5, 2});
  net.add("float", conv<Float32, Fixed<8, 4>>(draw, 2, 3, WindowGeometry::square(3, 1, 1)));
  net.add("act", ReLU{});
  using Guarded = Secded<Int8Affine, std::uint64_t>;  // 8 codes and 8 check bits a word
  net.add("guarded", conv<Float32, Guarded>(draw, 3, 4, WindowGeometry::square(1)));
  CHECK(net.activation_bits() == std::vector<std::uint64_t>{60 * 8, 0, 90 * 8 + 12 * 8});
}

TEST_CASE("Network: calibrates each layer with what the calibrated layers before it give") {
  Values draw(15);
  Network net({6});
  net.add("a", dense<Mono<8>>(draw, 6, 5));
  net.add("b", dense<Int8Affine>(draw, 5, 3));
  const Tensor x = draw.uniform({20, 6}, -3, 3);
  net.calibrate(x);
  const auto* a = net.nodes()[0].layer.target<Dense<Mono<8>>>();
  const auto* b = net.nodes()[1].layer.target<Dense<Int8Affine>>();
  CHECK(a->input_scale() == Mono<8>::fit(x.values()));
  CHECK(b->input_scale() == Int8Affine::fit(forward(*a, x).values()));
}

TEST_CASE("Network: calibrates with values that branches and joins read later") {
  Network net = convert<Int8Affine>(branching(4));
  const Tensor x = Values(5).uniform({7, 6, 5, 2}, -3, 3);
  net.calibrate(x);
  const std::vector<Tensor> values = net.forward_all(x);
  std::size_t compared = 0;
  for (const Network::Node& node : net.nodes()) {
    const std::size_t from = node.inputs[0];
    const Tensor& read = from == Network::input ? x : values[from];
    if (const auto* layer = node.layer.target<Conv2d<Int8Affine>>()) {
      CHECK(layer->input_scale() == Int8Affine::fit(read.values()));
      ++compared;
    } else if (const auto* last = node.layer.target<Dense<Int8Affine>>()) {
      CHECK(last->input_scale() == Int8Affine::fit(read.values()));
      ++compared;
    }
  }
  CHECK(compared == 4);
}
