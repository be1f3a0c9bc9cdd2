// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/layers.hpp"
#include "train/digits.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/pass/convert.hpp>
#include <upset/train/initialize.hpp>
#include <upset/train/loop.hpp>

using namespace upset;
using upset::test::accuracy;
using upset::test::digits;
using upset::test::error_of;
using upset::test::same_parameters;

namespace {

Network small_network(std::uint64_t seed = 1) {
  Network net({10, 8, 1});
  net.add("conv1", Conv2d<>::zeros(1, 8, WindowGeometry::square(3)));
  net.add("norm1", BatchNorm<>(8));
  net.add("relu1", ReLU{});
  net.add("pool1", MaxPool(2));
  net.add("conv2", Conv2d<>::zeros(8, 16, WindowGeometry::square(3)));
  net.add("norm2", BatchNorm<>(16));
  net.add("flatten", Flatten{});
  net.add("dense", Dense<>::zeros(32, 10));
  initialize(net, seed);
  return net;
}

TrainOptions options_for(const Dataset& data) {
  TrainOptions options;
  options.epochs = 3;
  options.batch = 48;
  options.shard = 16;
  options.schedule = CosineRate{5e-3};
  options.normalisation = fit_normalisation(data);
  return options;
}

// What is reduced to signs is centred first, and no ReLU makes all signs the same.
Network sign_network() {
  Network net({10, 8, 1});
  net.add("conv1", Conv2d<>::zeros(1, 16, WindowGeometry::square(3)));
  net.add("pool1", MaxPool(2));
  net.add("norm1", BatchNorm<>(16));
  net.add("conv2", Conv2d<>::zeros(16, 32, WindowGeometry::square(3)));
  net.add("norm2", BatchNorm<>(32));
  net.add("flatten", Flatten{});
  net.add("dense", Dense<>::zeros(64, 10));
  initialize(net, 1, Spread::glorot);
  return convert<Binary>(net, [](std::string_view layer) { return layer == "conv2"; });
}

}  // namespace

TEST_CASE("train: learns digits in float and, fine-tuned, in formats of few bits") {
  const Dataset data = digits(2000, 1);
  const Dataset unseen = digits(1000, 2);
  TrainOptions options = options_for(data);
  options.epochs = 6;
  options.schedule = CosineRate{1e-2};
  Network net = small_network();
  const TrainResult result = train(net, data, options);
  REQUIRE(result.epochs.size() == 6);
  CHECK(result.best_epoch == 5);
  CHECK(result.epochs[5].loss < result.epochs[0].loss / 4);
  CHECK(accuracy(net, unseen, options.normalisation) >= 0.98);

  const Tensor calibration = batch_of(data, data.indices(256), options.normalisation);
  options.epochs = 3;
  options.schedule = CosineRate{2e-3};
  const auto tuned = [&](Network converted) {
    converted.calibrate(calibration);
    const double before = accuracy(converted, unseen, options.normalisation);
    (void)train(converted, data, options);
    const double after = accuracy(converted, unseen, options.normalisation);
    MESSAGE(before << " before, " << after << " after fine-tuning");
    return after;
  };
  CHECK(tuned(convert<Mono<8>>(net)) >= 0.95);
  CHECK(tuned(convert<Int8Affine>(net)) >= 0.97);
#ifdef __OPTIMIZE__  // seconds each without
  CHECK(tuned(convert<Mono<5>>(net)) >= 0.95);
  CHECK(tuned(convert<Fixed<5, 3>>(net)) >= 0.97);
  CHECK(tuned(convert<MultiLevelBinary<4>>(net)) >= 0.97);
#endif
  options.epochs = 6;
  options.schedule = CosineRate{5e-3};
  CHECK(tuned(sign_network()) >= 0.95);
}

TEST_CASE("train: 1, 2 and 3 threads give the same network, bit for bit") {
  const Dataset data = digits(250, 3);  // batches and shards of unequal sizes
  TrainOptions options = options_for(data);
  options.batch = 60;
  options.epochs = 2;
  options.augmentation = {.flip = true, .shift = 1};
  options.held_out = 0.2;
  const auto trained = [&](Network net, std::size_t threads) {
    options.threads = threads;
    TrainResult result = train(net, data, options);
    return std::pair(std::move(net), std::move(result));
  };
  for (const bool signs : {false, true}) {
    CAPTURE(signs);
    const Network start = signs ? convert<Mono<8>>(small_network()) : small_network();
    auto [one, first] = trained(start, 1);
    for (const std::size_t threads : {2U, 3U}) {
      CAPTURE(threads);
      auto [more, result] = trained(start, threads);
      CHECK(same_parameters(one, more));
      CHECK(first.epochs == result.epochs);
    }
    Network untouched = start;
    CHECK_FALSE(same_parameters(one, untouched));
  }
}

