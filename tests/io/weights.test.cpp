// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "support/draws.hpp"
#include "support/published.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/format/formats.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/io/idx.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/prelu.hpp>
#include <upset/nn/rearrange.hpp>

using namespace upset;
using namespace upset::test;

namespace {

// A picture takes ResNet-20 a second at -O0 under sanitizers.
constexpr std::size_t published_pictures = test::draws(100, 2);

/// Every kind of layer that has weights: a convolution, one in two groups, batch norm of a picture
/// and of a flattened one, a dense layer behind it, and one that reads its output.
Network small_network() {
  Network net({4, 3, 2});
  WindowGeometry grouped = WindowGeometry::square(2);
  grouped.groups = 2;
  net.add("conv1", Conv2d<>::zeros(2, 4, WindowGeometry::square(3, 1, 1)));
  net.add("bn1", BatchNorm<>(4));
  net.add("conv2", Conv2d<>::zeros(4, 2, grouped));
  net.add("flatten", Flatten{});
  net.add("bn2", BatchNorm<>(12));
  net.add("relu", ReLU{});
  net.add("dense1", Dense<>::zeros(12, 12));
  net.add("dense2", Dense<>::zeros(12, 5));
  return net;
}

/// Arrays for it, each with values 1, 2, 3, ...; biases of the convolutions left out.
std::vector<NamedArray> small_arrays() {
  std::vector<NamedArray> arrays;
  const auto add = [&](const std::string& name, const Shape& shape) {
    std::vector<float> values(shape.size());
    std::iota(values.begin(), values.end(), 1.0F);
    arrays.push_back({name, {shape, values}});
  };
  add("conv1.weight", {4, 2, 3, 3});
  for (const char* const set : {"weight", "bias", "running_mean", "running_var"}) {
    add(std::string("bn1.") + set, {4});
  }
  add("conv2.weight", {2, 2, 2, 2});
  for (const char* const set : {"weight", "bias", "running_mean", "running_var"}) {
    add(std::string("bn2.") + set, {12});
  }
  add("dense1.weight", {12, 12});
  add("dense1.bias", {12});
  add("dense2.weight", {5, 12});
  add("dense2.bias", {5});
  return arrays;
}

Tensor parameter(Network& net, const std::string& name) {
  for (const Parameter& parameter : net.parameters()) {
    if (parameter.name == name) {
      return *parameter.value;
    }
  }
  return {};
}

/// What is said of `arrays` as weights of `net`.
std::string refusal(Network net, const std::vector<NamedArray>& arrays) {
  return complaint([&] { set_weights(net, arrays, "x.npz"); });
}

}  // namespace

TEST_CASE("set_weights: kernels from OIHW, vectors from CHW, everything else as it is") {
  Network net = small_network();
  std::vector<NamedArray> arrays = small_arrays();
  arrays.push_back({"bn1.num_batches_tracked", {{}, std::vector<std::int64_t>{7}}});
  set_weights(net, arrays);
  const Tensor kernel = parameter(net, "conv1.kernel");
  const Tensor grouped = parameter(net, "conv2.kernel");
  for (std::size_t o = 0; o < 4; ++o) {
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t tap = 0; tap < 9; ++tap) {
        CHECK(kernel[(o * 9 + tap) * 2 + i] == static_cast<float>((o * 2 + i) * 9 + tap + 1));
      }
      for (std::size_t tap = 0; tap < 4 && o < 2; ++tap) {
        CHECK(grouped[(o * 4 + tap) * 2 + i] == static_cast<float>((o * 2 + i) * 4 + tap + 1));
      }
    }
  }
  // The flattened picture is [3, 2, 2]: 6 pixels of 2 channels.
  const Tensor dense = parameter(net, "dense1.kernel");
  const Tensor variance = parameter(net, "bn2.variance");
  for (std::size_t pixel = 0; pixel < 6; ++pixel) {
    for (std::size_t channel = 0; channel < 2; ++channel) {
      const std::size_t ours = pixel * 2 + channel;
      const std::size_t theirs = channel * 6 + pixel;
      CHECK(variance[ours] == static_cast<float>(theirs + 1));
      for (std::size_t o = 0; o < 12; ++o) {
        CHECK(dense[o * 12 + ours] == static_cast<float>(o * 12 + theirs + 1));
      }
    }
  }
  const Tensor last = parameter(net, "dense2.kernel");  // reads no picture
  CHECK(last[0] == 1.0F);
  CHECK(std::ranges::is_sorted(last.values()));
  CHECK(parameter(net, "bn1.gamma") == Tensor({4}, {1, 2, 3, 4}));
  CHECK(parameter(net, "conv1.bias") == Tensor({4}));
  CHECK(parameter(net, "dense1.bias")[11] == 12.0F);
}

