// SPDX-License-Identifier: BSL-1.0
/// Trained parameters on disk.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>
#include <upset/train/checked_file.hpp>

namespace upset {

namespace detail {

inline void add_parameters(FileContent& content, std::span<const Parameter> parameters) {
  content.add(std::uint64_t{parameters.size()});
  for (const Parameter& parameter : parameters) {
    content.add(std::string_view(parameter.name));
    content.add(*parameter.value);
  }
}

/// Reads the values of all `parameters`; throws `Error` naming the first that differs in name or
/// shape.
[[nodiscard]] inline std::vector<Tensor> read_parameters(FileReader& reader,
                                                         std::span<const Parameter> parameters) {
  const std::string other = reader.file() + " belongs to another network: ";
  std::vector<Tensor> values;
  const std::uint64_t count = reader.number();
  for (std::uint64_t p = 0; p < count; ++p) {
    const std::string name = reader.text();
    values.push_back(reader.tensor());
    if (p >= parameters.size() || parameters[p].name != name) {
      throw Error(other + "it has parameter " + name + " where this network has " +
                  (p < parameters.size() ? parameters[p].name : "no more"));
    }
    if (parameters[p].value->shape() != values[p].shape()) {
      throw Error(other + "parameter " + name + " has shape " + to_string(values[p].shape()) +
                  " there and " + to_string(parameters[p].value->shape()) + " here");
    }
  }
  if (count < parameters.size()) {
    throw Error(other + "it lacks parameter " + parameters[count].name);
  }
  return values;
}

/// Scales that were fitted to data and that no parameter holds: name and bits of each, the highest
/// first.
[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> fitted_scales(
    Network& network) {
  const std::vector<Parameter> parameters = network.parameters();
  std::vector<std::pair<std::string, std::string>> scales;
  for (const auto& [name, image] : network.images()) {
    if (image->layout().elements == 0 && !std::ranges::count(parameters, name, &Parameter::name)) {
      std::string bits;
      for (std::uint64_t bit = image->bit_count(); bit-- > 0;) {
        bits += image->test(bit) ? '1' : '0';
      }
      scales.emplace_back(name, std::move(bits));
    }
  }
  return scales;
}

}  // namespace detail

/// Writes all parameters of `network`, and under which fitted scales they hold. `about` says what
/// they are good for, and is asked for again when they are loaded: "LeNet-5, Mono<8>, 10 epochs,
/// seed 1".
///
/// - errors: throws `Error` when the file cannot be written, and then leaves the old one
inline void save_parameters(Network& network, const std::filesystem::path& path,
                            std::string_view about = {}) {
  detail::FileContent content;
  content.add(about);
  detail::add_parameters(content, network.parameters());
  for (const auto& [name, bits] : detail::fitted_scales(network)) {
    content.add(std::string_view(name));
    content.add(std::string_view(bits));
  }
  detail::write_file(path, "upsetPAR", content);
}

/// Reads parameters into `network` and encodes it. Scales of activations that are no parameters,
/// those of `Int8Affine`, are not read: `calibrate` the network as before it was saved.
///
/// - errors: throws `Error` when the file is missing, truncated, damaged, no parameter file, about
///           something else, of another network or of one calibrated otherwise; the network is then
///           unchanged
inline void load_parameters(Network& network, const std::filesystem::path& path,
                            std::string_view about = {}) {
  detail::FileReader reader = detail::read_file(path, "upsetPAR", "a parameter file");
  if (const std::string found = reader.text(); found != about) {
    throw Error(reader.file() + " holds the parameters of \"" + found + "\", not of \"" +
                std::string(about) + "\"");
  }
  const std::vector<Parameter> parameters = network.parameters();
  std::vector<Tensor> values = detail::read_parameters(reader, parameters);
  for (const auto& [name, bits] : detail::fitted_scales(network)) {
    if (reader.text() != name || reader.text() != bits) {
      throw Error(reader.file() + " was saved under another " + name +
                  "; calibrate the network as it was then before loading");
    }
  }
  reader.finish();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    *parameters[p].value = std::move(values[p]);
  }
  network.encode();
}

}  // namespace upset
