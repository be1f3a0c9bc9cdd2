// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include "support/published.hpp"
#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/cifar10.hpp>
#include <upset/io/cmsis_nn.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("cmsis_nn, cmsis_nn_q7: what is missing is named") {
  CHECK(complaint([] {
          (void)cmsis_nn({}, Tensor({3, 32, 32}));
        }) ==
        "weights: has no array conv1.weight of shape [32, 3, 5, 5]; name layers and arrays alike");
  CHECK(complaint([] {
          (void)cmsis_nn({}, Tensor({32, 32, 3}));
        }) == "The mean picture has shape [32, 32, 3], not [3, 32, 32]");
  CHECK(complaint([] { (void)cmsis_nn_q7({}); }) == "There is no array MEAN_DATA of 1 extents");
}

// Rows a to d of a tile are stored a0 b0 a2 b2 c0 d0 c2 d2 a1 b1 a3 b3 c1 d1 c3 d3.
TEST_CASE("cmsis_nn_q7: rows of the dense layer are put back in order") {
  Tensor stored({5120});
  for (std::size_t i = 0; i < stored.size(); ++i) {
    stored[i] = static_cast<float>(i);
  }
  const Tensor rows = detail::cmsis_nn_rows(stored);
  CHECK(rows.row(0)[1] == 8);            // a1
  CHECK(rows.row(1)[4] == 16 + 1);       // b0 of the second tile
  CHECK(rows.row(7)[3] == 2048 + 15);    // d3 of the second four rows
  CHECK(rows.row(9)[5] == 9 * 512 + 5);  // plain
}

TEST_CASE("cmsis_nn_q7: the published outputs of the first pictures, integer by integer") {
  if (!has_published({"cifar10", "cmsisnn-m4"})) {
    return;
  }
  const Network net = cmsis_nn_q7(load_npz(published("cmsisnn-m4/m4_q7.npz")));
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  const Tensor golden = to_tensor(load_npy(published("cmsisnn-m4/logits_q7_first1000.npy")));
  CHECK(first_logits(net, data, {{0}, {1}, 1}, 20) == golden.rows(0, 20));
}
