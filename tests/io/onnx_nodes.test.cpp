// SPDX-License-Identifier: BSL-1.0
// The node tests of ONNX: for each operator small models, their inputs, and what they give.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/io/onnx.hpp>

#include "scratch.hpp"

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

/// What the model gives, with the inputs behind the first one bound as constants: picture by
/// picture, where they too are batches.
std::vector<float> outputs_of(const fs::path& folder) {
  const auto bytes = detail::read_bytes(folder / "model.onnx");
  const detail::OnnxGraph graph = detail::parse_onnx_graph(bytes, folder.string());
  std::vector<Array> inputs;
  for (std::size_t n = 0; n < graph.inputs.size(); ++n) {
    inputs.push_back(
        read_tensor(folder / "test_data_set_0" / ("input_" + std::to_string(n) + ".pb")));
  }
  if (inputs.empty()) {
    throw Error("no input");
  }
  const Shape& first = inputs[0].shape;
  const std::size_t batch = first.rank() < 2 ? 1 : first[0];
  bool is_split = false;
  for (std::size_t n = 1; n < inputs.size(); ++n) {
    is_split |= batch > 1 && inputs[n].shape.rank() == first.rank() && inputs[n].shape[0] == batch;
  }
  std::vector<float> all;
  for (std::size_t b = 0; b < (is_split ? batch : 1); ++b) {
    detail::OnnxGraph bound = graph;
    for (std::size_t n = 1; n < inputs.size(); ++n) {
      const bool is_batch = inputs[n].shape.rank() == first.rank() && inputs[n].shape[0] == batch;
      bound.constants[graph.inputs[n].name] = is_split && is_batch ? row(inputs[n], b) : inputs[n];
    }
    bound.inputs.resize(1);
    bound.outputs.resize(1);
    if (is_split) {
      bound.inputs[0].extents[0] = 1;
    }
    const Network net = detail::import_onnx(std::move(bound), folder.filename());
    const Tensor y = net.forward(as_ours(is_split ? row(inputs[0], b) : inputs[0]));
    all.insert(all.end(), y.values().begin(), y.values().end());
  }
  return all;
}

bool is_supported(const fs::path& folder) {
  try {
    const auto bytes = detail::read_bytes(folder / "model.onnx");
    const detail::OnnxGraph graph = detail::parse_onnx_graph(bytes, "");
    return std::ranges::all_of(graph.nodes, [](const detail::OnnxNode& node) {
      return detail::find_operator(node.type) != nullptr || detail::find_fold(node.type) != nullptr;
    });
  } catch (const Error&) {  // strings, sequences, types that are not read
    return false;
  }
}

}  // namespace

TEST_CASE("ONNX: the node tests of all operators that are read") {
  const fs::path root = UPSET_ONNX_NODE_TESTS;
  if (!fs::is_directory(root)) {
    MESSAGE("skipped: no folder \"", root.string(), "\"; install libonnx-testdata");
    return;
  }
  const std::map<std::string, std::string> refused;
  std::vector<fs::path> folders(fs::directory_iterator(root), {});
  std::ranges::sort(folders);
  std::size_t run = 0;
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string().substr(5);
    if (!is_supported(folder)) {
      continue;
    }
    CAPTURE(name);
    std::vector<float> got;
    const std::string error = complaint([&] { got = outputs_of(folder); });
    if (!error.empty()) {
      MESSAGE(name, ": ", error);
      continue;
    }
    const Tensor expected = as_ours(read_tensor(folder / "test_data_set_0" / "output_0.pb"));
    REQUIRE(got.size() == expected.size());
    float worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const float difference = std::fabs(got[i] - expected[i]);
      worst = std::max(worst, difference / (1 + std::fabs(expected[i])));
    }
    CHECK(worst < 1e-5F);
    ++run;
  }
  MESSAGE(run, " run");
}
