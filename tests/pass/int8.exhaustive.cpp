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

TEST_CASE("ResNet-20 in 8 bits: within a point of 91.73 %, whatever the method") {
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
  for (const Granularity granularity : {Granularity::per_tensor, Granularity::per_channel}) {
    for (const RangeMethod method :
         {RangeMethod::min_max, RangeMethod::percentile, RangeMethod::least_square}) {
      for (const Network& from : {real, equalize(real)}) {
        Network net = convert<Int8Affine>(from, every_layer, granularity);
        calibrate(net, from, sample, {method});
        const double plain = top1(net);
        correct_biases(net, from, sample);
        const double corrected = top1(net);
        MESSAGE((granularity == Granularity::per_channel ? "per channel" : "per tensor"), " method ",
                static_cast<int>(method), " plain ", plain, " corrected ", corrected);
        CHECK(plain > 90.7);
        CHECK(corrected > 90.7);
      }
    }
  }
}
