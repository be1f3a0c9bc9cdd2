// SPDX-License-Identifier: BSL-1.0
#include "training.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include <upset/nn/model/lenet5.hpp>
#include <upset/pass/centre.hpp>
#include <upset/pass/convert.hpp>
#include <upset/report/progress.hpp>
#include <upset/train/initialize.hpp>
#include <upset/train/loop.hpp>
#include <upset/train/parameter_file.hpp>

using namespace upset;

namespace {

std::string file_name(std::string name) {
  std::ranges::replace_if(
      name, [](char c) { return c == '<' || c == '>' || c == ','; }, '_');
  return name + ".weights";
}

}  // namespace

Workshop::Workshop(const Options& options, const Dataset& train)
    : options_(options), train_(train), normalisation_(fit_normalisation(train)) {
  calibration_ = batch_of(train, train.indices(512), normalisation_);
}

Network Workshop::trained(const std::string& name, Network fresh, std::size_t epochs, double rate) {
  const std::filesystem::path file = options_.out / "weights" / file_name(name);
  const std::string about = "LeNet-5, " + name + ", " + options_.dataset + ", " +
                            std::to_string(train_.size()) + " pictures, " +
                            std::to_string(options_.epochs) + " epochs, seed " +
                            std::to_string(options_.seed);
  if (std::filesystem::exists(file)) {
    try {
      load_parameters(fresh, file, about);
      return fresh;
    } catch (const Error& error) {
      std::cout << "training again: " << error.what() << '\n';
    }
  }
  TrainOptions how;
  how.epochs = epochs;
  how.schedule = CosineRate{rate};
  how.normalisation = normalisation_;
  how.seed = options_.seed;
  how.threads = options_.threads;
  std::optional<Progress> progress;
  how.progress = [&](const TrainProgress& now) {
    if (!progress) {
      progress.emplace("training " + name + ", batches", now.epochs * now.steps);
    }
    progress->tick();
  };
  (void)train(fresh, train_, how);
  progress->finish();
  save_parameters(fresh, file, about);
  return fresh;
}

const Network& Workshop::real_network() {
  if (!networks_.contains("real")) {
    Network net = lenet5(train_.shape(), static_cast<std::size_t>(train_.classes));
    initialize(net, options_.seed);
    networks_.emplace("real", trained("Float32", std::move(net), options_.epochs, 2e-3));
  }
  return networks_.at("real");
}

Network Workshop::base_network(const Row& row) {
  if (row.training == Training::scratch) {
    Network net = row.architecture(train_.shape(), static_cast<std::size_t>(train_.classes));
    initialize(net, options_.seed, Spread::glorot);
    return net;
  }
  return row.centred ? centre_activations(real_network(), calibration_) : real_network();
}

const Network& Workshop::trained_format(const Row& row) {
  if (!networks_.contains(row.format)) {
    const std::vector<Row> rows = all_rows();
    const Row& plain = *std::ranges::find_if(rows, [&](const Row& other) {
      return other.format == row.format && other.protection == "none";
    });
    Network net = plain.build(base_network(row));
    net.calibrate(calibration_);
    const double epochs = std::round(row.epochs * static_cast<double>(options_.epochs));
    networks_.emplace(row.format,
                      trained(row.format, std::move(net),
                              std::max<std::size_t>(1, static_cast<std::size_t>(epochs)),
                              row.training == Training::scratch ? 2e-3 : 3e-3));
  }
  return networks_.at(row.format);
}

Network Workshop::make(const Row& row) {
  Network net = row.build(base_network(row));
  if (row.training == Training::rounded) {
    net.calibrate(calibration_);
  } else {
    Network source = trained_format(row);
    copy_parameters(source, net);
  }
  return net;
}
