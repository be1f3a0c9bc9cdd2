// SPDX-License-Identifier: BSL-1.0
#include <cstddef>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_symbols.hpp>

using namespace upset;
using namespace upset::test;
using detail::OnnxNode;
using detail::OnnxSymbols;

namespace {

/// y = (x + c)^2, beside a node that nothing needs.
detail::OnnxGraph sum_graph() {
  return graph_of({0, 4},
                  {{"Add", "sum", {"x", "c"}, {"s"}, {}},
                   {"Tanh", "beside", {"s"}, {"t"}, {}},
                   {"Mul", "act", {"s", "s"}, {"y"}, {}}},
                  {{"c", integers({1, 2, 3, 4})}});
}

}  // namespace

TEST_CASE("OnnxSymbols: what is a constant, what a value, and who needs it") {
  detail::OnnxGraph graph = sum_graph();
  OnnxSymbols symbols(graph, detail::input_value(graph));
  REQUIRE(symbols.needed().size() == 2);
  CHECK(symbols.needed()[0]->name == "sum");
  CHECK(symbols.needed()[1]->name == "act");
  const OnnxNode& sum = graph.nodes[0];
  CHECK(symbols.batch() == 1);
  CHECK(symbols.is_value(sum, 0));
  CHECK(!symbols.is_constant(sum, 0));
  CHECK(symbols.is_constant(sum, 1));
  CHECK(symbols.integers(sum, 1, "none") == Integers{1, 2, 3, 4});
  CHECK(contains(complaint([&] { static_cast<void>(symbols.constant(sum, 0)); }),
                 "its input 0 must be a constant"));
  CHECK(contains(complaint([&] { static_cast<void>(symbols.unrounded(sum, 1)); }),
                 "its input 1 must depend on the input"));
  CHECK(symbols.is_read_once(Network::input));
}

TEST_CASE("OnnxSymbols: a name is given once, and read after that") {
  detail::OnnxGraph graph = sum_graph();
  OnnxSymbols symbols(graph, detail::input_value(graph));
  const OnnxNode& act = graph.nodes[2];
  CHECK(contains(complaint([&] { symbols.expect_inputs(act); }), "reads s, which no node before"));
  CHECK(symbols.find_value("s") == nullptr);
  symbols.give("s", *symbols.find_value("x"));
  symbols.expect_inputs(act);
  CHECK(symbols.find_value("s") != nullptr);
  CHECK(!symbols.is_read_once(Network::input));  // as s it is read twice
  CHECK(contains(complaint([&] { symbols.give("c", *symbols.find_value("x")); }),
                 "gives c, which is there already"));
  CHECK(symbols.unused("c") == "c_2");
}
