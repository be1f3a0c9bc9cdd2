// SPDX-License-Identifier: BSL-1.0
// Published networks on all pictures of their test sets, or on 16 of ImageNet, against the figures
// of other programs.
#include <cstddef>
#include <cstdlib>
#include <string>

#include "io/scratch.hpp"
#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/io/cifar10.hpp>
#include <upset/io/idx.hpp>
#include <upset/io/image_folder.hpp>
#include <upset/nn/model/mobilenet_v2.hpp>
#include <upset/nn/model/squeezenet.hpp>

using namespace upset;
using namespace upset::test;

namespace {

void check_first_logits(const Network& net, const Dataset& pictures,
                        const Normalisation& normalisation, const std::string& name) {
  const Tensor golden = to_tensor(load_npy(published("imagenet/" + name)));
  const Tensor logits = first_logits(net, pictures, normalisation, pictures.size());
  REQUIRE(logits.size() == golden.size());
  CHECK(largest_difference(golden.values(), logits.values()) < 1e-3F);
}

}  // namespace

TEST_CASE("SqueezeNet: PyTorch's logits within 1e-3") {
  if (!has_published({"imagenet"})) {
    return;
  }
  Dataset pictures = load_image_folder(published("imagenet"), {.most = 16});
  pictures.reverse_channels();
  Network net = squeezenet();
  load_weights(net, published("imagenet/squeezenet.npz"));
  check_first_logits(net, pictures, of_squeezenet(), "squeezenet_logits_first16.npy");
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
  const Dataset pictures = load_image_folder(published("imagenet"), {.most = 16});
  Network net = mobilenet_v2();
  load_weights(net, scratch.path() / "mobilenet_v2.npz");
  check_first_logits(net, pictures, of_mobilenet(), "mobilenet_v2_logits_first16.npy");
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
