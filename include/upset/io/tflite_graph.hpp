// SPDX-License-Identifier: BSL-1.0
/// Graphs of TensorFlow Lite written down as JSON, with their constant tensors in an NPZ file.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <upset/core/error.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/io/bytes.hpp>
#include <upset/io/json_integers.hpp>
#include <upset/io/npz.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

/// A value of a graph: real = scale (q - zero_point), where it has scales.
struct TfliteTensor {
  std::string name;
  std::string type;  ///< "float32", "int8", "uint8", "int32", ...
  Shape shape;       ///< batch included
  std::vector<float> scales{};
  std::vector<std::int64_t> zero_points{};  ///< one for each scale
  Array constant{};                         ///< empty where it is computed

  [[nodiscard]] bool is_constant() const { return constant.shape.size() > 0; }
};

/// A step of a graph; inputs and outputs are numbers of tensors.
struct TfliteOperator {
  std::string kind;        ///< "CONV_2D", ...
  std::string activation;  ///< "RELU", "RELU6" or ""
  std::vector<std::size_t> inputs;
  std::vector<std::size_t> outputs;
  bool same_padding = false;
  std::array<std::size_t, 2> stride{1, 1};
  std::array<std::size_t, 2> dilation{1, 1};
  std::array<std::size_t, 2> filter{1, 1};
  bool align_corners = false;
  bool half_pixel_centers = false;
};

struct TfliteGraph {
  std::vector<TfliteTensor> tensors;
  std::vector<TfliteOperator> operators;  ///< each after those it reads
  std::size_t input = 0;                  ///< tensors
  std::size_t output = 0;
};

namespace detail {

[[nodiscard]] inline TfliteTensor parse_tflite_tensor(const nlohmann::json& json) {
  TfliteTensor tensor{json.at("name"), json.at("type"), {}};
  for (const auto extent : json_integers<std::size_t>(json.at("shape"))) {
    if (extent > (std::size_t{1} << 24U) ||
        tensor.shape.size() * extent > (std::size_t{1} << 28U)) {
      throw Error("tensor " + tensor.name + " is larger than 2^28 values");
    }
    tensor.shape.push_back(extent);
  }
  tensor.scales = json.value("scale", std::vector<float>{});
  tensor.zero_points = json_integers<std::int64_t>(json.value("zero_point", nlohmann::json{}));
  const bool is_code = tensor.type == "int8" || tensor.type == "uint8";
  const std::int64_t low = tensor.type == "uint8" ? 0 : -128;
  const bool in_range = std::ranges::all_of(
      tensor.zero_points, [&](std::int64_t zero) { return zero >= low && zero <= low + 255; });
  if (tensor.zero_points.size() != tensor.scales.size() ||
      (is_code && (tensor.scales.empty() || !in_range))) {
    throw Error("tensor " + tensor.name + " of type " + tensor.type +
                " needs a scale, and a zero point for each within its type");
  }
  return tensor;
}

[[nodiscard]] inline TfliteOperator parse_tflite_operator(const nlohmann::json& json,
                                                          std::size_t tensors) {
  TfliteOperator op{json.at("op"), "", json_integers<std::size_t>(json.at("inputs")),
                    json_integers<std::size_t>(json.at("outputs"))};
  for (const auto& numbers : {op.inputs, op.outputs}) {
    if (numbers.empty() || std::ranges::max(numbers) >= tensors) {
      throw Error(op.kind + " reads or writes a tensor that is not listed");
    }
  }
  if (json.contains("act") && !json["act"].is_null()) {
    op.activation = json["act"];
  }
  op.same_padding = json.value("padding", "") == "SAME";
  for (const auto& [key, pair] :
       {std::pair{"stride", &op.stride}, {"dilation", &op.dilation}, {"filter", &op.filter}}) {
    if (json.contains(key)) {
      const auto numbers = json_integers<std::size_t>(json[key]);
      if (numbers.size() != 2 || std::ranges::min(numbers) < 1 ||
          std::ranges::max(numbers) > 1024) {
        throw Error(op.kind + " has a " + key + " that is not two numbers from 1 to 1024");
      }
      *pair = {numbers[0], numbers[1]};
    }
  }
  op.align_corners = json.value("align_corners", false);
  op.half_pixel_centers = json.value("half_pixel_centers", false);
  return op;
}

}  // namespace detail

