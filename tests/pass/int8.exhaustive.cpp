// SPDX-License-Identifier: BSL-1.0
// Published networks after training, in 8 bits: what each step of the methods keeps of accuracy.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/io/image_folder.hpp>
#include <upset/io/onnx.hpp>
#include <upset/pass/convert.hpp>
#include <upset/pass/correct_biases.hpp>
#include <upset/pass/equalize.hpp>
#include <upset/pass/fold.hpp>
#include <upset/pass/guard.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ResNet-20 in 8 bits: within a third of a point of 91.73 %, whatever the method") {
  if (!has_published({"cifar10", "resnet20"})) {
    return;
  }
  const Network real = fold_batch_norms(published_resnet20());
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Tensor all = batch_of(data, data.indices(data.size()), of_imagenet());
  const Tensor sample = all.rows(0, 256);
  const auto top1 = [&](const Network& net) {
    return static_cast<double>(top_k(net.forward(all), data.labels).hits) / 100;
  };
  const auto check = [&](const Network& from, Granularity granularity, RangeMethod method) {
    Network net = convert<Int8Affine>(from, every_layer, granularity);
    calibrate(net, from, sample, {method});
    CHECK(top1(net) > 91.4);
    correct_biases(net, from, sample);
    CHECK(top1(net) > 91.4);
  };
  check(real, Granularity::per_tensor, RangeMethod::min_max);
  check(equalize(real, sample), Granularity::per_tensor, RangeMethod::percentile);
  check(real, Granularity::per_channel, RangeMethod::least_square);
}

TEST_CASE("MobileNetV2 with one scale a kernel: what equalising keeps, under parity too") {
  if (!has_published({"imagenet"})) {
    return;
  }
  const Network net = load_onnx(published("imagenet/mobilenet_v2.onnx"));
  const Dataset data = load_image_folder(published("imagenet"));
  std::vector<std::size_t> order(data.size());  // a picture of each class, from all over
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i * 7919 % order.size();
  }
  const std::span<const std::size_t> numbers(order);
  const Tensor pictures = batch_of(data, numbers.first(100), of_mobilenet());
  const Tensor sample = batch_of(data, numbers.last(128), of_mobilenet());
  std::vector<std::uint16_t> labels;
  for (const std::size_t picture : numbers.first(100)) {
    labels.push_back(static_cast<std::uint16_t>(data.labels[picture] + 1));  // 0 is background
  }
  const auto right = [&](const Network& network) {
    return top_k(network.forward(pictures), labels).hits;
  };
  CHECK(right(net) == 92);
  const Network real = equalize(net, sample);
  CHECK(right(real) == 92);
  Network codes = convert<Int8Affine>(real);
  calibrate(codes, real, sample);
  Network guarded = guard<Int8Affine, ParityGuarded<Int8Affine, std::uint8_t>>(codes);
  CHECK(right(codes) > 80);  // 86; 11 without equalising
  correct_biases(guarded, real, sample.rows(0, 32));
  CHECK(right(guarded) > 86);  // 91; 33, equalised and corrected as before
}