TEST_CASE("set_weights: the network computes with them at once, and old biases are gone") {
  Network net({1, 1, 1});
  net.add("conv", Conv2d<>(WindowGeometry::square(1), Tensor({1, 1, 1, 1}, 2.0F), Tensor({1}, 9)));
  const std::vector<NamedArray> arrays{{"conv.weight", {{1, 1, 1, 1}, std::vector<double>{3}}}};
  set_weights(net, arrays);
  CHECK(net.forward(Tensor({1, 1, 1, 1}, 5.0F))[0] == 15.0F);
}

TEST_CASE("save_weights, load_weights: no ZIP archive goes by the name of safetensors") {
  const Scratch scratch;
  const std::filesystem::path path = scratch.path() / "net.safetensors";
  Network net = small_network();
  CHECK(contains(complaint([&] { save_weights(net, path); }), "take NPZ files; use set_weights"));
  CHECK(!std::filesystem::exists(path));
  CHECK(contains(complaint([&] { load_weights(net, path); }), "take NPZ files; use set_weights"));
}

TEST_CASE("save_weights, load_weights: the same network back") {
  const Scratch scratch;
  const auto path = scratch.path() / "x.npz";
  Network net = small_network();
  set_weights(net, small_arrays());
  save_weights(net, path);
  CHECK(load_npz(path) == weights_of(net));
  Network other = small_network();
  load_weights(other, path);
  Values values(1);
  const Tensor x = values.uniform({2, 4, 3, 2}, -1, 1);
  CHECK(different_bits(other.forward(x), net.forward(x)) == 0);

  std::vector<NamedArray> arrays = small_arrays();
  arrays.push_back({"conv2.bias", {{2}, std::vector<float>{0, 1}}});
  set_weights(net, arrays);
  save_weights(net, path);
  load_weights(other, path);
  CHECK(parameter(other, "conv2.bias") == Tensor({2}, {0, 1}));
}

TEST_CASE("set_weights, weights_of: a layer without a bias has no array of one, and takes none") {
  const auto bare = [] {
    Network net({4, 3, 2});
    net.add("conv", Conv2d<>::zeros(2, 4, WindowGeometry::square(3), Bias::none));
    net.add("fc", Dense<>::zeros(8, 5, Bias::none));
    return net;
  };
  Network net = bare();
  Values values(3);
  std::vector<NamedArray> arrays{{"conv.weight", to_array(values.uniform({4, 2, 3, 3}, -1, 1))},
                                 {"fc.weight", to_array(values.uniform({5, 8}, -1, 1))}};
  set_weights(net, arrays);
  CHECK(weights_of(net) == arrays);
  arrays.push_back({"conv.bias", to_array(Tensor({4}))});
  CHECK(contains(refusal(bare(), arrays), "x.npz: no layer takes array conv.bias of shape [4]"));
}

TEST_CASE("set_weights: an array missing, of another shape or taken by nobody is named") {
  const Network net = small_network();
  REQUIRE(refusal(net, small_arrays()).empty());
  std::vector<NamedArray> arrays = small_arrays();
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    std::vector<NamedArray> others = arrays;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(contains(refusal(net, others), "x.npz: has no array " + arrays[i].name + " of shape"));
  }
  arrays[0].array = to_array(Tensor({4, 3, 3, 2}));
  CHECK(refusal(net, arrays) ==
        "x.npz: array conv1.weight has shape [4, 3, 3, 2], and the network takes [4, 2, 3, 3]");
  arrays = small_arrays();
  arrays.push_back({"dense3.bias", {{1}, std::vector<float>{1}}});
  CHECK(contains(refusal(net, arrays), "x.npz: no layer takes array dense3.bias of shape [1]"));

  Network changed = net;
  CHECK_THROWS_AS(set_weights(changed, arrays), Error);
  CHECK(parameter(changed, "dense1.bias") == Tensor({12}));
}

TEST_CASE("set_weights: arrays that Caffe numbered") {
  const auto array = [](const std::string& name, const Shape& shape, float value) {
    return NamedArray{name, {shape, std::vector<float>(shape.size(), value)}};
  };
  Network net({2});
  net.add("ip.1", Dense<>::zeros(2, 3));
  std::vector<NamedArray> arrays{array("ip.1.0", {3, 2}, 1.5F), array("ip.1.1", {3}, -1)};
  set_weights(net, arrays);
  CHECK(parameter(net, "ip.1.kernel") == Tensor({3, 1, 1, 2}, 1.5F));
  CHECK(parameter(net, "ip.1.bias") == Tensor({3}, -1.0F));
  arrays.push_back(array("ip.1.weight", {3, 2}, 2));
  CHECK(contains(complaint([&] { set_weights(net, arrays, "a.npz"); }),
                 "a.npz: has two arrays ip.1.weight"));
}

TEST_CASE("set_weights: vectors that only have as many values as a picture keep their order") {
  Network net({2, 2, 4});
  const std::size_t mean = net.add("mean", GlobalAveragePool{});
  net.add("join", Concatenate{}, {mean, mean, mean, mean});
  net.add("fc", Dense<>::zeros(16, 2));
  const Tensor weight = Values(1).uniform({2, 16}, -1, 1);
  const std::vector<NamedArray> arrays{{"fc.weight", to_array(weight)},
                                       {"fc.bias", to_array(Tensor({2}))}};
  set_weights(net, arrays);
  CHECK(std::ranges::equal(parameter(net, "fc.kernel").values(), weight.values()));
}

