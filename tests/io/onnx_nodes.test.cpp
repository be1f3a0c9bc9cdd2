// SPDX-License-Identifier: BSL-1.0
// The node tests of ONNX: for each operator small models, their inputs, and what they give.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx.hpp>

using namespace upset;
namespace fs = std::filesystem;

namespace {

Array read_tensor(const fs::path& path) {
  const auto bytes = detail::read_bytes(path);
  return detail::onnx_array(detail::parse_proto<onnx::TensorProto>(bytes, path.string()));
}

/// Row `b` of the first extent, as a batch of one.
Array row(const Array& array, std::size_t b) {
  const std::vector<Range> ranges = detail::onnx_ranges(
      array.shape, {static_cast<std::int64_t>(b)}, {static_cast<std::int64_t>(b) + 1}, {0}, {});
  return detail::rearranged(array, Slice(ranges).sources(array.shape));
}

/// A batch of pictures with its channels last; anything else as it is.
Tensor as_ours(const Array& array) {
  return to_tensor(array.shape.rank() == 4 ? detail::permuted(array, {0, 2, 3, 1}) : array);
}

struct NodeTest {
  std::string name;
  detail::OnnxGraph graph;
  std::vector<Array> inputs;
  Tensor expected;

  explicit NodeTest(const fs::path& folder) : name(folder.filename()) {
    const auto bytes = detail::read_bytes(folder / "model.onnx");
    graph = detail::parse_onnx_graph(bytes, name);
    graph.outputs.resize(1);
    const fs::path data = folder / "test_data_set_0";
    for (std::size_t n = 0; n < graph.inputs.size(); ++n) {
      inputs.push_back(read_tensor(data / ("input_" + std::to_string(n) + ".pb")));
    }
    expected = as_ours(read_tensor(data / "output_0.pb"));
  }

  [[nodiscard]] bool is_of_pictures() const {
    return !inputs.empty() && graph.inputs[0].is_float && graph.inputs[0].extents.size() >= 2 &&
           std::ranges::all_of(graph.nodes, [](const detail::OnnxNode& node) {
             return detail::find_operator(node.type) != nullptr ||
                    detail::find_fold(node.type) != nullptr;
           });
  }
  [[nodiscard]] bool is_batch(std::size_t n) const {
    return inputs[n].shape.rank() == inputs[0].shape.rank() &&
           inputs[n].shape[0] == inputs[0].shape[0];
  }

  /// What the model gives, with the inputs behind the first one bound as constants: picture by
  /// picture, where they too are batches.
  [[nodiscard]] std::vector<float> with_constants() const {
    const std::size_t batch = inputs[0].shape[0];
    bool is_split = false;
    for (std::size_t n = 1; n < inputs.size(); ++n) {
      is_split |= batch > 1 && is_batch(n);
    }
    std::vector<float> all;
    for (std::size_t b = 0; b < (is_split ? batch : 1); ++b) {
      const auto part = [&](std::size_t n) {
        return is_split && is_batch(n) ? row(inputs[n], b) : inputs[n];
      };
      detail::OnnxGraph bound = graph;
      for (std::size_t n = 1; n < inputs.size(); ++n) {
        bound.constants[graph.inputs[n].name] = part(n);
      }
      bound.inputs.resize(1);
      bound.inputs[0].extents[0] = is_split ? 1 : bound.inputs[0].extents[0];
      const Tensor y = detail::import_onnx(std::move(bound), name).forward(as_ours(part(0)));
      all.insert(all.end(), y.values().begin(), y.values().end());
    }
    return all;
  }

  [[nodiscard]] bool has_equal_inputs() const {
    return inputs.size() > 1 && std::ranges::all_of(inputs, [&](const Array& input) {
             return input.shape == inputs[0].shape;
           });
  }
  /// What the model gives, with inputs of one shape stacked along a new axis behind the batch, and
  /// split by the network.
  [[nodiscard]] std::vector<float> with_values() const {
    detail::OnnxGraph stacked = graph;
    std::vector<std::int64_t> extents = detail::extents_of(inputs[0].shape);
    stacked.constants["shape"] = detail::onnx_integers(extents);
    extents.insert(extents.begin() + 1, static_cast<std::int64_t>(inputs.size()));
    stacked.inputs = {{"stack", true, extents}};
    detail::OnnxNode split{"Split", "", {"stack"}, {}, {{"axis", std::int64_t{1}}}};
    for (const detail::OnnxInput& input : graph.inputs) {
      split.outputs.push_back(input.name + " of stack");
      stacked.nodes.insert(stacked.nodes.begin(),
                           {"Reshape", "", {split.outputs.back(), "shape"}, {input.name}, {}});
    }
    stacked.nodes.insert(stacked.nodes.begin(), split);
    std::vector<float> values;
    for (std::size_t b = 0; b < inputs[0].shape[0]; ++b) {
      for (const Array& input : inputs) {
        const Tensor part = to_tensor(row(input, b));
        values.insert(values.end(), part.values().begin(), part.values().end());
      }
    }
    const Array stack{detail::onnx_shape(extents), values};
    const Tensor y = detail::import_onnx(std::move(stacked), name).forward(as_ours(stack));
    return {y.values().begin(), y.values().end()};
  }
};

/// By how much `got` differs from `expected`, relative to what is larger than 1.
float worst_difference(std::span<const float> got, std::span<const float> expected) {
  float worst = got.size() == expected.size() ? 0 : std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
    worst = std::max(worst, std::fabs(got[i] - expected[i]) / (1 + std::fabs(expected[i])));
  }
  return worst;
}

}  // namespace

TEST_CASE("ONNX: the tests of all operators that are read") {
  const fs::path root = UPSET_ONNX_TESTS;
  if (!fs::is_directory(root)) {
    MESSAGE("skipped: no folder \"", root.string(), "\"; install libonnx-testdata");
    return;
  }
  std::size_t run = 0;
  for (const char* const kind : {"node", "pytorch-converted", "pytorch-operator"}) {
    std::vector<fs::path> folders(fs::directory_iterator(root / kind), {});
    std::ranges::sort(folders);
    for (const fs::path& folder : folders) {
      std::optional<NodeTest> test;
      const std::string unread = complaint([&] { test.emplace(folder); });
      if (!unread.empty() || !test->is_of_pictures()) {
        continue;
      }
      CAPTURE(test->name);
      std::vector<float> got;
      std::string error = complaint([&] { got = test->with_constants(); });
      if (test->has_equal_inputs()) {
        error = complaint([&] { got = test->with_values(); });
      }
      MESSAGE(kind, " ", error);
      if (error.empty()) {
        CHECK(worst_difference(got, test->expected.values()) < 1e-5F);
        ++run;
      }
    }
  }
  MESSAGE(run, " run");
}
