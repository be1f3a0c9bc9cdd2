// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/core/random.hpp>
#include <upset/io/tflite.hpp>

using namespace upset;

namespace {

// input 3x4x2 -> conv 2x2, SAME, stride 2, relu -> depthwise 3x3 -> sum with the conv -> 2x2 pool
// -> dense of 2; uint8 but for the dense weights, which have a scale for each output.
const std::string graph_text = R"({
 "inputs": [0], "outputs": [11],
 "tensors": [
  {"name": "x", "shape": [1,3,4,2], "type": "uint8", "scale": [0.5], "zero_point": [100]},
  {"name": "w", "shape": [3,2,2,2], "type": "uint8", "scale": [0.25], "zero_point": [120], "const": true},
  {"name": "b", "shape": [3], "type": "int32", "scale": [0.125], "zero_point": [0], "const": true},
  {"name": "c", "shape": [1,2,2,3], "type": "uint8", "scale": [1.5], "zero_point": [0]},
  {"name": "dw", "shape": [1,3,3,3], "type": "uint8", "scale": [0.01], "zero_point": [99], "const": true},
  {"name": "d", "shape": [1,2,2,3], "type": "uint8", "scale": [2.0], "zero_point": [50]},
  {"name": "s", "shape": [1,2,2,3], "type": "uint8", "scale": [3.0], "zero_point": [30]},
  {"name": "p", "shape": [1,1,1,3], "type": "uint8", "scale": [1.0], "zero_point": [90]},
  {"name": "f", "shape": [1,3], "type": "uint8", "scale": [1.0], "zero_point": [90]},
  {"name": "fw", "shape": [2,3], "type": "int8", "scale": [0.5, 0.125], "zero_point": [0, 0], "const": true},
  {"name": "fb", "shape": [2], "type": "int32", "scale": [0.5, 0.125], "zero_point": [0, 0], "const": true},
  {"name": "y", "shape": [1,2], "type": "uint8", "scale": [4.0], "zero_point": [128]},
  {"name": "probability", "shape": [1,2], "type": "uint8", "scale": [0.1], "zero_point": [0]}],
 "operators": [
  {"op": "CONV_2D", "inputs": [0,1,2], "outputs": [3], "padding": "SAME", "stride": [2,2], "act": "RELU"},
  {"op": "DEPTHWISE_CONV_2D", "inputs": [3,4], "outputs": [5], "padding": "SAME", "stride": [1,1], "act": null},
  {"op": "ADD", "inputs": [5,3], "outputs": [6], "act": null},
  {"op": "AVERAGE_POOL_2D", "inputs": [6], "outputs": [7], "padding": "VALID", "filter": [2,2]},
  {"op": "RESHAPE", "inputs": [7,8], "outputs": [8]},
  {"op": "FULLY_CONNECTED", "inputs": [8,9,10], "outputs": [11], "act": null},
  {"op": "SOFTMAX", "inputs": [11], "outputs": [12]}]})";

template <class T>
Array random_array(const Shape& shape, std::uint64_t stream, int low, int high) {
  Random random(3, stream);
  std::vector<T> values;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    values.push_back(static_cast<T>(
        low + static_cast<int>(random.uniform_below(static_cast<std::uint64_t>(high - low)))));
  }
  return {shape, values};
}

std::vector<NamedArray> network_constants() {
  return {{"t1", random_array<std::uint8_t>({3, 2, 2, 2}, 1, 0, 256)},
          {"t2", random_array<std::int32_t>({3}, 2, -500, 500)},
          {"t4", random_array<std::uint8_t>({1, 3, 3, 3}, 4, 0, 256)},
          {"t9", random_array<std::int8_t>({2, 3}, 9, -128, 128)},
          {"t10", random_array<std::int32_t>({2}, 10, -50, 50)}};
}

std::string refused_network(const std::string& what, const std::string& instead) {
  std::string text = graph_text;
  text.replace(text.find(what), what.size(), instead);
  return complaint(
      [&] { (void)network_of(parse_tflite_graph(text, network_constants(), "x.json")); });
}

using Expected = std::vector<double>;

/// The nearest code of a value on a uint8 grid, as the real it stands for.
double on_grid(double x, double scale, double zero) {
  return scale * (std::clamp(std::nearbyint(x / scale) + zero, 0.0, 255.0) - zero);
}

double at(const Array& array, std::size_t i) {
  return std::visit([i](const auto& values) { return static_cast<double>(values[i]); },
                    array.values);
}

