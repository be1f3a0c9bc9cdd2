// SPDX-License-Identifier: BSL-1.0
/// How `Network` is built and computed; included by network.hpp only.
#pragma once

#include <cstdint>

#include <upset/nn/activation.hpp>
#include <upset/nn/network.hpp>

namespace upset {

inline std::size_t Network::add(std::string name, AnyLayer layer, std::vector<std::size_t> inputs) {
  std::vector<Shape> shapes;
  for (const Node& node : nodes_) {
    if (node.name == name) {
      throw Error("Two layers are called " + name + "; name them differently");
    }
  }
  for (const std::size_t from : inputs) {
    if (from != input && from >= nodes_.size()) {
      throw Error("Layer " + name + " reads node " + std::to_string(from) +
                  ", which does not exist yet");
    }
    shapes.push_back(from == input ? input_shape_ : nodes_[from].shape);
  }
  Shape shape;
  try {
    shape = layer.output_shape(shapes);
  } catch (const Error& error) {
    throw Error("Layer " + name + ": " + error.what());
  }
  const std::size_t parameter_count = layer.parameters().size();
  nodes_.push_back({std::move(name), std::move(layer), std::move(inputs), shape, parameter_count});
  return nodes_.size() - 1;
}

inline AnyLayer& Network::layer(std::size_t node) {
  if (node >= nodes_.size()) {
    throw Error("The network has no layer " + std::to_string(node) + ", only " +
                std::to_string(nodes_.size()));
  }
  return nodes_[node].layer;
}

inline Tensor Network::forward(const Tensor& x, Pass pass) const {
  return forward_from(0, x, {}, pass);
}

inline Tensor Network::forward_from(std::size_t start, const Tensor& x,
                                    std::span<const Tensor> known, Pass pass) const {
  check_input(x);
  if (start == nodes_.size()) {
    return known.back();
  }
  const std::size_t most = slice(start);
  if (pass.training || x.batch() <= most) {
    return compute(start, x, known, pass);
  }
  AlignedVector<std::uint8_t> is_read(start, 0);
  bool is_x_read = false;
  for (std::size_t n = start; n < nodes_.size(); ++n) {
    for (const std::size_t from : nodes_[n].inputs) {
      is_x_read = is_x_read || from == input;
      if (from < start) {
        is_read[from] = 1;
      }
    }
  }
  Tensor y = Tensor::uninitialized(output_shape().with_batch(x.batch()));
  AlignedVector<Tensor> known_part(start);
  const std::uint64_t first_image = pass.first_image;
  for (std::size_t first = 0; first < x.batch(); first += most) {
    const std::size_t count = std::min(most, x.batch() - first);
    for (std::size_t n = 0; n < start; ++n) {
      if (is_read[n] != 0) {
        known_part[n] = known[n].rows(first, count);
      }
    }
    pass.first_image = first_image + first;
    const Tensor part = compute(start, is_x_read ? x.rows(first, count) : x, known_part, pass);
    std::ranges::copy(part.values(), y.row(first).data());
  }
  return y;
}

inline AlignedVector<std::size_t> Network::last_readers() const {
  AlignedVector<std::size_t> last(nodes_.size(), 0);
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    for (const std::size_t from : nodes_[n].inputs) {
      if (from != input) {
        last[from] = n;
      }
    }
  }
  return last;
}

inline Tensor Network::compute(std::size_t start, const Tensor& x, std::span<const Tensor> known,
                               Pass pass) const {
  const AlignedVector<std::size_t> last_reader = last_readers();
  AlignedVector<std::size_t> readers(nodes_.size(), 0);
  for (std::size_t n = start; n < nodes_.size(); ++n) {
    for (const std::size_t from : nodes_[n].inputs) {
      if (from != input) {
        ++readers[from];
      }
    }
  }
  AlignedVector<Tensor> values(nodes_.size());
  AlignedVector<ValueFunction> chain;
  const ValueFunction all_of_chain = [&chain](std::span<float> part) {
    for (const ValueFunction& function : chain) {
      function(part);
    }
  };
  for (std::size_t n = start; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    const auto is_done = [&](std::size_t from) {
      return from != input && from >= start && last_reader[from] == n;
    };
    pass.layer = n;
    AlignedVector<const Tensor*> inputs;
    inputs.reserve(node.inputs.size());
    for (const std::size_t from : node.inputs) {
      inputs.push_back(from == input ? &x : from < start ? &known[from] : &values[from]);
    }
    // Functions of pixels, each of which alone reads the node before it, are applied part by part.
    std::size_t result = n;
    chain.clear();
    pass.least = Pass{}.least;
    while (!pass.training && node.layer.fuses() && readers[result] == 1 &&
           last_reader[result] == result + 1) {
      const AnyLayer& next = nodes_[result + 1].layer;
      ValueFunction function = next.value_function();
      if (!function) {
        break;
      }
      if (chain.empty() && next.target<ReLU>() != nullptr) {
        pass.least = 0;
      } else {
        chain.push_back(std::move(function));
      }
      ++result;
    }
    pass.then = chain.empty() ? nullptr : chain.size() == 1 ? &chain[0] : &all_of_chain;
    const std::size_t over = node.inputs[0];
    if (node.layer.in_place() && is_done(over) && std::ranges::count(node.inputs, over) == 1) {
      values[result] =
          node.layer.transform(std::move(values[over]), Inputs(inputs).subspan(1), pass);
    } else {
      values[result] = node.layer.forward(inputs, pass);
    }
    for (const std::size_t from : node.inputs) {
      if (is_done(from)) {
        values[from] = Tensor();
      }
    }
    n = result;
  }
  return std::move(values.back());
}

