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
#include <upset/io/onnx.hpp>
#include <upset/pass/fold.hpp>

using namespace upset;

namespace {

constexpr std::size_t sample_size = 128;  // the last pictures, which no experiment classifies

/// A network below the folder of data, and what it is shown.
struct Recipe {
  std::string name;
  std::string file;
  std::function<Dataset(const std::filesystem::path&)> pictures;
  Normalisation normalisation{};
  bool is_bgr = false;
  std::size_t background = 0;  ///< classes before the first label
};

std::vector<Recipe> recipes() {
  const auto cifar = [](const std::filesystem::path& data) {
    return load_cifar10(data / "cifar10", Split::test);
  };
  const auto imagenet = [](const std::filesystem::path& data) {
    return load_image_folder(data / "imagenet");
  };
  return {{.name = "mobilenet_v2",
           .file = "imagenet/mobilenet_v2.onnx",
           .pictures = imagenet,
           .normalisation = {{128}, {128}, 1},
           .background = 1},
          {.name = "squeezenet",
           .file = "imagenet/squeezenet.onnx",
           .pictures = imagenet,
           .normalisation = {{104, 117, 123}, {1}, 1},
           .is_bgr = true},
          {.name = "resnet20",
           .file = "resnet20/resnet20.onnx",
           .pictures = cifar,
           .normalisation = {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}},
          {.name = "resnet8",
           .file = "resnet8/resnet8.onnx",
           .pictures = cifar,
           .normalisation = {{0}, {1}, 1}}};
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
    dataset.reverse_channels();
  }
  // Folders list one class after the other: steps of a prime take them from all over.
  std::vector<std::size_t> order(dataset.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i * 7919 % order.size();
  }
  const std::span<const std::size_t> numbers(order);
  Subject subject{.name = name,
                  .real = fold_batch_norms(load_onnx(data / recipe.file)),
                  .test = {batch_of(dataset, numbers.first(images), recipe.normalisation), {}},
                  .sample = batch_of(dataset, numbers.last(sample_size), recipe.normalisation)};
  for (const std::size_t picture : numbers.first(images)) {
    subject.test.labels.push_back(
        static_cast<std::uint16_t>(dataset.labels[picture] + recipe.background));
  }
  return subject;
}
