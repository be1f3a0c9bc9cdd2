// SPDX-License-Identifier: BSL-1.0
// Published networks as ONNX files on real pictures, against the figures of other programs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/io/cifar10.hpp>
#include <upset/io/image_folder.hpp>
#include <upset/io/onnx.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// Largest difference between `logits` and a file of golden ones, of the rows that both have.
float difference_to(const std::string& golden, const Tensor& logits) {
  const Tensor expected = to_tensor(load_npy(published(golden)));
  const std::size_t both = std::min(expected.size(), logits.size());
  return largest_difference(expected.values().first(both), logits.values().first(both));
}

}  // namespace

TEST_CASE(
    "resnet20.onnx: 91.73 % of CIFAR-10, logits within 1e-4, weights named as in its NPZ file") {
  if (!has_published({"cifar10", "resnet20"})) {
    return;
  }
  Network net = load_onnx(published("resnet20/resnet20.onnx"));
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Tensor logits = first_logits(net, data, of_imagenet(), data.size());
  CHECK(difference_to("resnet20/logits_imagenet_norm_first1000.npy", logits) < 1e-4F);
  CHECK(top_k(logits, data.labels) == Count{9173, 10000});
  Network named = published_resnet20();
  CHECK(weights_of(net) == weights_of(named));
}

TEST_CASE("resnet8.onnx: 87.19 % of CIFAR-10, logits within 1e-3") {
  if (!has_published({"cifar10", "resnet8"})) {
    return;
  }
  const Network net = load_onnx(published("resnet8/resnet8.onnx"));
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Normalisation raw{{0, 0, 0}, {1.0F / 255, 1.0F / 255, 1.0F / 255}};
  const Tensor logits = first_logits(net, data, raw, data.size());
  CHECK(difference_to("resnet8/logits_float_first1000.npy", logits) < 1e-3F);
  CHECK(top_k(logits, data.labels) == Count{8719, 10000});
}

TEST_CASE("squeezenet.onnx and mobilenet_v2.onnx: logits of 16 JPEG files within 1e-3") {
  if (!has_published({"imagenet"})) {
    return;
  }
  Dataset pictures = load_image_folder(published("imagenet"), {.most = 16});
  const Network mobilenet = load_onnx(published("imagenet/mobilenet_v2.onnx"));
  CHECK(difference_to("imagenet/mobilenet_v2_logits_first16.npy",
                      first_logits(mobilenet, pictures, of_mobilenet(), 16)) < 1e-3F);
  pictures.reverse_channels();
  const Network squeezenet = load_onnx(published("imagenet/squeezenet.onnx"));
  CHECK(difference_to("imagenet/squeezenet_logits_first16.npy",
                      first_logits(squeezenet, pictures, of_squeezenet(), 16)) < 1e-3F);
}

TEST_CASE("ONNX: published networks come back from an exported file as they were") {
  if (!has_published({"resnet20", "imagenet"})) {
    return;
  }
  const Network net = load_onnx(published("imagenet/mobilenet_v2.onnx"));
  const Dataset picture = load_image_folder(published("imagenet"), {.most = 1});
  const Tensor x = batch_of(picture, std::vector<std::size_t>{0}, of_mobilenet());
  CHECK(parse_onnx(onnx_bytes(net)).forward(x) == net.forward(x));
}
