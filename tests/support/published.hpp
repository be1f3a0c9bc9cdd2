// SPDX-License-Identifier: BSL-1.0
/// Networks and data sets that others published, for tests that compare with their figures. They
/// are no part of the library: the environment variable UPSET_DATA names a folder with
///
/// - cifar10: test_batch.bin
/// - resnet20: resnet20.npz, logits_imagenet_norm_first1000.npy, logits_cifar_norm_first1000.npy
/// - lenet-mnist: lenet.npz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz
/// - imagenet: 0000.ppm, images, classes.tsv, squeezenet.npz, squeezenet_logits_first16.npy,
/// make_mobilenet_v2_npz.py,
///   mobilenet_v2_logits_first16.npy
///
/// ResNet-20: Y. Idelbayev, "Proper ResNet Implementation for CIFAR10/CIFAR100 in PyTorch" (GitHub:
/// akamaster/pytorch_resnet_cifar10), its logits computed by PyTorch 1.13. LeNet: ARM-software/
/// ML-examples (GitHub), armnn-mnist, trained by Caffe. SqueezeNet: songhan/
/// SqueezeNet-Deep-Compression (GitHub); MobileNetV2: google-coral/edgetpu (GitHub), its int8 file
/// in floats; logits of both by PyTorch 1.13.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/io/batch.hpp>
#include <upset/io/weights.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/nn/model/caffe_lenet.hpp>
#include <upset/nn/model/resnet_cifar.hpp>

namespace upset::test {

/// Whether `folders` are there; says so where they are not.
[[nodiscard]] inline bool has_published(const std::vector<std::string>& folders) {
  const char* const root = std::getenv("UPSET_DATA");
  for (const std::string& folder : folders) {
    if (root == nullptr || !std::filesystem::is_directory(std::filesystem::path(root) / folder)) {
      MESSAGE("skipped: UPSET_DATA names no folder with ", folder);
      return false;
    }
  }
  return true;
}

/// A file or folder below UPSET_DATA, which must be there.
[[nodiscard]] inline std::filesystem::path published(const std::string& name) {
  return std::filesystem::path(std::getenv("UPSET_DATA")) / name;
}

/// How pictures were normalised when ResNet-20 was trained: with the figures of ImageNet.
[[nodiscard]] inline Normalisation of_imagenet() {
  return {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};
}
/// With those of CIFAR-10, as studies of faults in this network have it.
[[nodiscard]] inline Normalisation of_cifar() {
  return {{0.4914F, 0.4822F, 0.4465F}, {0.2023F, 0.1994F, 0.2010F}};
}

/// Of the first channel that the network takes: blue.
[[nodiscard]] inline Normalisation of_squeezenet() { return {{104, 117, 123}, {1}, 1}; }
[[nodiscard]] inline Normalisation of_mobilenet() { return {{128}, {128}, 1}; }

[[nodiscard]] inline Network published_resnet20() {
  Network net = resnet_cifar(20, {32, 32, 3}, 10);
  load_weights(net, published("resnet20/resnet20.npz"));
  return net;
}

[[nodiscard]] inline Network published_lenet() {
  Network net = caffe_lenet();
  load_weights(net, published("lenet-mnist/lenet.npz"));
  return net;
}

/// Logits of the first `count` pictures of `data`.
[[nodiscard]] inline Tensor first_logits(const Network& net, const Dataset& data,
                                         const Normalisation& normalisation, std::size_t count) {
  return net.forward(batch_of(data, data.indices(count), normalisation));
}

[[nodiscard]] inline float largest_difference(std::span<const float> a, std::span<const float> b) {
  float largest = 0.0F;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::fabs(a[i] - b[i]));
  }
  return largest;
}

}  // namespace upset::test