/// The graph in `text`, whose constants are `arrays` called t0, t1, ... by tensor number.
///
/// | key         | holds |
/// | `tensors`   | name, shape, type, scale[], zero_point[]; const: its data are an array |
/// | `operators` | in order: op, inputs, outputs, act, padding, stride, dilation, filter |
/// | `inputs`, `outputs` | tensor numbers, one each |
///
/// - errors: throws `Error` beginning with `where`: no such JSON, a constant without its array or
///   of another shape, tensor numbers that do not exist
[[nodiscard]] inline TfliteGraph parse_tflite_graph(const std::string& text,
                                                    std::vector<NamedArray> arrays,
                                                    const std::string& where) try {
  const nlohmann::json json = nlohmann::json::parse(text);
  std::map<std::string, Array> constants;
  for (NamedArray& array : arrays) {
    constants.emplace(std::move(array.name), std::move(array.array));
  }
  TfliteGraph graph;
  for (const nlohmann::json& tensor : json.at("tensors")) {
    graph.tensors.push_back(detail::parse_tflite_tensor(tensor));
    if (tensor.value("const", false)) {
      const auto found = constants.find("t" + std::to_string(graph.tensors.size() - 1));
      if (found == constants.end() || found->second.shape != graph.tensors.back().shape) {
        throw Error("constant tensor " + graph.tensors.back().name + " has no array t" +
                    std::to_string(graph.tensors.size() - 1) + " of shape " +
                    to_string(graph.tensors.back().shape));
      }
      graph.tensors.back().constant = std::move(found->second);
    }
  }
  for (const nlohmann::json& op : json.at("operators")) {
    graph.operators.push_back(detail::parse_tflite_operator(op, graph.tensors.size()));
  }
  graph.input = detail::json_integer<std::size_t>(json.at("inputs").at(0));
  graph.output = detail::json_integer<std::size_t>(json.at("outputs").at(0));
  if (std::max(graph.input, graph.output) >= graph.tensors.size()) {
    throw Error("its input or output is a tensor that is not listed");
  }
  return graph;
} catch (const nlohmann::json::exception& error) {
  throw Error(where + ": is no graph of tensors and operators (" + error.what() + ")");
} catch (const Error& error) {
  throw Error(where + ": " + error.what());
}

/// `parse_tflite_graph` of x.json and x.npz beside it. Throws as that and as `load_npz`.
[[nodiscard]] inline TfliteGraph load_tflite_graph(const std::filesystem::path& json) {
  const std::vector<std::uint8_t> text = detail::read_bytes(json);
  std::filesystem::path arrays = json;
  return parse_tflite_graph({text.begin(), text.end()}, load_npz(arrays.replace_extension("npz")),
                            json.string());
}

namespace detail {

// -- what its values are in ours

/// Without the batch.
[[nodiscard]] inline Shape tflite_picture(const TfliteTensor& tensor) {
  if (tensor.shape.rank() < 2 || tensor.shape[0] != 1) {
    throw Error("tensor " + tensor.name + " has shape " + to_string(tensor.shape) +
                ", and should be a batch of 1");
  }
  return tensor.shape.without_batch();
}
/// Codes from -128 to 127 whatever the type: those of uint8 are moved by 128.
[[nodiscard]] inline std::int64_t tflite_offset(const TfliteTensor& tensor) {
  return tensor.type == "uint8" ? 128 : 0;
}
[[nodiscard]] inline std::vector<AffineScale> tflite_scales(const TfliteTensor& tensor) {
  std::vector<AffineScale> all;
  for (std::size_t i = 0; i < tensor.scales.size(); ++i) {
    all.push_back(AffineScale::checked(
        tensor.scales[i], static_cast<std::int8_t>(tensor.zero_points[i] - tflite_offset(tensor))));
  }
  return all;
}
[[nodiscard]] inline bool tflite_is_code(const TfliteTensor& tensor) {
  return tensor.type == "int8" || tensor.type == "uint8";
}

/// The grid that codes of a computed value lie on. Throws `Error` where they are none.
[[nodiscard]] inline AffineScale tflite_grid(const TfliteTensor& tensor) {
  if (!tflite_is_code(tensor) || tensor.scales.size() != 1) {
    throw Error("tensor " + tensor.name + " should be of 8-bit integers with one scale");
  }
  return tflite_scales(tensor)[0];
}

/// Real values of weights, [O, ...] with channels of a depthwise kernel moved to the front.
[[nodiscard]] inline Tensor tflite_weights(const TfliteTensor& weights, std::size_t axis) {
  Tensor real = to_tensor(weights.constant);
  if (axis != 0) {  // [1, H, W, O] to [O, H, W, 1]
    const std::size_t outputs = weights.shape[3];
    const std::size_t taps = real.size() / outputs;
    Tensor kernel({outputs, weights.shape[1], weights.shape[2], 1});
    for (std::size_t i = 0; i < real.size(); ++i) {
      kernel[i % outputs * taps + i / outputs] = real[i];
    }
    real = std::move(kernel);
  }
  if (weights.scales.size() > 1 && weights.scales.size() != real.shape()[0]) {
    throw Error("its weights need one scale, or one for each output");
  }
  const std::size_t part = real.size() / std::max<std::size_t>(weights.scales.size(), 1);
  for (std::size_t i = 0; i < real.size() && !weights.scales.empty(); ++i) {
    real[i] =
        weights.scales[i / part] * (real[i] - static_cast<float>(weights.zero_points[i / part]));
  }
  return real;
}
}  // namespace detail

}  // namespace upset
