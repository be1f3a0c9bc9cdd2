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
#include <upset/nn/layer.hpp>
#include <upset/tensor/shape.hpp>

namespace upset {

/// A parameter set "layer.set" with the shape it has in memory; kernels are [O, Ky, Kx, I].
struct NamedShape {
  std::string name;
  Shape shape;
};

/// The shapes of `Network::parameters()`.
[[nodiscard]] inline std::vector<NamedShape> named_shapes(
    const std::vector<Parameter>& parameters) {
  std::vector<NamedShape> shapes;
  for (const Parameter& parameter : parameters) {
    shapes.push_back({parameter.name, parameter.value->shape()});
  }
  return shapes;
}

/// The element in memory of the one that is number `index` in ONNX order: OHWI from OIHW where the
/// shape has four extents, else the same. A dense layer, [O, 1, 1, I], has (out, in) in both.
/// Throws `Error` past the end.
[[nodiscard]] inline std::uint64_t memory_index(const Shape& shape, std::uint64_t index) {
  if (index >= shape.size()) {
    throw Error("Element " + std::to_string(index) + " lies outside a parameter set of shape " +
                to_string(shape));
  }
  if (shape.rank() != 4) {
    return index;
  }
  const std::uint64_t taps = shape[1] * shape[2];
  const std::uint64_t tap = index % taps;
  const std::uint64_t in = index / taps % shape[3];
  const std::uint64_t out = index / taps / shape[3];
  return (out * taps + tap) * shape[3] + in;
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
