// SPDX-License-Identifier: BSL-1.0
// Published networks on all pictures of their test sets, or on one of ImageNet, against the figures
// of other programs.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/scratch.hpp"
#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/io/cifar10.hpp>
#include <upset/io/idx.hpp>
#include <upset/nn/model/mobilenet_v2.hpp>
#include <upset/nn/model/squeezenet.hpp>

using namespace upset;
using namespace upset::test;

namespace {

// The 224x224 pixels R, G, B that end a PPM file.
std::vector<std::uint8_t> picture_of_imagenet() {
  std::vector<std::uint8_t> bytes = detail::read_bytes(published("imagenet/0000.ppm"));
  REQUIRE(bytes.size() > 224 * 224 * 3);
  return {bytes.end() - 224 * 224 * 3, bytes.end()};
}

void check_first_logits(const Network& net, const Tensor& x, const std::string& name) {
  const Tensor golden = to_tensor(load_npy(published("imagenet/" + name)));
  const Tensor logits = net.forward(x);
  REQUIRE(logits.size() == golden.row(0).size());
  CHECK(largest_difference(golden.row(0), logits.values()) < 1e-3F);
}

}  // namespace

TEST_CASE("SqueezeNet: PyTorch's logits within 1e-3") {
  if (!has_published({"imagenet"})) {
    return;
  }
  const std::vector<std::uint8_t> pixels = picture_of_imagenet();
  const std::array<float, 3> means{104, 117, 123};
  Tensor x({1, 224, 224, 3});
  for (std::size_t i = 0; i < x.size(); ++i) {  // B, G, R
    x[i] = static_cast<float>(pixels[i / 3 * 3 + 2 - i % 3]) - means[i % 3];
  }
  Network net = squeezenet();
  load_weights(net, published("imagenet/squeezenet.npz"));
  check_first_logits(net, x, "squeezenet_logits_first16.npy");
}

TEST_CASE("MobileNetV2: PyTorch's logits within 1e-3") {
  if (!has_published({"imagenet"})) {
    return;
  }
  const Scratch scratch;
  const std::string make = "python3 '" + published("imagenet/make_mobilenet_v2_npz.py").string() +
                           "' '" + scratch.path().string() + "'";
  if (std::system(make.c_str()) != 0) {
    MESSAGE("skipped: Python 3, which writes mobilenet_v2.npz, is missing");
    return;
  }
  const std::vector<std::uint8_t> pixels = picture_of_imagenet();
  Tensor x({1, 224, 224, 3});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = (static_cast<float>(pixels[i]) - 128) / 128;
  }
  Network net = mobilenet_v2();
  load_weights(net, scratch.path() / "mobilenet_v2.npz");
  check_first_logits(net, x, "mobilenet_v2_logits_first16.npy");
}

TEST_CASE("ResNet-20: 91.73 % and 91.48 % of CIFAR-10, and PyTorch's logits within 1e-4") {
  if (!has_published({"cifar10", "resnet20"})) {
    return;
  }
  const Network net = published_resnet20();
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const auto check = [&](const Normalisation& normalisation, const std::string& name,
                         std::size_t hits) {
    const Tensor golden = to_tensor(load_npy(published("resnet20/" + name)));
    const Tensor logits = first_logits(net, data, normalisation, data.size());
    CHECK(largest_difference(golden.values(), logits.values()) < 1e-4F);
    CHECK(top_k(logits, data.labels) == Count{hits, 10000});
  };
  check(of_imagenet(), "logits_imagenet_norm_first1000.npy", 9173);
  check(of_cifar(), "logits_cifar_norm_first1000.npy", 9148);
}

TEST_CASE("LeNet: 99.16 % of MNIST") {
  if (!has_published({"lenet-mnist"})) {
    return;
  }
  const Dataset data = load_idx(published("lenet-mnist"), Split::test);
  const Tensor logits = first_logits(published_lenet(), data, {}, data.size());
  CHECK(top_k(logits, data.labels) == Count{9916, 10000});
}
