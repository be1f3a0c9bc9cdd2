// SPDX-License-Identifier: BSL-1.0
// Published networks on all pictures of their test sets, against the figures of other programs.
#include <cstddef>
#include <string>

#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/io/cifar10.hpp>
#include <upset/io/idx.hpp>

using namespace upset;
using namespace upset::test;

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
