// SPDX-License-Identifier: BSL-1.0
/// Weights of a network by the names and in the shapes that PyTorch and ONNX files give them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/io/npz.hpp>
#include <upset/nn/flattened_pixels.hpp>
#include <upset/nn/network.hpp>

namespace upset {

namespace detail {

/// A parameter, and the array that holds it in a file.
struct WeightArray {
  std::string name;
  Shape shape;
  Tensor* value;
  // In a file [outputs, channels, pixels], here [outputs, pixels, channels].
  std::size_t outputs;
  std::size_t pixels;
  bool may_lack;  // then it is zero

  [[nodiscard]] std::size_t channels() const { return value->size() / outputs / pixels; }
};

/// All parameters of `network`. Throws `Error` naming one that no weight file has.
[[nodiscard]] inline std::vector<WeightArray> weight_arrays(Network& network) {
  static const std::map<std::string_view, std::string_view> names{
      {"kernel", "weight"}, {"bias", "bias"},         {"gamma", "weight"},
      {"beta", "bias"},     {"mean", "running_mean"}, {"variance", "running_var"},
      {"slope", "weight"}};
  const std::vector<std::size_t> pixels = flattened_pixels(network);
  std::vector<WeightArray> all;
  for (std::size_t n = 0; n < network.size(); ++n) {
    const std::string& layer = network.nodes()[n].name;
    const bool is_conv = network.layer(n).kind() == "Conv2d";
    for (const Parameter& parameter : network.layer(n).parameters()) {
      const auto name = names.find(parameter.name);
      if (name == names.end()) {
        throw Error("Parameter " + layer + "." + parameter.name +
                    " is in no weight file; load weights into a network of floats, and convert it");
      }
      const Shape& shape = parameter.value->shape();
      WeightArray array{layer + "." + std::string(name->second), shape, parameter.value, 1, 1,
                        is_conv && parameter.name == "bias"};
      if (parameter.name == "kernel") {
        array.outputs = shape[0];
        array.shape = is_conv ? Shape{shape[0], shape[3], shape[1], shape[2]}
                              : Shape{shape[0], shape.size() / shape[0]};
      }
      if (is_conv) {
        array.pixels = parameter.name == "kernel" ? shape[1] * shape[2] : 1;
      } else {
        array.pixels = pixels_of(network, pixels, n, parameter);
      }
      all.push_back(std::move(array));
    }
  }
  return all;
}

/// What an array is called here that Caffe, which numbers parameters, or anyone else calls `name`.
[[nodiscard]] inline std::string weight_name(std::string_view name) {
  const std::string layer(name.substr(0, name.size() - std::min<std::size_t>(name.size(), 2)));
  return name.ends_with(".0")   ? layer + ".weight"
         : name.ends_with(".1") ? layer + ".bias"
                                : std::string(name);
}

/// [outer, rows, columns] to [outer, columns, rows]
inline void transpose(std::span<const float> from, std::span<float> to, std::size_t rows,
                      std::size_t columns) {
  for (std::size_t first = 0; first < from.size(); first += rows * columns) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        to[first + column * rows + row] = from[first + row * columns + column];
      }
    }
  }
}

}  // namespace detail

/// Gives every parameter the values of its array, and encodes the network. Of a layer x:
///
/// | layer       | arrays |
/// | `Conv2d`    | x.weight [O, I / groups, Ky, Kx]; x.bias [O], which may be missing: zero |
/// | `Dense`     | x.weight [O, I]; x.bias [O] |
/// | `BatchNorm` | x.weight, x.bias, x.running_mean, x.running_var [C]; its epsilon is 1e-5 |
/// | `PReLU`     | x.weight [C] or [1] |
///
/// A layer without a bias has no x.bias. Arrays x.0 and x.1, as Caffe numbers them, are x.weight
/// and x.bias.
///
/// Where a picture has been flattened, arrays have its channels outermost, as [C, H, W]; they are
/// put in our order. Arrays x.num_batches_tracked are ignored.
///
/// - errors: throws `Error` beginning with `where` and naming the array: missing, of another shape,
///   taken by no layer; the network is then unchanged. Learned scales are in no weight file, and
///   sums, products and concatenations of a flattened picture and another vector have no order that
///   files share: a network that has these is refused
inline void set_weights(Network& network, std::span<const NamedArray> arrays,
                        const std::string& where = "weights") {
  std::map<std::string, const Array*> left;
  for (const auto& [name, array] : arrays) {
    if (!name.ends_with(".num_batches_tracked") &&
        !left.emplace(detail::weight_name(name), &array).second) {
      throw Error(where + ": has two arrays " + detail::weight_name(name) +
                  ", which in Caffe's files end in a number; leave one out");
    }
  }
  const std::vector<detail::WeightArray> wanted = detail::weight_arrays(network);
  std::vector<Tensor> values;
  for (const detail::WeightArray& weights : wanted) {
    values.emplace_back(weights.value->shape());
    const auto found = left.find(weights.name);
    if (found == left.end()) {
      if (weights.may_lack) {
        continue;
      }
      throw Error(where + ": has no array " + weights.name + " of shape " +
                  to_string(weights.shape) + "; name layers and arrays alike");
    }
    if (found->second->shape != weights.shape) {
      throw Error(where + ": array " + weights.name + " has shape " +
                  to_string(found->second->shape) + ", and the network takes " +
                  to_string(weights.shape));
    }
    detail::transpose(to_tensor(*found->second).values(), values.back().values(),
                      weights.channels(), weights.pixels);
    left.erase(found);
  }
  if (!left.empty()) {
    throw Error(where + ": no layer takes array " + left.begin()->first + " of shape " +
                to_string(left.begin()->second->shape) +
                "; name layers and arrays alike, and leave out what is not of this network");
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    *wanted[i].value = std::move(values[i]);
  }
  network.encode();
}

/// What `set_weights` takes.
[[nodiscard]] inline std::vector<NamedArray> weights_of(Network& network) {
  std::vector<NamedArray> arrays;
  for (const detail::WeightArray& weights : detail::weight_arrays(network)) {
    Tensor values(weights.shape);
    detail::transpose(weights.value->values(), values.values(), weights.pixels, weights.channels());
    arrays.push_back({weights.name, to_array(values)});
  }
  return arrays;
}

namespace detail {

/// Throws `Error` for what is named as another kind of file, which needs another package.
inline void require_npz_name(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") {
    throw Error(path.string() + ": load_weights and save_weights take NPZ files; use " +
                "set_weights(network, load_arrays(path)) and save_arrays(path, " +
                "weights_of(network)) of upset/io/safetensors.hpp");
  }
}

}  // namespace detail

/// `set_weights` from an NPZ file. Throws as that and as `load_npz`, and for the name of a file of
/// safetensors.
inline void load_weights(Network& network, const std::filesystem::path& path) {
  detail::require_npz_name(path);
  set_weights(network, load_npz(path), path.string());
}

/// Writes `weights_of` to an NPZ file. Throws as `save_npz`, and for the name of a file of
/// safetensors.
inline void save_weights(Network& network, const std::filesystem::path& path) {
  detail::require_npz_name(path);
  save_npz(path, weights_of(network));
}

}  // namespace upset