TEST_CASE("set_weights: flattened pictures keep their order through functions and their sums") {
  Network net({1, 2, 2});
  const std::size_t flat = net.add("flatten", Flatten{});
  const std::size_t relu = net.add("relu", ReLU{});
  net.add("slope", PReLU<>(Tensor({1})));
  net.add("double", MultiplyConstant(Tensor({1}, 2.0F)));
  net.add("sum", Add{}, {flat, relu, net.size() - 1});
  net.add("fc", Dense<>::zeros(4, 1));
  const std::vector<NamedArray> arrays{{"slope.weight", {{1}, std::vector<float>{9}}},
                                       {"fc.weight", {{1, 4}, std::vector<float>{1, 2, 3, 4}}},
                                       {"fc.bias", {{1}, std::vector<float>{0}}}};
  set_weights(net, arrays);
  CHECK(parameter(net, "fc.kernel") == Tensor({1, 1, 1, 4}, {1, 3, 2, 4}));
  CHECK(parameter(net, "slope.slope")[0] == 9.0F);
  CHECK(weights_of(net) == arrays);
}

TEST_CASE("set_weights: a flattened picture joined to a vector of another order is refused") {
  const auto joined = [](AnyLayer join, std::size_t outputs) {
    Network net({2, 2, 3});
    const std::size_t flat = net.add("flatten", Flatten{});
    const std::size_t dense = net.add("fc1", Dense<>::zeros(12, outputs));
    net.add("join", std::move(join), {flat, dense});
    return net;
  };
  for (const AnyLayer& join :
       {AnyLayer(Add{}), AnyLayer(AddBroadcast{}), AnyLayer(Multiply{}), AnyLayer(Concatenate{})}) {
    Network net = joined(join, 12);
    CHECK(contains(refusal(net, {}), "Layer join, " + join.kind() + ", joins vectors"));
    CHECK(contains(complaint([&] { (void)weights_of(net); }), "flatten them behind it"));
  }
  Network gated = joined(Multiply{}, 1);  // one value has no order
  CHECK(weights_of(gated).size() == 2);

  Network beside({2, 2, 1});
  const std::size_t wide = beside.add("conv", Conv2d<>::zeros(1, 8, WindowGeometry::square(1)));
  const std::size_t deep = beside.add("shrink", MaxPool(WindowGeometry::square(2)));
  beside.add("mean", Flatten{}, {deep});
  beside.add("gate", Multiply{}, {wide, 2});
  CHECK(refusal(beside, {}).starts_with("x.npz: has no array conv.weight"));
  Network halves({2, 2, 8});
  const std::size_t half = halves.add("pool", MaxPool({.kernel_height = 2}));
  halves.add("few", Slice({{0, 1, 1}, {0, 2, 1}, {0, 4, 1}}), {half});
  halves.add("flatten", Flatten{});
  halves.add("gate", Multiply{}, {Network::input, 2});
  CHECK(contains(refusal(halves, {}), "Layer gate, Multiply, joins vectors"));
}

TEST_CASE("set_weights: a network with learned scales is refused") {
  Network net({2});
  net.add("dense", Dense<Mono<4>>::zeros(2, 1));
  CHECK(contains(refusal(net, {}), "Parameter dense.kernel_scale is in no weight file"));
  CHECK(contains(complaint([&] { (void)weights_of(net); }), "dense.kernel_scale"));
}

// PyTorch adds up in another order: logits differ by about 1e-5.
TEST_CASE(
    "load_weights: ResNet-20 has the logits that PyTorch computes, under both normalisations") {
  if (!has_published({"cifar10", "resnet20"})) {
    return;
  }
  const Network net = published_resnet20();
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const auto check = [&](const Normalisation& normalisation, const std::string& name) {
    const Tensor golden =
        to_tensor(load_npy(published("resnet20/" + name))).rows(0, published_pictures);
    const Tensor logits = first_logits(net, data, normalisation, published_pictures);
    CHECK(largest_difference(logits.values(), golden.values()) < 1e-3F);
  };
  check(of_imagenet(), "logits_imagenet_norm_first1000.npy");
  check(of_cifar(), "logits_cifar_norm_first1000.npy");
}

TEST_CASE(
    "set_weights: LeNet of Caffe, whose dense layer reads a flattened picture, knows digits") {
  if (!has_published({"lenet-mnist"})) {
    return;
  }
  Dataset data = load_idx(published("lenet-mnist"), Split::test);
  data.keep_first(published_pictures);
  const Tensor logits = first_logits(published_lenet(), data, {}, data.size());
  CHECK(top_k(logits, data.labels).rate() >= 0.99);
}
