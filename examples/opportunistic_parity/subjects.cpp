// SPDX-License-Identifier: BSL-1.0
#include "subjects.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <utility>

#include <upset/io/batch.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/pass/fold.hpp>

using namespace upset;

namespace {

constexpr std::size_t sample_size = 128;  // the last pictures, which no experiment classifies

/// How a network is made from the files in a folder.
struct Recipe {
  std::string name;
  std::function<Network(const std::filesystem::path&)> load;
  std::function<Dataset(const std::filesystem::path&)> pictures;
  Normalisation normalisation;
};

std::vector<Recipe> recipes() {
  const auto cifar = [](const std::filesystem::path& data) {
    return load_cifar10(data / "cifar10", Split::test);
  };
  return {{"resnet20",
           [](const std::filesystem::path& data) {
             Network net = resnet_cifar(20, {32, 32, 3}, 10);
             load_weights(net, data / "resnet20" / "resnet20.npz");
             return net;
           },
           cifar,
           {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}}};
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
  const Dataset dataset = recipe.pictures(data);
  if (dataset.size() < images + sample_size) {
    throw Error("--images: " + name + " has " + std::to_string(dataset.size()) + " pictures, and " +
                std::to_string(sample_size) + " of them are for calibration; ask for fewer");
  }
  std::vector<std::size_t> order(dataset.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::span<const std::size_t> numbers(order);
  const std::span<const std::size_t> first = numbers.first(images);
  return {.name = name,
          .real = fold_batch_norms(recipe.load(data)),
          .test = {batch_of(dataset, first, recipe.normalisation),
                   {dataset.labels.begin(),
                    dataset.labels.begin() + static_cast<std::ptrdiff_t>(images)}},
          .sample = batch_of(dataset, numbers.last(sample_size), recipe.normalisation)};
}
