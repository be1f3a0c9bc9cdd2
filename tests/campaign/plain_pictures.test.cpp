// SPDX-License-Identifier: BSL-1.0
#include <cstddef>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/plain_pictures.hpp>
#include <upset/format/float32.hpp>
#include <upset/nn/dense.hpp>

using namespace upset;
using upset::test::Values;

TEST_CASE("PlainPictures: a trial's output is that of an inference, wherever it begins") {
  Values values(1);
  Network network({4});
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    network.add(name, Dense<>(values.uniform({4, 4}, -1, 1), values.uniform({4}, -1, 1)));
  }
  const Tensor x = values.uniform({3, 4}, 0, 1);
  const Tensor golden = network.forward(x);
  detail::PlainPictures pictures;
  pictures.take(x, golden);
  CHECK(pictures.golden_output() == golden);

  // the layer at `start` is hit; the first trial has no values of nodes, the second has
  for (const std::size_t start : {std::size_t{0}, std::size_t{2}, std::size_t{4}, std::size_t{2}}) {
    CAPTURE(start);
    pictures.expect(network, start);
    const auto flip = [&] {
      network.layer(start).images()[0].image->flip(23);
      network.layer(start).refresh();
    };
    flip();
    const Tensor output = pictures.output(network, start, {});
    CHECK(output == network.forward(x));
    CHECK(output != golden);
    flip();
  }
  pictures.expect(network, network.size());
  CHECK(pictures.output(network, network.size(), {}) == golden);
}
