// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include "support/published.hpp"
#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/cifar10.hpp>
#include <upset/io/cnv.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("cnv_w1a1: what is missing is named") {
  CHECK(complaint([] { (void)cnv_w1a1({}); }) == "There is no array L0.w of 4 extents");
  const std::vector<NamedArray> no_thresholds{
      {"L0.w", {{64, 3, 3, 3}, std::vector<std::int8_t>(64 * 27)}}};
  CHECK(complaint([&] { (void)cnv_w1a1(no_thresholds); }) ==
        "There is no array L0.thr of 1 extents");
}

TEST_CASE("cnv_w1a1: the published scores of the first pictures, integer by integer") {
  if (!has_published({"cifar10", "cnv-w1a1"})) {
    return;
  }
  const Network net = cnv_w1a1(load_npz(published("cnv-w1a1/cnvW1A1_bits.npz")));
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Tensor golden = to_tensor(load_npy(published("cnv-w1a1/scores_first1000.npy")));
  const Tensor scores = first_logits(net, data, {{0.501953125F}, {0.5F}}, 20);
  CHECK(scores == golden.rows(0, 20));
}
