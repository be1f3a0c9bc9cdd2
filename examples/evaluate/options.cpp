// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include "common/command_line.hpp"
#include "common/formats.hpp"
#include "common/program.hpp"
#include "subject.hpp"
#include <CLI/CLI.hpp>

#include <upset/core/error.hpp>

using namespace upset;

namespace {

void check(const Options& options) {
  if (options.dataset.empty()) {
    throw Error(
        "--dataset: give pictures to classify, cifar10:DIR, idx:DIR, images:DIR or "
        "masks:LIST");
  }
  if (options.dataset.starts_with("masks:") &&
      (!options.logits.empty() || options.background > 0 || options.is_sized)) {
    throw Error("--logits, --background, --size: of pictures with masks there are none");
  }
  if (!options.format.empty()) {
    (void)find_choice(options.format, options.guard);
  }
  if (options.calibration == 0 || options.pictures.height == 0 || options.pictures.width == 0) {
    throw Error("--calibrate and --size must be at least 1");
  }
}

}  // namespace

Options read_options(int argc, char** argv) {
  Options options;
  std::string normalise = "0/1";
  double brightest = 1;
  std::size_t size = 0;
  CLI::App app("How well does a trained network answer, in any format?");
  const auto add_count = [&app](const char* name, auto& value, const std::string& text) {
    return app.add_option(name, value, text)->check(whole_number)->capture_default_str();
  };
  app.add_option("--network", options.network, known_networks())->capture_default_str();
  app.add_option("--weights", options.weights,
                 "NPZ or safetensors file with the names and shapes of PyTorch, of a network given "
                 "by its name");
  app.add_option("--dataset", options.dataset,
                 "cifar10:DIR or idx:DIR, of which the test set is used, or images:DIR, a folder "
                 "of pictures with labels.tsv: columns file and label; or masks:LIST, a text file "
                 "with a picture and its mask on each line, whose grey levels are classes");
  app.add_option("--size", size,
                 "pictures of a folder become N x N pixels; 224, or what the network file takes")
      ->check(whole_number);
  add_count("--shorter-side", options.pictures.shorter_side,
            "what the shorter side is made before the middle is cut out; 0: pictures are resized "
            "whole. A picture of the right size is left as it is");
  std::string resampling = "bilinear";
  app.add_option("--resampling", resampling, "bilinear (with a low pass, as Pillow) or area")
      ->check(CLI::IsMember({"bilinear", "area"}))
      ->capture_default_str();
  app.add_option("--normalise", normalise,
                 "MEANS/DEVIATIONS of pixels, one or one for each channel")
      ->capture_default_str();
  app.add_option("--scale", brightest,
                 "the brightest pixel before the mean is taken off: 1, or 255 where means and "
                 "deviations are those of 0..255")
      ->check(CLI::IsMember({1.0, 255.0}))
      ->capture_default_str();
  std::string channels = "rgb";
  app.add_option("--channels", channels, "order of the network's channels: rgb or bgr")
      ->check(CLI::IsMember({"rgb", "bgr"}))
      ->capture_default_str();
  add_count("--background", options.background,
            "classes of the network before that of label 0: 1 for one of background");
  app.add_option("--format", options.format,
                 "number format of weights and activations, and its guards: " + known_choices() +
                     "; unless given that of the file, Float32 where it is of floats");
  app.add_option(
         "--guard", options.guard,
         "none, parity (of a weight), parity64 (of 64 bits), secded (of 64 bits), tmr, msb; "
         "of a file of 8-bit codes these come under it as they are")
      ->capture_default_str();
  const CLI::Option* const fold_given = app.add_flag(
      "--fold,!--no-fold", options.is_folded,
      "fold batch norms into convolutions; does so unless told otherwise, but for Float32");
  add_count("--calibrate", options.calibration,
            "pictures, the first of the test set, that scales of activations are fitted to");
  add_count("--images", options.images, "pictures, the first of the test set; 0: all");
  add_count("--threads", options.threads, "threads; 0: one per core");
  app.add_option("--logits", options.logits, "NPY file to write the logits to, [images, classes]");
  parse_command_line(app, argc, argv);
  options.normalisation = normalisation_in(normalise);
  options.normalisation.divisor = 255 / brightest;
  options.is_bgr = channels == "bgr";
  options.pictures.resampling = resampling == "area" ? Resampling::area : Resampling::bilinear;
  if (app.count("--size") > 0) {
    options.is_sized = true;
    options.pictures.height = size;
    options.pictures.width = size;
  }
  if (options.images > 0) {
    options.pictures.most = options.images;
  }
  if (fold_given->count() == 0) {
    options.is_folded = !options.format.empty() && options.format != "Float32";
  }
  check(options);
  return options;
}
