// SPDX-License-Identifier: BSL-1.0
#include "common/subject.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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

/// What a network of floats is brought into. Throws `Error` for options that it does not heed.
Choice choice_for(const SubjectOptions& options) {
  Choice choice = find_choice(options.format.empty() ? "Float32" : options.format, options.guard);
  if (options.quantisation.is_per_channel && !choice.has_scale) {
    throw Error("--per-channel: weights in " + choice.format + " have no scale; leave it out");
  }
  if (options.quantisation.biases_corrected && choice.format == "Float32" &&
      !choice.guard.starts_with("parity")) {
    throw Error("--correct-biases: nothing is rounded in Float32; leave it out");
  }
  if (options.calibration && !is_fitted(choice, options.quantisation)) {
    throw Error("--calibrate: nothing in " + choice.format +
                " is fitted to pictures; leave it out");
  }
  return choice;
}

/// From floats into `choice`.
void bring_into_format(Subject& subject, const SubjectOptions& options, const Choice& choice) {
  subject.is_folded = options.is_folded();
  if (subject.is_folded) {
    subject.network = fold_batch_norms(subject.network);
  }
  subject.network = in_format(subject.network, choice, options.quantisation, [&] {
    const Dataset& data = subject.data.pictures;
    const auto seen = data.indices(options.pictures_to_fit());
    subject.calibration = seen.size();
    return batch_of(data, seen, options.normalisation());
  });
}

