// SPDX-License-Identifier: BSL-1.0
#include "subject.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "common/command_line.hpp"
#include "common/formats.hpp"
#include "common/network_file.hpp"
#include "common/networks.hpp"

#include <upset/core/error.hpp>
#include <upset/io/load_dataset.hpp>
#include <upset/io/safetensors.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/pass/fold.hpp>

using namespace upset;

namespace {

bool is_of_floats(const Network& net) {
  return std::ranges::none_of(net.nodes(), [](const Network::Node& node) {
    const bool multiplies = node.layer.kind() == "Conv2d" || node.layer.kind() == "Dense";
    return multiplies && node.layer.target<Conv2d<>>() == nullptr &&
           node.layer.target<Dense<>>() == nullptr;
  });
}

Network named_network(const Options& options, const Dataset& data) {
  Network net = make_network(options.network, data.shape(),
                             static_cast<std::size_t>(data.classes) + options.background);
  if (options.weights.empty()) {
    throw Error(
        "--weights: this program trains nothing; give the NPZ or safetensors file of a "
        "trained network");
  }
  set_weights(net, load_arrays(options.weights), options.weights.string());
  return net;
}

}  // namespace

std::string known_networks() { return joined(network_names()) + "; " + known_network_files; }

Subject make_subject(const Options& options) {
  std::optional<Network> file = network_file(options.network, options.weights);
  ImageFolderOptions pictures = options.pictures;
  if (file && !options.is_sized && file->input_shape().rank() == 3) {
    pictures.height = file->input_shape()[0];
    pictures.width = file->input_shape()[1];
  }
  Dataset data = load_dataset(options.dataset, Split::test, pictures);
  Network net = file ? std::move(*file) : named_network(options, data);
  if (net.input_shape() != data.shape()) {
    throw Error("--dataset: the network takes pictures of " + to_string(net.input_shape()) +
                ", and these are of " + to_string(data.shape()) +
                "; --size gives those of a folder another size");
  }
  if (options.images > data.size()) {
    throw Error("--images: there are " + std::to_string(data.size()) + " pictures, fewer than " +
                std::to_string(options.images));
  }
  if (options.is_bgr) {
    data.reverse_channels();
  }
  if (is_of_floats(net)) {
    net = options.is_folded ? fold_batch_norms(net) : net;
    net = in_format(net, find_choice(options.format, options.guard), [&] {
      std::vector<std::size_t> first(std::min(options.calibration, data.size()));
      std::iota(first.begin(), first.end(), std::size_t{0});
      return batch_of(data, first, options.normalisation);
    });
  } else if (options.format != "Float32" || options.guard != "none") {
    throw Error("--format, --guard: " + options.network +
                " is stored in a format of its own; leave these out");
  }
  data.keep_first(options.images == 0 ? data.size() : options.images);
  for (std::uint16_t& label : data.labels) {
    label = static_cast<std::uint16_t>(label + options.background);
  }
  return {std::move(net), std::move(data)};
}