inline std::vector<Tensor> Network::forward_all(const Tensor& x, Pass pass) const {
  check_input(x);
  std::vector<Tensor> values(nodes_.size());
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    pass.layer = n;
    values[n] = nodes_[n].layer.forward(inputs_of(nodes_[n], x, values), pass);
  }
  return values;
}

inline void Network::backward(const Tensor& x, std::span<const Tensor> values, Tensor d_y,
                              std::span<Tensor> gradients) const {
  require_layers();
  std::size_t parameters = 0;
  for (const Node& node : nodes_) {
    parameters += node.parameter_count;
  }
  if (values.size() != nodes_.size() || gradients.size() != parameters) {
    throw Error("A backward pass takes the values of " + std::to_string(nodes_.size()) +
                " layers and " + std::to_string(parameters) + " gradients, not " +
                std::to_string(values.size()) + " and " + std::to_string(gradients.size()));
  }
  std::vector<Tensor> d_values(nodes_.size());
  d_values.back() = std::move(d_y);
  std::size_t end = parameters;
  for (std::size_t n = nodes_.size(); n-- > 0;) {
    const Node& node = nodes_[n];
    end -= node.parameter_count;
    if (d_values[n].size() == 0) {
      continue;  // nobody downstream reads this node
    }
    std::vector<Tensor*> d_inputs;
    for (const std::size_t from : node.inputs) {
      d_inputs.push_back(from == input ? nullptr : &d_values[from]);
    }
    Gradients sinks{gradients.subspan(end, node.parameter_count), d_inputs};
    node.layer.backward(inputs_of(node, x, values), values[n], std::move(d_values[n]), sinks);
  }
}

inline std::vector<Parameter> Network::parameters() {
  std::vector<Parameter> all;
  for (Node& node : nodes_) {
    for (Parameter parameter : node.layer.parameters()) {
      parameter.name = node.name + "." + parameter.name;
      all.push_back(std::move(parameter));
    }
  }
  return all;
}

inline std::vector<NamedImage> Network::images() {
  std::vector<NamedImage> all;
  for (Node& node : nodes_) {
    for (NamedImage image : node.layer.images()) {
      image.name = node.name + "." + image.name;
      all.push_back(std::move(image));
    }
  }
  return all;
}

inline std::vector<std::uint64_t> Network::activation_bits() const {
  std::vector<std::uint64_t> bits(nodes_.size(), 0);
  const ActivationHook measure = [&](std::size_t node, std::uint64_t, MemoryImage& memory) {
    bits[node] = memory.layout().code_bits();
  };
  Pass pass;
  pass.hook = &measure;
  (void)forward(Tensor(input_shape_.with_batch(1)), pass);
  return bits;
}

inline void Network::calibrate(const Tensor& x) {
  check_input(x);
  const AlignedVector<std::size_t> last_reader = last_readers();
  std::vector<Tensor> values(nodes_.size());
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const AlignedVector<const Tensor*> inputs = inputs_of(nodes_[n], x, values);
    nodes_[n].layer.calibrate(inputs);
    nodes_[n].layer.encode();
    Pass pass;
    pass.layer = n;
    values[n] = nodes_[n].layer.forward(inputs, pass);
    for (const std::size_t from : nodes_[n].inputs) {
      if (from != input && last_reader[from] == n) {
        values[from] = Tensor();
      }
    }
  }
}

}  // namespace upset