/// A network whose weights a file holds in `format`, under the guard that is asked for.
Network guarded(Network net, const SubjectOptions& options, const std::string& format) {
  std::vector<std::string> unheeded;
  const auto expect_no = [&](const char* option, bool is_given) {
    if (is_given) {
      unheeded.emplace_back(option);
    }
  };
  expect_no("--format", !options.format.empty() && options.format != format);
  expect_no("--weights", is_network_file(options.network) && !options.weights.empty());
  expect_no("--fold", options.fold.value_or(false));
  expect_no("--equalise", options.quantisation.is_equalised);
  expect_no("--correct-biases", options.quantisation.biases_corrected);
  expect_no("--per-channel", options.quantisation.is_per_channel);
  expect_no("--calibrate", options.calibration.has_value());
  if (!unheeded.empty()) {
    throw Error(joined(unheeded) + ": the weights of " + options.network + " are stored in " +
                format + ", and are taken as they are; leave this out");
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

/// The outputs of the last layer of `net` according to `arrays`; none where they lack it.
std::optional<std::size_t> outputs_in(std::span<const NamedArray> arrays, Network& net) {
  const std::string last = net.parameters().back().name;
  const std::string weight = last.substr(0, last.rfind('.')) + ".weight";
  for (const auto& [name, array] : arrays) {
    if (detail::weight_name(name) == weight && array.shape.rank() > 0) {
      return array.shape[0];
    }
  }
  return std::nullopt;
}

/// With an output for each label, or as many as its weights have.
Network named_network(const SubjectOptions& options, const Shape& picture, std::size_t labels) {
  Network net = make_network(options.network, picture, labels);
  if (options.is_initial()) {
    initialize(net, options.initial_seed);
    return net;
  }
  const std::vector<NamedArray> arrays = load_arrays(options.weights);
  const std::size_t outputs = outputs_in(arrays, net).value_or(labels);
  if (outputs != labels) {
    net = make_network(options.network, picture, outputs);
  }
  set_weights(net, arrays, options.weights.string());
  return net;
}

/// The network of a file has weights, and others where these are given.
void give_weights(Network& net, const SubjectOptions& options) {
  if (!is_network_file(options.network) || options.weights.empty()) {
    return;
  }
  if (options.is_initial()) {
    initialize(net, options.initial_seed);
  } else {
    set_weights(net, load_arrays(options.weights), options.weights.string());
  }
}

MaskedPictures pictures_in(const SubjectOptions& options, const std::optional<Network>& file,
                           std::size_t most) {
  if (options.dataset.starts_with("masks:") && options.dataset != "masks:") {
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
  app.add_option(
      "--weights", options.weights,
      "NPZ or safetensors file with the names and shapes of PyTorch; a file of --network "
      "brings its own, and takes others of the same names. 'initial': random, for a try");
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
                 "number format of weights and activations, and their guards: " + known_choices() +
                     "; unless given that of the file, Float32 where it is of floats. Activations "
                     "of Fixed<8,6> are Fixed<8,4>, of Fixed<16,12> Fixed<16,10>");
  app.add_option(
         "--guard", options.guard,
         "none, parity (of a weight), parity64, parity256 (of 64 and 256 bits), secded (of 64 "
         "bits), tmr (three copies), msb (the top bit twice); of a file of 8-bit codes these come "
         "under it as they are")
      ->capture_default_str();
  app.add_flag_function(
      "--fold,!--no-fold", [&](std::int64_t count) { options.fold = count > 0; },
      "fold batch norms into convolutions; does so unless told otherwise, but for Float32");
  add_options(app, options.quantisation);
  add_count("--calibrate", options.calibration,
            "pictures, the first of the test set, that scales of activations, and what --equalise "
            "and --correct-biases change, are fitted to; " +
                std::to_string(SubjectOptions{}.pictures_to_fit()) + " unless given");
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
  const SubjectOptions usual;
  if (!options.dataset.starts_with("images:") &&
      (options.size != usual.size || options.shorter_side != usual.shorter_side ||
       options.resampling != usual.resampling)) {
    throw Error("--size, --shorter-side, --resampling: these are for pictures of images:DIR, and " +
                options.dataset + " is taken as it is; leave them out");
  }
  (void)options.normalisation();
  if (!options.format.empty()) {
    (void)find_choice(options.format, options.guard);
  }
  check(options.quantisation, options.is_folded());
  if (options.calibration == std::size_t{0}) {
    throw Error("--calibrate must be at least 1");
  }
  if (options.weights.empty() && !is_network_file(options.network)) {
    throw Error(
        "--weights: this program trains nothing; give the NPZ or safetensors file of a trained "
        "network, or 'initial' to try the rest with random weights");
  }
}

std::vector<std::uint16_t> Subject::classes_of(std::span<const std::size_t> pictures) const {
  std::vector<std::uint16_t> classes;
  for (const std::size_t picture : pictures) {
    classes.push_back(static_cast<std::uint16_t>(data.pictures.labels[picture] + background));
  }
  return classes;
}

Subject load_subject(const SubjectOptions& options, std::size_t most) {
  std::optional<Network> file = network_file(options.network, options.weights);
  const std::string stored = file ? stored_format(*file) : "Float32";
  std::optional<Choice> choice;  // none of weights that are stored in another format already
  if (stored == "Float32") {
    choice = choice_for(options);
  } else {
    file = guarded(std::move(*file), options, stored);
  }
  const std::size_t fitted_to =
      choice && is_fitted(*choice, options.quantisation) ? options.pictures_to_fit() : 0;
  MaskedPictures masked = pictures_in(options, file, std::max(most, fitted_to));
  Dataset& data = masked.pictures;
  if (options.calibration.value_or(0) > data.size()) {
    throw Error("--calibrate: there are " + std::to_string(data.size()) + " pictures, fewer than " +
                std::to_string(*options.calibration));
  }
  const auto classes = static_cast<std::size_t>(data.classes);
  if (options.background > 65536 - classes) {
    throw Error("--background: classes are numbered up to 65535, and labels go up to " +
                std::to_string(classes - 1) + " without those of background; give fewer");
  }
  const std::size_t labels = classes + options.background;
  if (file && choice) {
    give_weights(*file, options);
  }
  Subject subject{.network = file ? std::move(*file) : named_network(options, data.shape(), labels),
                  .format = choice ? choice->format : stored,
                  .background = options.background};
  const Shape& y = subject.network.output_shape();
  if (subject.network.input_shape() != data.shape()) {
    throw Error("--dataset: the network takes pictures of " +
                to_string(subject.network.input_shape()) + ", and these are of " +
                to_string(data.shape()) + "; --size gives those of a folder another size");
  }
  const std::size_t rank = masked.classes.empty() ? 1 : 3;
  if (y.rank() != rank || (rank == 3 && y[0] != data.shape()[0])) {
    throw Error("--dataset: the network gives " + to_string(y) + ", and " +
                (rank == 1 ? "labels are compared with scores [classes]; give masks:LIST"
                           : "masks with scores [rows, columns, classes] of every pixel"));
  }
  if (rank == 1 && labels > y[0]) {
    throw Error("--dataset, --background: the network has " + std::to_string(y[0]) +
                " outputs, and classes of pictures go up to " + std::to_string(labels - 1) +
                "; give pictures of its classes");
  }
  if (options.channels == "bgr") {
    data.reverse_channels();
  }
  subject.data = std::move(masked);
  if (choice) {
    bring_into_format(subject, options, *choice);
  }
  Dataset& pictures = subject.data.pictures;
  if (subject.is_segmentation()) {
    const std::size_t pixels = subject.data.mask(0).size();
    subject.data.classes.resize(std::min(most, pictures.size()) * pixels);
  }
  pictures.keep_first(most);
  return subject;
}
