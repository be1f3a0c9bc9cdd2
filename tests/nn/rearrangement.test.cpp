// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <string>
#include <vector>

#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/rearrangement.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// Every other row, and a column of sevens behind.
struct Halved : detail::Rearrangement<Halved> {
  Halved() { fill = 7; }
  [[nodiscard]] static std::string kind() { return "Halved"; }
  [[nodiscard]] static detail::Sources sources(const Shape& x) {
    check_rank(x, 2);
    detail::Sources result;
    result.add_axis(x[0] / 2, [&](std::size_t row) { return 2 * row * x[1]; });
    result.add_axis(x[1] + 1, [&](std::size_t i) { return i < x[1] ? i : detail::Sources::none; });
    return result;
  }
};

}  // namespace

TEST_CASE("Sources: offsets of all axes add up, and none stays none") {
  detail::Sources sources;
  sources.add_axis(2, [](std::size_t i) { return 10 * i; });
  sources.add_axis(3, [](std::size_t i) { return i == 1 ? detail::Sources::none : i; });
  CHECK(sources.shape() == Shape{2, 3});
  std::vector<std::size_t> from;
  sources.for_each([&](std::size_t to, std::size_t at) {
    CHECK(to == from.size());
    from.push_back(at);
  });
  constexpr std::size_t none = detail::Sources::none;
  CHECK(from == std::vector<std::size_t>{0, none, 2, 10, none, 12});
}

TEST_CASE("strides_of: the last axis is fastest") {
  CHECK(detail::strides_of({4, 3, 5}) == std::vector<std::size_t>{15, 5, 1});
  CHECK(detail::strides_of({}).empty());
}

TEST_CASE("Rearrangement: takes values from their sources, and fills in the others") {
  const Tensor x({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(forward(Halved{}, x) == Tensor({2, 1, 3}, {1, 2, 7, 5, 6, 7}));
  CHECK(output_shape(Halved{}, {Shape{6, 4}}) == Shape{3, 5});
  CHECK(refusal(Halved{}, {Shape{6}}) == "Halved of 2 axes takes as many, not [6]");
  CHECK(refusal(Halved{}, {Shape{6}, Shape{6}}) == "Halved takes one input, not 2");
}
