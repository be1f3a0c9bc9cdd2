// SPDX-License-Identifier: BSL-1.0
// Published networks in formats of their own on all pictures of their test sets.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/io/cifar10.hpp>
#include <upset/io/cmsis_nn.hpp>
#include <upset/io/cnv.hpp>
#include <upset/io/image_folder.hpp>
#include <upset/io/tflite.hpp>

using namespace upset;
using namespace upset::test;

namespace {

const Normalisation raw{{0}, {1}, 1};

/// Top-1 and top-5 of 1,000 pictures, in percent; class 0 is background.
std::vector<double> of_imagenet_crops(const Network& net, const ImageFolderOptions& options) {
  const Dataset data = load_image_folder(published("imagenet"), options);
  Count one;
  Count five;
  for (std::size_t first = 0; first < data.size(); first += 20) {
    const std::vector<std::size_t> pictures = data.indices(20, first);
    std::vector<std::size_t> classes = labels_of(data, pictures);
    for (std::size_t& label : classes) {
      ++label;
    }
    const Tensor logits = net.forward(batch_of(data, pictures, of_mobilenet()));
    one += top_k(logits, classes);
    five += top_k(logits, classes, 5);
  }
  return {100 * one.rate(), 100 * five.rate()};
}

}  // namespace

TEST_CASE("ResNet-8: 87.19 % of CIFAR-10 in floats, 87.06 % in the file's 8-bit integers") {
  if (!has_published({"cifar10", "resnet8"})) {
    return;
  }
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Network real = load_tflite(published("resnet8/resnet8_float.json"));
  const Tensor logits = first_logits(real, data, raw, data.size());
  const Tensor golden = to_tensor(load_npy(published("resnet8/logits_float_first1000.npy")));
  CHECK(largest_difference(golden.values(), logits.values()) < 1e-3F);
  CHECK(top_k(logits, data.labels) == Count{8719, 10000});
  const Network integer = load_tflite(published("resnet8/resnet8_int8.json"));
  const Count count = top_k(first_logits(integer, data, raw, data.size()), data.labels);
  CHECK(std::abs(count.rate() - 0.8706) <= 0.0005);
}

// The figures' own arithmetic rounds once more, by TFLite's fixed-point factors, or in other
// places.
TEST_CASE("MobileNets in the file's 8-bit integers: 89.5 % / 98.3 % and 46.0 % / 71.8 %") {
  if (!has_published({"imagenet"})) {
    return;
  }
  const std::vector<double> v2 =
      of_imagenet_crops(load_tflite(published("imagenet/mobilenet_v2_int8.json")), {});
  CHECK(std::abs(v2[0] - 89.5) <= 0.5);
  CHECK(std::abs(v2[1] - 98.3) <= 0.5);
  const std::vector<double> v1 = of_imagenet_crops(
      load_tflite(published("imagenet/mobilenet_v1_0.25_128_int8.json")),
      {.height = 128, .width = 128, .shorter_side = 0, .resampling = Resampling::area});
  CHECK(std::abs(v1[0] - 46.0) <= 0.5);
  CHECK(std::abs(v1[1] - 71.8) <= 0.5);
}

TEST_CASE("CNV-W1A1: 79.37 % of CIFAR-10, and its scores") {
  if (!has_published({"cifar10", "cnv-w1a1"})) {
    return;
  }
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Network net = cnv_w1a1(load_npz(published("cnv-w1a1/cnvW1A1_bits.npz")));
  const Tensor scores = first_logits(net, data, {{0.501953125F}, {0.5F}}, data.size());
  CHECK(scores.rows(0, 1000) == to_tensor(load_npy(published("cnv-w1a1/scores_first1000.npy"))));
  CHECK(top_k(scores, data.labels) == Count{7937, 10000});
}

TEST_CASE("CMSIS-NN: 79.15 % of CIFAR-10 in floats, 78.90 % in q7, and its outputs") {
  if (!has_published({"cifar10", "cmsisnn-m4"})) {
    return;
  }
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Network real = cmsis_nn(load_npz(published("cmsisnn-m4/m4_float.npz")),
                                to_tensor(load_npy(published("cmsisnn-m4/train_mean_image.npy"))));
  CHECK(top_k(first_logits(real, data, raw, data.size()), data.labels) == Count{7915, 10000});
  const Network fixed = cmsis_nn_q7(load_npz(published("cmsisnn-m4/m4_q7.npz")));
  const Tensor logits = first_logits(fixed, data, raw, data.size());
  CHECK(logits.rows(0, 1000) ==
        to_tensor(load_npy(published("cmsisnn-m4/logits_q7_first1000.npy"))));
  CHECK(top_k(logits, data.labels) == Count{7890, 10000});
}

TEST_CASE("DeepLab-v3: the bird, intersection over union 0.893") {
  if (!has_published({"deeplab-dm05"})) {
    return;
  }
  const Network net = load_tflite(published("deeplab-dm05/deeplab_dm05.json"));
  const Picture picture = load_image(published("deeplab-dm05/bird_segmentation.bmp"));
  const Picture mask = load_image(published("deeplab-dm05/bird_segmentation_mask.bmp"));
  Tensor x({1, 513, 513, 3});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = (static_cast<float>(picture.pixels[i]) - 128) / 128;
  }
  const Tensor scores = net.forward(x).reshaped({513 * 513, 21});
  Count overlap;
  for (std::size_t pixel = 0; pixel < scores.batch(); ++pixel) {
    const bool is_found = predicted_class(scores.row(pixel)) > 0;
    const bool is_there = mask.pixels[3 * pixel] > 0;
    overlap += {is_found && is_there ? 1U : 0U, is_found || is_there ? 1U : 0U};
  }
  CHECK(std::abs(overlap.rate() - 0.893) <= 0.005);
}
