// SPDX-License-Identifier: BSL-1.0
#include "common/subject.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/command_line.hpp"
#include "common/network_file.hpp"
#include "common/networks.hpp"
#include <CLI/CLI.hpp>

#include <upset/core/error.hpp>
#include <upset/io/load_dataset.hpp>
#include <upset/io/safetensors.hpp>
#include <upset/io/weights.hpp>
#include <upset/pass/fold.hpp>
#include <upset/train/initialize.hpp>

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

/// From floats to `subject.format`.
void bring_into_format(Subject& subject, const SubjectOptions& options, const Dataset& data) {
  if (options.is_folded()) {
    subject.network = fold_batch_norms(subject.network);
  }
  subject.network = in_format(subject.network, find_choice(subject.format, options.guard),
                              options.quantisation, [&] {
                                const auto seen = data.indices(options.calibration);
                                subject.calibration = seen.size();
                                return batch_of(data, seen, options.normalisation());
                              });
}

/// A network whose weights a file holds in `format`, under the guard that is asked for.
Network guarded(Network net, const SubjectOptions& options, const std::string& format) {
  if (!options.format.empty() && options.format != format) {
    throw Error("--format: the weights of " + options.network + " are stored in " + format +
                ", and are taken as they are; leave --format out");
  }
  if (!options.quantisation.text().empty()) {
    throw Error("--equalise, --correct-biases, --per-channel: the weights of " + options.network +
                " are stored in " + format + ", and are taken as they are; leave these out");
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

Network named_network(const SubjectOptions& options, const Dataset& data) {
  Network net = make_network(options.network, data.shape(),
                             static_cast<std::size_t>(data.classes) + options.background);
  if (options.initial_seed) {
    initialize(net, *options.initial_seed);
    return net;
  }
  if (options.weights.empty()) {
    throw Error(
        "--weights: this program trains nothing; give the NPZ or safetensors file of a "
        "trained network");
  }
  set_weights(net, load_arrays(options.weights), options.weights.string());
  return net;
}

MaskedPictures pictures_in(const SubjectOptions& options, const std::optional<Network>& file,
                           std::size_t most) {
  if (options.dataset.starts_with("masks:")) {
    return load_mask_list(options.dataset.substr(6), most);
  }
  ImageFolderOptions folder{
      .shorter_side = options.shorter_side,
      .resampling = options.resampling == "area" ? Resampling::area : Resampling::bilinear,
      .most = most};
  if (options.size > 0) {
    folder.height = folder.width = options.size;
  } else if (file && file->input_shape().rank() == 3) {
    folder.height = file->input_shape()[0];
    folder.width = file->input_shape()[1];
  }
  return {load_dataset(options.dataset, Split::test, folder), {}};
}

}  // namespace

void add_options(CLI::App& app, SubjectOptions& options) {
  const auto add_count = [&app](const char* name, auto& value, const std::string& text) {
    return app.add_option(name, value, text)->check(whole_number);
  };
  app.add_option("--network", options.network, joined(network_names()) + "; " + known_network_files)
      ->capture_default_str();
  app.add_option("--weights", options.weights,
                 "NPZ or safetensors file with the names and shapes of PyTorch, of a network given "
                 "by its name");
  app.add_option("--dataset", options.dataset,
                 "cifar10:DIR or idx:DIR, of which the test set is used, or images:DIR, a folder "
                 "of pictures with labels.tsv: columns file and label");
  add_count("--size", options.size,
            "pictures of a folder become N x N pixels; 224, or what the network file takes")
      ->check([](const std::string& text) {
        return text == "0" ? std::string("pictures have one pixel at least") : std::string();
      });
  add_count("--shorter-side", options.shorter_side,
            "what the shorter side is made before the middle is cut out; 0: pictures are resized "
            "whole. A picture of the right size is left as it is")
      ->capture_default_str();
  app.add_option("--resampling", options.resampling,
                 "bilinear (with a low pass, as Pillow) or area")
      ->check(CLI::IsMember({"bilinear", "area"}))
      ->capture_default_str();
  app.add_option("--normalise", options.normalise,
                 "MEANS/DEVIATIONS of pixels, one or one for each channel")
      ->capture_default_str();
  app.add_option("--scale", options.brightest,
                 "the brightest pixel before the mean is taken off: 1, or 255 where means and "
                 "deviations are those of 0..255")
      ->check(CLI::IsMember({1, 255}))
      ->capture_default_str();
  app.add_option("--channels", options.channels, "order of the network's channels: rgb or bgr")
      ->check(CLI::IsMember({"rgb", "bgr"}))
      ->capture_default_str();
  add_count("--background", options.background,
            "classes of the network before that of label 0: 1 for one of background")
      ->capture_default_str();
  app.add_option("--format", options.format,
                 "number format of weights and activations, and its guards: " + known_choices() +
                     "; unless given that of the file, Float32 where it is of floats. Activations "
                     "of Fixed<8,6> are Fixed<8,4>, of Fixed<16,12> Fixed<16,10>");
  app.add_option(
         "--guard", options.guard,
         "none, parity (of a weight), parity64 (of 64 bits), secded (of 64 bits), tmr, msb; "
         "of a file of 8-bit codes these come under it as they are")
      ->capture_default_str();
  app.add_flag_function(
      "--fold,!--no-fold", [&](std::int64_t count) { options.fold = count > 0; },
      "fold batch norms into convolutions; does so unless told otherwise, but for Float32");
  add_options(app, options.quantisation);
  add_count("--calibrate", options.calibration,
            "pictures, the first of the test set, that scales of activations, and what --equalise "
            "and --correct-biases change, are fitted to")
      ->capture_default_str();
}

Normalisation SubjectOptions::normalisation() const {
  Normalisation result = normalisation_in(normalise);
  result.divisor = 255.0 / brightest;
  return result;
}

void check(const SubjectOptions& options) {
  if (options.dataset.empty()) {
    throw Error("--dataset: give pictures to classify, cifar10:DIR, idx:DIR or images:DIR");
  }
  (void)options.normalisation();
  if (!options.format.empty()) {
    (void)find_choice(options.format, options.guard);
  }
  check(options.quantisation, options.is_folded());
  if (options.calibration == 0) {
    throw Error("--calibrate must be at least 1");
  }
}

Subject load_subject(const SubjectOptions& options, std::size_t most) {
  std::optional<Network> file = network_file(options.network, options.weights);
  MaskedPictures masked = pictures_in(options, file, most);
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
  if (options.channels == "bgr") {
    data.reverse_channels();
  }
  Subject subject{.network = std::move(net)};
  subject.format = stored_format(subject.network);
  if (subject.format == "Float32") {
    subject.format = options.format.empty() ? subject.format : options.format;
    bring_into_format(subject, options, data);
  } else {
    subject.network = guarded(std::move(subject.network), options, subject.format);
  }
  subject.data = std::move(masked);
  return subject;
}
