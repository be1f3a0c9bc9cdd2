// SPDX-License-Identifier: BSL-1.0
// Published networks after training, in 8 bits: what each step of the methods keeps of accuracy.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/pass/convert.hpp>
#include <upset/pass/correct_biases.hpp>
#include <upset/pass/equalize.hpp>
#include <upset/pass/fold.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ResNet-20 in 8 bits: within a third of a point of 91.73 %, whatever the method") {
  if (!has_published({"cifar10", "resnet20"})) {
    return;
  }
  const Network real = fold_batch_norms(published_resnet20());
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  std::vector<std::size_t> pictures(data.size());
  std::iota(pictures.begin(), pictures.end(), std::size_t{0});
  const Tensor all = batch_of(data, pictures, of_imagenet());
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