TEST_CASE("train: everything but the number of threads counts") {
  const Dataset data = digits(100, 3);
  const TrainOptions base = options_for(data);
  Network reference = small_network();
  (void)train(reference, data, base);
  const auto differs = [&](auto change) {
    TrainOptions options = base;
    change(options);
    Network net = small_network();
    (void)train(net, data, options);
    return !same_parameters(net, reference);
  };
  CHECK_FALSE(differs([](TrainOptions&) {}));
  CHECK(differs([](TrainOptions& options) { options.seed = 2; }));
  CHECK(differs([](TrainOptions& options) { options.batch = 50; }));
  CHECK(differs([](TrainOptions& options) { options.schedule = ConstantRate{5e-3}; }));
  CHECK(differs([](TrainOptions& options) { options.optimizer = Sgd{}; }));
  CHECK(differs([](TrainOptions& options) { options.loss.smoothing = 0.1; }));
  CHECK(differs([](TrainOptions& options) { options.augmentation.flip = true; }));
  CHECK(differs([](TrainOptions& options) { options.augmentation.shift = 1; }));
  CHECK(differs([](TrainOptions& options) { options.normalisation = {}; }));
  CHECK(differs([](TrainOptions& options) { options.held_out = 0.3; }));
}

TEST_CASE("train: one step is the gradient of the mean loss, stepped against") {
  const Dataset data = digits(20, 4);
  Network net({10, 8, 1});
  net.add("conv", Conv2d<>::zeros(1, 4, WindowGeometry::square(3)));
  net.add("flatten", Flatten{});
  net.add("dense", Dense<>::zeros(192, 10));
  initialize(net, 1);
  Network by_hand = net;
  TrainOptions options = options_for(data);
  options.epochs = 1;
  options.batch = 20;
  options.shard = 7;  // three shards, of 7, 7 and 6
  options.schedule = ConstantRate{0.5};
  options.optimizer = Sgd{.momentum = 0};
  (void)train(net, data, options);

  const std::vector<std::size_t> all = data.indices(20);
  const Tensor x = batch_of(data, all, options.normalisation);
  const auto values = by_hand.forward_all(x, {.training = true});
  Tensor d_logits;
  (void)CrossEntropy{}(values.back(), labels_of(data, all), 20, &d_logits);
  const std::vector<Parameter> parameters = by_hand.parameters();
  std::vector<Tensor> gradients;
  for (const Parameter& parameter : parameters) {
    gradients.emplace_back(parameter.value->shape());
  }
  by_hand.backward(x, values, d_logits, gradients);
  const auto found = test::parameters_of(net);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    CAPTURE(parameters[p].name);
    // Both sum the same products in float, in other orders: 20 * 48 of them for a kernel of the
    // convolution, each below 1 by far.
    const double bound = 0.5 * 20 * 48 * 0x1p-24;
    double worst = 0;
    double largest = 0;
    for (std::size_t i = 0; i < gradients[p].size(); ++i) {
      const double step = 0.5 * static_cast<double>(gradients[p][i]);
      const double expected = static_cast<double>((*parameters[p].value)[i]) - step;
      worst = std::max(worst, std::abs(expected - static_cast<double>(found[p].second[i])));
      largest = std::max(largest, std::abs(step));
    }
    CHECK(worst < bound);
    CHECK(largest > 100 * bound);
  }
}

TEST_CASE("train: averages are means over the pictures of a batch, not sums over its shards") {
  const Dataset data = digits(30, 5);
  Network net({10, 8, 1});
  net.add("norm", BatchNorm<>(1));
  net.add("flatten", Flatten{});
  net.add("dense", Dense<>::zeros(80, 10));
  TrainOptions options;
  options.epochs = 1;
  options.batch = 30;
  options.shard = 8;  // 8, 8, 7, 7
  (void)train(net, data, options);
  double sum = 0;
  for (const std::uint8_t pixel : data.pixels) {
    sum += pixel / 255.0;
  }
  const double mean = sum / static_cast<double>(data.pixels.size());
  const auto parameters = test::parameters_of(net);
  const auto* const norm_mean =
      std::ranges::find(parameters, "norm.mean", [](const auto& p) { return p.first; }).base();
  CHECK(static_cast<double>(norm_mean->second[0]) == doctest::Approx(0.1 * mean).epsilon(1e-6));
}

