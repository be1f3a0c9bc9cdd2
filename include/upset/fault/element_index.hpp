// SPDX-License-Identifier: BSL-1.0
/// Elements of parameters as other tools name and number them, found in our memory.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/nn/flattened_pixels.hpp>
#include <upset/nn/network.hpp>
#include <upset/tensor/shape.hpp>

namespace upset {

/// A parameter set "layer.set" with the shape it has in memory; kernels are [O, Ky, Kx, I].
struct NamedShape {
  std::string name;
  Shape shape;
  std::size_t pixels = 1;  ///< of the flattened picture that a dense layer's inputs come from
};

/// The shapes of `Network::parameters()`.
[[nodiscard]] inline std::vector<NamedShape> named_shapes(Network& network) {
  const std::vector<std::size_t> pixels = detail::flattened_pixels(network);
  std::vector<NamedShape> shapes;
  for (std::size_t n = 0; n < network.size(); ++n) {
    const bool is_conv = network.layer(n).kind() == "Conv2d";
    for (const Parameter& parameter : network.layer(n).parameters()) {
      shapes.push_back({network.nodes()[n].name + "." + parameter.name, parameter.value->shape(),
                        is_conv ? 1 : detail::pixels_of(network, pixels, n, parameter)});
    }
  }
  return shapes;
}

/// The element in memory of the one that is number `index` in ONNX order: OHWI from OIHW where the
/// shape has four extents, else the same. A dense layer, [O, 1, 1, I], has (out, in) in both, but
/// for inputs that are a flattened picture of `pixels`: channel by channel in ONNX, pixel by pixel
/// here. The kernel of a transposed convolution is numbered as that of the convolution which it is
/// computed as. Throws `Error` past the end.
[[nodiscard]] inline std::uint64_t memory_index(const Shape& shape, std::uint64_t index,
                                                std::size_t pixels = 1) {
  if (index >= shape.size()) {
    throw Error("Element " + std::to_string(index) + " lies outside a parameter set of shape " +
                to_string(shape));
  }
  const bool is_kernel = shape.rank() == 4;
  if (!is_kernel && pixels == 1) {
    return index;
  }
  const std::uint64_t taps = is_kernel ? shape[1] * shape[2] * pixels : pixels;
  const std::uint64_t inputs = shape.size() / (is_kernel ? shape[0] : 1) / taps;
  const std::uint64_t tap = index % taps;
  const std::uint64_t in = index / taps % inputs;
  const std::uint64_t out = index / taps / inputs;
  return (out * taps + tap) * inputs + in;
}

namespace detail {

[[nodiscard]] inline std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

/// "(13, 0, 0, 0)", in the extents of ONNX, as one number; the last coordinates may be missing
/// where they can be 0 only. Nothing where it is something else.
[[nodiscard]] inline std::optional<std::uint64_t> flat_index(std::string_view text, Shape shape) {
  if (shape.rank() == 4) {
    shape = {shape[0], shape[3], shape[1], shape[2]};
  }
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') {
    return std::nullopt;
  }
  text = text.substr(1, text.size() - 2);
  std::uint64_t index = 0;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto at = whole_number(text.substr(0, comma));
    const bool missing = text.empty() && axis > 0 && shape[axis] == 1;
    if (!missing && (!at || *at >= shape[axis])) {
      return std::nullopt;
    }
    index = index * shape[axis] + at.value_or(0);
    text.remove_prefix(std::min(comma + 1, text.size()));  // Python writes "(5,)"
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  return text.empty() ? std::optional(index) : std::nullopt;
}

/// The names of our parameter sets for one that ONNX and PyTorch use.
[[nodiscard]] inline std::vector<std::string> parameter_names(const std::string& written) {
  static const std::map<std::string, std::vector<std::string>> others{
      {"weight", {"kernel", "gamma"}},
      {"bias", {"beta"}},
      {"running_mean", {"mean"}},
      {"running_var", {"variance"}}};
  std::vector<std::string> names{written};
  if (const auto found = others.find(written); found != others.end()) {
    names.insert(names.end(), found->second.begin(), found->second.end());
  }
  return names;
}

/// The first of `named` that is parameter set `parameter` of `layer`, under any of its names.
template <class Named>
[[nodiscard]] const Named* find_parameter(std::span<const Named> named, const std::string& layer,
                                          const std::string& parameter) {
  for (const std::string& name : parameter_names(parameter)) {
    for (const Named& each : named) {
      if (each.name == layer + "." + name) {
        return &each;
      }
    }
  }
  return nullptr;
}

}  // namespace detail

}  // namespace upset
