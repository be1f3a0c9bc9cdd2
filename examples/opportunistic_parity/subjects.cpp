// SPDX-License-Identifier: BSL-1.0
#include "subjects.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "common/network_file.hpp"
#include "names.hpp"

#include <upset/io/batch.hpp>
#include <upset/io/load_dataset.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/pass/correct_biases.hpp>
#include <upset/pass/equalize.hpp>
#include <upset/pass/fold.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;

namespace {

constexpr std::size_t sample_size = 128;  // the last pictures, which no experiment classifies

/// A network below the folder of data, and what it is shown.
struct Recipe {
  std::string name;
  std::string file;       ///< or the name of a published network
  std::string weights{};  ///< of that
  std::string format = "fp32";
  std::string pictures = "cifar10";
  Normalisation normalisation{};
  bool is_bgr = false;
  std::uint16_t background = 0;  ///< classes before the first label
};

std::vector<Recipe> recipes() {
  const Normalisation raw{{0}, {1}, 1};
  const Normalisation around_zero{{128}, {128}, 1};
  return {{.name = "mobilenet_v2",
           .file = "imagenet/mobilenet_v2.onnx",
           .pictures = "images",
           .normalisation = around_zero,
           .background = 1},
          {.name = "squeezenet",
           .file = "imagenet/squeezenet.onnx",
           .pictures = "images",
           .normalisation = {{104, 117, 123}, {1}, 1},
           .is_bgr = true},
          {.name = "resnet20",
           .file = "resnet20/resnet20.onnx",
           .normalisation = {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}},
          {.name = "resnet8", .file = "resnet8/resnet8.onnx", .normalisation = raw},
          {.name = "mobilenet_v2_uint8",
           .file = "imagenet/mobilenet_v2_int8.json",
           .format = "int8",
           .pictures = "images",
           .normalisation = around_zero,
           .background = 1},
          {.name = "resnet8_int8",
           .file = "resnet8/resnet8_int8.json",
           .format = "int8",
           .normalisation = raw},
          {.name = "cmsis_nn_q7",
           .file = "cmsis_nn_q7",
           .weights = "cmsisnn-m4/m4_q7.npz",
           .format = "q7",
           .normalisation = raw},
          {.name = "cnv_w1a1",
           .file = "cnv",
           .weights = "cnv-w1a1/cnvW1A1_bits.npz",
           .format = "w1a1",
           .normalisation = {{0.501953125F}, {0.5F}}}};
}

Recipe recipe_of(const std::string& name) {
  const std::vector<Recipe> all = recipes();
  return *std::ranges::find(all, name, &Recipe::name);
}

/// "images" or "cifar10", read once.
const Dataset& pictures_called(const std::string& kind, const std::filesystem::path& data) {
  static std::map<std::string, Dataset> known;
  if (!known.contains(kind)) {
    const std::filesystem::path folder = data / (kind == "images" ? "imagenet" : kind);
    known[kind] = load_dataset(kind + ":" + folder.string(), Split::test);
  }
  return known[kind];
}

/// LeNet-5 with weights and pictures drawn at random; what it says of them without faults is right.
Subject random_subject(std::size_t images) {
  if (images > 10000) {
    throw Error("--images: the network random is shown at most 10000 pictures, not " +
                std::to_string(images) + "; ask for fewer");
  }
  Network network = lenet5({28, 28, 1}, 10);
  initialize(network, 1);
  const auto pictures = [](std::size_t count, std::uint64_t stream) {
    Tensor x({count, 28, 28, 1});
    Random random(1, stream);
    for (float& pixel : x.values()) {
      pixel = static_cast<float>(random.uniform_double());
    }
    return x;
  };
  Tensor test = pictures(images, 1);
  const std::vector<std::uint32_t> classes = predicted_classes(network.forward(test));
  return {.name = "random",
          .format = "fp32",
          .network = std::move(network),
          .test = {std::move(test), {classes.begin(), classes.end()}},
          .sample = pictures(sample_size, 2)};
}

}  // namespace

std::vector<std::string> subject_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes()) {
    names.push_back(recipe.name);
  }
  return names;
}

std::vector<std::string> format_names() { return {"fp32", "bf16", "int8", "int8c", "q7", "w1a1"}; }

std::vector<std::string> guard_names() {
  std::vector<std::string> names;
  for (const Guard& guard : float_guards()) {
    names.push_back(guard.name);
  }
  return names;
}

Subject load_subject(const std::string& name, const std::filesystem::path& data,
                     std::size_t images) {
  if (name == "random") {
    return random_subject(images);
  }
  const Recipe recipe = recipe_of(name);
  const Network network = recipe.weights.empty()
                              ? *network_file(data / recipe.file)
                              : *network_file(recipe.file, data / recipe.weights);
  Dataset pictures = pictures_called(recipe.pictures, data);
  if (pictures.size() < sample_size || pictures.size() - sample_size < images) {
    throw Error("--images: " + name + " has " + std::to_string(pictures.size()) +
                " pictures, and " + std::to_string(sample_size) +
                " of them are for calibration; ask for fewer");
  }
  if (recipe.is_bgr) {
    pictures.reverse_channels();
  }
  // Folders list one class after the other: steps of a prime take them from all over.
  std::vector<std::size_t> order(pictures.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i * 7919 % order.size();
  }
  const std::span<const std::size_t> numbers(order);
  Subject subject{.name = name,
                  .format = recipe.format,
                  .network = fold_batch_norms(network),
                  .test = {batch_of(pictures, numbers.first(images), recipe.normalisation), {}},
                  .sample = batch_of(pictures, numbers.last(sample_size), recipe.normalisation)};
  for (const std::size_t picture : numbers.first(images)) {
    subject.test.labels.push_back(
        static_cast<std::uint16_t>(pictures.labels[picture] + recipe.background));
  }
  return subject;
}

std::vector<std::string> formats_of(const std::string& network) {
  const std::string own = network == "random" ? "fp32" : recipe_of(network).format;
  return own == "fp32" ? std::vector<std::string>{"fp32", "bf16", "int8", "int8c"}
                       : std::vector{own};
}

Network in_format(const Subject& subject, const std::string& format, const Guard& guard) {
  if (format == subject.format) {
    return guard.guarded(subject.network);
  }
  if (format == "bf16") {
    return guard.guarded(in_brain_floats(subject.network));
  }
  const bool is_whole = format == "int8";
  const Network real = is_whole ? equalize(subject.network, subject.sample) : subject.network;
  Network network =
      in_integers(real, is_whole ? Granularity::per_tensor : Granularity::per_channel);
  calibrate(network, real, subject.sample);
  network = guard.guarded(network);
  correct_biases(network, real, subject.sample);
  return network;
}

std::vector<Guard> guards_of(const std::string& format) {
  static const std::map<std::string, std::vector<Guard> (*)()> known{
      {"fp32", &float_guards},    {"bf16", &brain_float_guards}, {"int8", &integer_guards},
      {"int8c", &integer_guards}, {"q7", &fixed_point_guards},   {"w1a1", &binary_guards}};
  return known.at(format)();
}