TEST_CASE("train: steps of an epoch are equal to one, and all are reported") {
  const Dataset data = digits(50, 6);
  TrainOptions options = options_for(data);
  options.epochs = 2;
  options.batch = 16;  // 50 pictures in four steps, of 13, 13, 12 and 12
  options.schedule = StepRate{1e-3, 0.5, {0.5}};
  std::vector<TrainProgress> seen;
  options.progress = [&](const TrainProgress& now) { seen.push_back(now); };
  Network net = small_network();
  const TrainResult result = train(net, data, options);
  REQUIRE(seen.size() == 8);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CAPTURE(i);
    CHECK(seen[i].epoch == i / 4);
    CHECK(seen[i].epochs == 2);
    CHECK(seen[i].step == i % 4 + 1);
    CHECK(seen[i].steps == 4);
    CHECK(seen[i].rate == (i < 4 ? 1e-3 : 5e-4));
  }
  CHECK(seen[3].loss == result.epochs[0].loss);
  CHECK(seen[7].accuracy == result.epochs[1].accuracy);
}

TEST_CASE("train: all pictures at once, in one shard, whatever the numbers that say so") {
  const Dataset data = digits(50, 6);
  TrainOptions options = options_for(data);
  options.epochs = 2;
  options.batch = 50;
  options.shard = 50;
  Network net = small_network();
  const TrainResult result = train(net, data, options);
  options.batch = std::numeric_limits<std::size_t>::max();
  options.shard = std::numeric_limits<std::size_t>::max();
  Network other = small_network();
  CHECK(train(other, data, options).epochs == result.epochs);
  CHECK(same_parameters(other, net));
}

TEST_CASE("train: pictures held out are not trained on") {
  const Dataset data = digits(10, 7);
  TrainOptions options = options_for(data);
  options.epochs = 1;
  options.batch = 1;
  options.held_out = 0.3;
  std::size_t steps = 0;
  options.progress = [&](const TrainProgress& now) { steps = now.steps; };
  Network net = small_network();
  const TrainResult result = train(net, data, options);
  CHECK(steps == 7);
  const double right = result.epochs[0].held_out_accuracy * 3;
  CHECK(right == doctest::Approx(std::round(right)));
  CHECK(result.epochs[0].held_out_loss > 0);
}

TEST_CASE("train: stops when patience ends, with the parameters of the best epoch") {
  const Dataset data = digits(400, 8);
  TrainOptions options = options_for(data);
  options.epochs = 20;
  options.batch = 16;
  options.held_out = 0.25;
  options.patience = 3;
  // good epochs, then steps so large that nothing stays learnt
  options.schedule = [](double progress) { return progress < 0.0999 ? 5e-3 : 2.0; };
  Network net = small_network();
  std::vector<std::vector<std::pair<std::string, Tensor>>> after_epoch;
  options.progress = [&](const TrainProgress& now) {
    if (now.step == now.steps) {
      after_epoch.push_back(test::parameters_of(net));
    }
  };
  const TrainResult result = train(net, data, options);
  // Which of the first epochs is best depends on the target's rounding; what follows from it not.
  CHECK(result.epochs.size() < options.epochs);
  REQUIRE(result.epochs.size() == result.best_epoch + 1 + 3);
  CHECK(result.epochs.back().held_out_accuracy <
        result.epochs[result.best_epoch].held_out_accuracy);
  CHECK(test::parameters_of(net) == after_epoch[result.best_epoch]);
  // and the memory images are those of these parameters
  Network again = net;
  again.encode();
  CHECK(accuracy(net, data, options.normalisation) == accuracy(again, data, options.normalisation));
}

TEST_CASE("train: what cannot work is refused in a sentence") {
  const Dataset data = digits(20, 9);
  const auto refusal = [&](auto change, const Dataset& with) {
    TrainOptions options = options_for(data);
    change(options);
    Network net = small_network();
    return error_of([&] { (void)train(net, with, options); });
  };
  const auto nothing = [](TrainOptions&) {};
  CHECK(refusal([](TrainOptions& options) { options.epochs = 0; }, data) ==
        "TrainOptions::epochs is 0; train for one epoch at least");
  CHECK(refusal([](TrainOptions& options) { options.held_out = 0.04; }, data) ==
        "TrainOptions::held_out = 0.040000 of 20 pictures holds out none; give a larger share, or "
        "0");
  Dataset empty = data;
  empty.pixels.clear();
  empty.labels.clear();
  CHECK(refusal(nothing, empty) == "There is nothing to train on: the data set has no pictures");
  Dataset wider = data;
  wider.width = 4;
  wider.height = 20;
  CHECK(refusal(nothing, wider) == "The network takes pictures [B, 10, 8, 1], not [10, 20, 4, 1]");
  Dataset mislabelled = data;
  mislabelled.labels[3] = 10;
  CHECK(refusal(nothing, mislabelled) == "Label 10 has no logit: the network has 10 outputs");
  CHECK(refusal(
            [](TrainOptions& options) {
              options.optimizer = Sgd{};
              options.schedule = ConstantRate{1e30};
              options.epochs = 5;
            },
            data)
            .starts_with("Training diverged in epoch "));
}
