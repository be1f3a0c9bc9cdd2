// SPDX-License-Identifier: BSL-1.0
#include "subjects.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include <upset/io/batch.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/io/image_folder.hpp>
#include <upset/io/tflite.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/model/mobilenet_v2.hpp>
#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/nn/model/squeezenet.hpp>
#include <upset/pass/fold.hpp>

using namespace upset;

namespace {

constexpr std::size_t sample_size = 128;  // the last pictures, which no experiment classifies

/// How a network is made from the files in a folder, and what it is shown.
struct Recipe {
  std::string name;
  std::function<Network(const std::filesystem::path&)> load;
  std::function<Dataset(const std::filesystem::path&)> pictures;
  Normalisation normalisation{};
  bool is_bgr = false;
  std::size_t background = 0;  ///< classes before the first label
};

Network with_weights(Network net, const std::filesystem::path& file) {
  load_weights(net, file);
  return net;
}

std::vector<Recipe> recipes() {
  using Path = std::filesystem::path;
  const auto cifar = [](const Path& data) { return load_cifar10(data / "cifar10", Split::test); };
  const auto imagenet = [](const Path& data) { return load_image_folder(data / "imagenet"); };
  return {
      {.name = "mobilenet_v2",
       .load =
           [](const Path& data) {
             return with_weights(mobilenet_v2(), data / "imagenet" / "mobilenet_v2.npz");
           },
       .pictures = imagenet,
       .normalisation = {{128}, {128}, 1},
       .background = 1},
      {.name = "squeezenet",
       .load =
           [](const Path& data) {
             return with_weights(squeezenet(), data / "imagenet" / "squeezenet.npz");
           },
       .pictures = imagenet,
       .normalisation = {{104, 117, 123}, {1}, 1},
       .is_bgr = true},
      {.name = "resnet20",
       .load =
           [](const Path& data) {
             return with_weights(resnet_cifar(20, {32, 32, 3}, 10),
                                 data / "resnet20" / "resnet20.npz");
           },
       .pictures = cifar,
       .normalisation = {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}},
      {.name = "resnet8",
       .load =
           [](const Path& data) { return load_tflite(data / "resnet8" / "resnet8_float.json"); },
       .pictures = cifar,
       .normalisation = {{0}, {1}, 1}},
  };
}

void to_bgr(Dataset& data) {
  for (std::size_t i = 0; i < data.pixels.size(); i += 3) {
    std::swap(data.pixels[i], data.pixels[i + 2]);
  }
}

}  // namespace

std::vector<std::string> subject_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes()) {
    names.push_back(recipe.name);
  }
  return names;
}

Subject load_subject(const std::string& name, const std::filesystem::path& data,
                     std::size_t images) {
  const std::vector<Recipe> all = recipes();
  const Recipe& recipe = *std::ranges::find(all, name, &Recipe::name);
  Dataset dataset = recipe.pictures(data);
  if (dataset.size() < images + sample_size) {
    throw Error("--images: " + name + " has " + std::to_string(dataset.size()) + " pictures, and " +
                std::to_string(sample_size) + " of them are for calibration; ask for fewer");
  }
  if (recipe.is_bgr) {
    to_bgr(dataset);
  }
  // Folders list one class after the other: steps of a prime take them from all over.
  std::vector<std::size_t> order(dataset.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i * 7919 % order.size();
  }
  const std::span<const std::size_t> numbers(order);
  Subject subject{.name = name,
                  .real = fold_batch_norms(recipe.load(data)),
                  .test = {batch_of(dataset, numbers.first(images), recipe.normalisation), {}},
                  .sample = batch_of(dataset, numbers.last(sample_size), recipe.normalisation)};
  for (const std::size_t picture : numbers.first(images)) {
    subject.test.labels.push_back(
        static_cast<std::uint16_t>(dataset.labels[picture] + recipe.background));
  }
  return subject;
}
