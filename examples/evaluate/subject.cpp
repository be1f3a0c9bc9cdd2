// SPDX-License-Identifier: BSL-1.0
#include "subject.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
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
#include <upset/pass/fold.hpp>

using namespace upset;

namespace {

/// The format that weights of `net` are stored in, of its own where it is not of floats alone.
std::string stored_format(Network& net) {
  for (const NamedImage& named : net.images()) {
    if (named.name.ends_with(".kernel") && named.image->format_name() != "Float32") {
      return std::string(named.image->format_name());
    }
  }
  return "Float32";
}

Network in_format(const Network& net, const Options& options, const Dataset& data) {
  const std::string format = options.format.empty() ? "Float32" : options.format;
  return in_format(options.is_folded ? fold_batch_norms(net) : net,
                   find_choice(format, options.guard), [&] {
                     std::vector<std::size_t> first(std::min(options.calibration, data.size()));
                     std::iota(first.begin(), first.end(), std::size_t{0});
                     return batch_of(data, first, options.normalisation);
                   });
}

/// A network whose weights a file holds in `format`, under the guard that is asked for.
Network guarded(Network net, const Options& options, const std::string& format) {
  if (!options.format.empty() && options.format != format) {
    throw Error("--format: the weights of " + options.network + " are stored in " + format +
                ", and are taken as they are; leave --format out");
  }
  std::string known = "none";
  for (const Choice& choice : all_choices()) {
    if (choice.format == format && choice.guard != "none" && choice.guard_stored) {
      if (choice.guard == options.guard) {
        return choice.guard_stored(net);
      }
      known += ", " + choice.guard;
    }
  }
  if (options.guard != "none") {
    throw Error("--guard: the weights of " + options.network + " are stored in " + format +
                ", which this program puts under no guard " + options.guard + "; choose from " +
                known);
  }
  return net;
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
  MaskedPictures masked;
  if (options.dataset.starts_with("masks:")) {
    masked = load_mask_list(options.dataset.substr(6), pictures.most);
  } else {
    masked.pictures = load_dataset(options.dataset, Split::test, pictures);
  }
  Dataset& data = masked.pictures;
  Network net = file ? std::move(*file) : named_network(options, data);
  if (net.input_shape() != data.shape()) {
    throw Error("--dataset: the network takes pictures of " + to_string(net.input_shape()) +
                ", and these are of " + to_string(data.shape()) +
                "; --size gives those of a folder another size");
  }
  const std::size_t rank = masked.classes.empty() ? 1 : 3;
  if (net.output_shape().rank() != rank ||
      (rank == 3 && net.output_shape()[0] != data.shape()[0])) {
    throw Error("--dataset: the network gives " + to_string(net.output_shape()) + ", and " +
                (rank == 1 ? "labels are compared with scores [classes]; give masks:LIST"
                           : "masks with scores [rows, columns, classes] of every pixel"));
  }
  if (options.images > data.size()) {
    throw Error("--images: there are " + std::to_string(data.size()) + " pictures, fewer than " +
                std::to_string(options.images));
  }
  if (options.is_bgr) {
    data.reverse_channels();
  }
  const std::string stored = stored_format(net);
  net = stored == "Float32" ? in_format(net, options, data)
                            : guarded(std::move(net), options, stored);
  data.keep_first(options.images == 0 ? data.size() : options.images);
  for (std::uint16_t& label : data.labels) {
    label = static_cast<std::uint16_t>(label + options.background);
  }
  return {std::move(net), std::move(masked)};
}
