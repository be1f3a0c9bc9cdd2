// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_folding.hpp>

using namespace upset;
using namespace upset::test;
using detail::OnnxNode;

namespace {

Array folded(const OnnxNode& node, const std::vector<Array>& inputs) {
  detail::OnnxConstants constants;
  for (const Array& input : inputs) {
    constants.push_back(&input);
  }
  return detail::find_fold(node.type)(node, constants);
}

}  // namespace

TEST_CASE("ONNX: what exporters compute with shapes") {
  const Array shape = folded({"Shape", "", {}, {}, {}}, {to_array(Tensor({2, 3, 5}))});
  CHECK(shape == integers({2, 3, 5}));
  const Array last = folded({"Gather", "", {}, {}, {}}, {shape, {Shape(), Integers{-1}}});
  CHECK(last == Array{Shape(), Integers{5}});
  const Array row = folded({"Unsqueeze", "", {}, {}, {}}, {last, integers({0})});
  CHECK(row == integers({5}));
  CHECK(folded({"Concat", "", {}, {}, {{"axis", std::int64_t{0}}}}, {row, integers({-1})}) ==
        integers({5, -1}));
  CHECK(folded({"Div", "", {}, {}, {}}, {integers({7, -7}), integers({2})}) == integers({3, -3}));
  const Array real = folded({"Cast", "", {}, {}, {{"to", std::int64_t{1}}}}, {row});
  CHECK(real == Array{{1}, std::vector<float>{5}});
  const Array half = folded({"Mul", "", {}, {}, {}}, {real, {Shape(), std::vector<float>{0.5F}}});
  CHECK(folded({"Floor", "", {}, {}, {}}, {half}) == Array{{1}, std::vector<float>{2}});
  CHECK(folded({"Slice", "", {}, {}, {}}, {shape, integers({1}), integers({3})}) ==
        integers({3, 5}));
  CHECK(folded({"ConstantOfShape", "", {}, {}, {}}, {integers({2, 2})}) ==
        Array{{2, 2}, std::vector<float>(4, 0)});
}

TEST_CASE("ONNX: constants that are missing, overflow or grow without end are refused") {
  const auto says = [](const OnnxNode& node, const std::vector<Array>& inputs) {
    return complaint([&] { static_cast<void>(folded(node, inputs)); });
  };
  CHECK(contains(says({"ConstantOfShape", "", {}, {}, {}}, {integers({1 << 14, 1 << 14})}),
                 "more than can be meant"));
  CHECK(contains(says({"Mul", "", {}, {}, {}}, {integers({1})}), "its input 1 is missing"));
  CHECK(contains(
      says({"Cast", "", {}, {}, {{"to", std::int64_t{7}}}}, {{{1}, std::vector<float>{1e30F}}}),
      "to an integer"));
  CHECK(contains(says({"Gather", "", {}, {}, {}}, {integers({1, 2}), integers({2})}), "axis"));
}
