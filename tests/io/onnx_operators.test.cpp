// SPDX-License-Identifier: BSL-1.0
// The node tests of ONNX: for each operator small models, their inputs, and what they give.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
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

/// Whether values are those of a batch of pictures as well as those of one vector.
bool takes_values_one_by_one(const std::string& type) {
  static const std::set<std::string> all{
      "Clip", "DequantizeLinear", "Div",     "Dropout", "HardSigmoid", "LeakyRelu",
      "Mul",  "QuantizeLinear",   "Sigmoid", "Sub",     "Sum",         "Tanh"};
  return all.contains(type);
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
    const std::string& type = graph.nodes.back().type;
    const bool is_one = graph.nodes.size() == 1;
    if (is_one && takes_values_one_by_one(type) && inputs.at(0).shape.rank() == 1) {
      const Shape vector = inputs[0].shape;
      for (std::size_t n = 0; n < inputs.size(); ++n) {
        if (inputs[n].shape == vector) {  // a batch of one
          inputs[n].shape = vector.with_batch(1);
          graph.inputs[n].extents.insert(graph.inputs[n].extents.begin(), 1);
        }
      }
    }
    if (is_one && (type == "QuantizeLinear" || type.starts_with("QLinear"))) {  // reals to us
      const std::size_t at = type == "QuantizeLinear" ? 1 : 6;
      const float zero = to_tensor(inputs.at(at + 1))[0];
      for (float& code : expected.values()) {
        code = to_tensor(inputs[at])[0] * (code - zero);
      }
    }
  }

  [[nodiscard]] bool has_known_operators() const {
    return std::ranges::all_of(graph.nodes, [](const detail::OnnxNode& node) {
      return detail::find_operator(node.type) != nullptr || detail::find_fold(node.type) != nullptr;
    });
  }
  [[nodiscard]] bool is_of_pictures() const {
    return !inputs.empty() && graph.inputs[0].type != detail::OnnxType::other &&
           graph.inputs[0].extents.size() >= 2;
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

  [[nodiscard]] bool joins_equal_inputs() const {
    const std::string& type = graph.nodes[0].type;
    return (type == "Add" || type == "Mul" || type == "Sum" || type == "Concat") &&
           inputs.size() > 1 && std::ranges::all_of(inputs, [&](const Array& input) {
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
    stacked.inputs = {{"stack", detail::OnnxType::real, extents}};
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

// What is refused, by what is said of it. Most of it is about the batch, which a network has not.
const std::map<std::string, std::vector<std::string>> refusals{
    {"quantises values by channel", {"quantizelinear_axis"}},
    {"computes with integers",
     {"clip_default_int8_inbounds", "clip_default_int8_max", "clip_default_int8_min", "div_uint8",
      "sub_uint8"}},
    {"takes pictures [batch, C, H, W]",
     {"AvgPool3d",
      "AvgPool3d_stride",
      "AvgPool3d_stride1_pad0_gpu_input",
      "Conv1d",
      "Conv1d_dilated",
      "Conv1d_groups",
      "Conv1d_pad1",
      "Conv1d_pad1size1",
      "Conv1d_pad2",
      "Conv1d_pad2size1",
      "Conv1d_stride",
      "Conv3d",
      "Conv3d_dilated",
      "Conv3d_dilated_strided",
      "Conv3d_groups",
      "Conv3d_no_bias",
      "Conv3d_stride",
      "Conv3d_stride_padding",
      "MaxPool1d",
      "MaxPool1d_stride",
      "MaxPool1d_stride_padding_dilation",
      "MaxPool3d",
      "MaxPool3d_stride",
      "MaxPool3d_stride_padding",
      "averagepool_1d_default",
      "averagepool_3d_default",
      "convtranspose_1d",
      "convtranspose_3d",
      "maxpool_1d_default",
      "maxpool_3d_default",
      "operator_maxpool",
      "reduce_mean_default_axes_keepdims_example",
      "reduce_mean_default_axes_keepdims_random",
      "reduce_mean_do_not_keepdims_example",
      "reduce_mean_do_not_keepdims_random",
      "reduce_mean_keepdims_example",
      "reduce_mean_keepdims_random",
      "reduce_mean_negative_axes_keepdims_example",
      "reduce_mean_negative_axes_keepdims_random"}},
    {"whose first extent is not the batch",
     {"flatten_axis0", "flatten_axis2", "flatten_axis3", "flatten_negative_axis1",
      "flatten_negative_axis2", "flatten_negative_axis4", "reshape_negative_extended_dims",
      "reshape_one_dim", "reshape_reordered_all_dims", "squeeze", "unsqueeze_axis_0"}},
    {"its axis is that of the batch",
     {"concat_2d_axis_0", "concat_2d_axis_negative_2", "concat_3d_axis_0",
      "concat_3d_axis_negative_3", "softmax_axis_0"}},
    {"moves the batch",
     {"gemm_all_attributes", "gemm_transposeA", "transpose_all_permutations_2",
      "transpose_all_permutations_3", "transpose_all_permutations_4",
      "transpose_all_permutations_5", "transpose_default"}},
    {"takes a part of the batch", {"slice", "slice_neg_steps"}},
    {"is to drop values",
     {"training_dropout", "training_dropout_default", "training_dropout_default_mask",
      "training_dropout_mask", "training_dropout_zero_ratio", "training_dropout_zero_ratio_mask"}},
    {"normalises by the batch",
     {"batchnorm_epsilon_training_mode", "batchnorm_example_training_mode"}},
    {"casts to another type", {"cast_FLOAT_to_DOUBLE", "castlike_FLOAT_to_DOUBLE_expanded"}},
    {"mode cubic",
     {"resize_downsample_scales_cubic", "resize_downsample_scales_cubic_A_n0p5_exclude_outside",
      "resize_downsample_scales_cubic_align_corners", "resize_downsample_sizes_cubic",
      "resize_upsample_scales_cubic", "resize_upsample_scales_cubic_A_n0p5_exclude_outside",
      "resize_upsample_scales_cubic_align_corners", "resize_upsample_scales_cubic_asymmetric",
      "resize_upsample_sizes_cubic"}},
    {"how it places or rounds",
     {"resize_downsample_sizes_nearest_tf_half_pixel_for_nn", "resize_tf_crop_and_resize"}},
    {"does not depend on its input",
     {"shape", "shape_clip_end", "shape_clip_start", "shape_end_1", "shape_end_negative_1",
      "shape_example", "shape_start_1", "shape_start_1_end_2", "shape_start_1_end_negative_1",
      "shape_start_negative_1"}},
    {"this operator is not supported", {"floor", "gather_0", "gather_1", "gather_2d_indices"}},
    {"are no matrix", {"matmul_3d", "matmul_4d", "qlinearmatmul_3D"}},
    {"PReLU takes slopes", {"prelu_example", "prelu_broadcast"}},
    {"its extent is 0", {"reshape_allowzero_reordered"}},
    {"it leaves nothing", {"slice_start_out_of_bounds"}},
    {"a value without an axis", {"operator_index"}},
    {"must be a constant of the file", {"operator_addmm"}},
    {"other axes than those of the pixels",
     {"operator_reduced_mean", "operator_reduced_mean_keepdim"}},
};

/// The part of a complaint that is expected of test `name`; empty where it is to run.
std::string refusal_of(const std::string& name) {
  for (const auto& [reason, names] : refusals) {
    if (std::ranges::find(names, name) != names.end()) {
      return reason;
    }
  }
  return "";
}

}  // namespace

TEST_CASE("ONNX: the tests of all operators that are read") {
  const fs::path root = UPSET_ONNX_TESTS;
  if (!fs::is_directory(root)) {
    MESSAGE("skipped: no folder \"", root.string(), "\"; install libonnx-testdata");
    return;
  }
  std::map<std::string, std::size_t> counts;
  for (const char* const kind : {"node", "pytorch-converted", "pytorch-operator"}) {
    for (const fs::path& folder : fs::directory_iterator(root / kind)) {
      std::optional<NodeTest> test;
      if (!complaint([&] { test.emplace(folder); }).empty() || !test->has_known_operators()) {
        ++counts["of other operators or types"];
        continue;
      }
      if (!test->is_of_pictures()) {
        ++counts["without a batch of floats or codes"];
        continue;
      }
      CAPTURE(test->name);
      const auto check = [&](auto compute) {
        const std::string refusal = refusal_of(test->name.substr(5));
        std::vector<float> got;
        const std::string error = complaint([&] { got = compute(); });
        CAPTURE(error);
        CHECK(error.empty() == refusal.empty());
        CHECK(contains(error, refusal));
        if (error.empty()) {
          CHECK(worst_difference(got, test->expected.values()) < 1e-5F);
        }
        ++counts[error.empty() ? "run" : "refused"];
      };
      if (test->joins_equal_inputs()) {
        check([&] { return test->with_values(); });
      } else {
        check([&] { return test->with_constants(); });
      }
    }
  }
  for (const auto& [what, count] : counts) {
    MESSAGE(count, " ", what);
  }
  CHECK(counts["run"] > 210);
}