/// The graph above by its definition, in double.
Expected expected(const Expected& x) {
  const std::vector<NamedArray> c = network_constants();
  Expected conv(12);
  Expected sum(12);
  Expected pooled(3, 0.0);
  for (std::size_t i = 0; i < 12; ++i) {  // SAME of 3 rows in steps of 2: one row below
    const std::size_t o = i % 3;
    double total = 0.125 * at(c[1].array, o);
    for (std::size_t t = 0; t < 8; ++t) {
      const std::size_t row = i / 6 * 2 + t / 4;
      const std::size_t column = i / 3 % 2 * 2 + t / 2 % 2;
      if (row < 3) {
        total += x[(row * 4 + column) * 2 + t % 2] * 0.25 * (at(c[0].array, o * 8 + t) - 120);
      }
    }
    conv[i] = on_grid(std::max(total, 0.0), 1.5, 0);
  }
  for (std::size_t i = 0; i < 12; ++i) {
    double total = 0;
    for (std::size_t t = 0; t < 9; ++t) {
      const std::size_t row = i / 6 + t / 3;  // one more than that of the picture
      const std::size_t column = i / 3 % 2 + t % 3;
      if (row >= 1 && row < 3 && column >= 1 && column < 3) {
        total += conv[((row - 1) * 2 + column - 1) * 3 + i % 3] * 0.01 *
                 (at(c[2].array, t * 3 + i % 3) - 99);
      }
    }
    sum[i] = on_grid(on_grid(total, 2, 50) + conv[i], 3, 30);
    pooled[i % 3] += sum[i] / 4;
  }
  Expected y(2);
  for (std::size_t o = 0; o < 2; ++o) {
    const double scale = o == 0 ? 0.5 : 0.125;
    y[o] = scale * at(c[4].array, o);
    for (std::size_t i = 0; i < 3; ++i) {
      y[o] += on_grid(pooled[i], 1, 90) * scale * at(c[3].array, o * 3 + i);
    }
    y[o] = on_grid(y[o], 4, 128);
  }
  return y;
}

}  // namespace

TEST_CASE("network_of a TFLite graph: what its operators compute, on the grids of its tensors") {
  const Network net = network_of(parse_tflite_graph(graph_text, network_constants(), "x"));
  CHECK(net.input_shape() == Shape{3, 4, 2});
  CHECK(net.output_shape() == Shape{2});
  Random random(5, 1);
  Tensor x({20, 3, 4, 2});
  for (float& value : x.values()) {
    value = 0.5F * (static_cast<float>(random.uniform_below(256)) - 100);
  }
  const Tensor y = net.forward(x);
  for (std::size_t b = 0; b < 20; ++b) {
    const Expected wanted = expected({x.row(b).begin(), x.row(b).end()});
    CHECK(y.row(b)[0] == wanted[0]);
    CHECK(y.row(b)[1] == wanted[1]);
  }
}

TEST_CASE("network_of a TFLite graph: memory holds the codes of the file, under its scales") {
  Network net = network_of(parse_tflite_graph(graph_text, network_constants(), "x"));
  const std::vector<NamedImage> images = net.images();
  CHECK(images[0].name == "conv0.kernel");
  const auto* const kernel = dynamic_cast<const Memory<Int8Affine>*>(images[0].image);
  REQUIRE(kernel != nullptr);
  CHECK(kernel->scales()[0] == AffineScale{0.25F, -8});
  for (std::size_t i = 0; i < kernel->size(); ++i) {
    CHECK(static_cast<std::int8_t>(kernel->words()[i]) ==
          at(network_constants()[0].array, i) - 128);
  }
}

TEST_CASE("network_of a TFLite graph: guards wrap what it holds") {
  using Guarded = Triplicated<Int8Affine>;
  const TfliteGraph graph = parse_tflite_graph(graph_text, network_constants(), "x");
  const Tensor x({2, 3, 4, 2}, 7.5F);
  CHECK(network_of<Guarded>(graph).forward(x) == network_of(graph).forward(x));
}

TEST_CASE("network_of a TFLite graph: what is wrong is said with its operator") {
  CHECK(contains(refused_network("[0,1,2]", "[0]"),
                 "CONV_2D that makes tensor c: input 1 should be"));
  CHECK(contains(refused_network("[0,1,2]", "[5,1,2]"), "tensor d is read before it is computed"));
  CHECK(contains(refused_network("\"scale\": [0.25]", "\"scale\": [0]"),
                 "the scale must be a positive"));
  CHECK(contains(refused_network(
                     "[0.5, 0.125], \"zero_point\": [0, 0], \"const\": true},\n  {\"name\": \"fb\"",
                     "[1,1,1], \"zero_point\": [0,0,0], \"const\": true},\n  {\"name\": \"fb\""),
                 "its weights need one scale, or one for each output"));
  CHECK(contains(refused_network("[2,2], \"act\": \"RELU\"", "[2,4], \"act\": \"RELU\""),
                 "gives [2, 1, 3], and the file says [2, 2, 3]"));
  CHECK(contains(refused_network("\"SOFTMAX\", \"inputs\": [11]", "\"SOFTMAX\", \"inputs\": [5]"),
                 "its last operator does not give its output, d"));
  CHECK(contains(refused_network("\"RELU\"", "\"TANH\""),
                 "activation function TANH is not supported"));
  CHECK(contains(refused_network("\"AVERAGE_POOL_2D\"", "\"L2_POOL_2D\""),
                 "L2_POOL_2D that makes tensor p: this operator is not supported"));
  CHECK(contains(refused_network("\"filter\": [2,2]", "\"filter\": [1,1]"),
                 "gives [2, 2, 3], and the file says [1, 1, 3]"));
  CHECK(contains(refused_network("\"CONV_2D\"", "\"SOFTMAX\""), "has no operator to compute"));
}
