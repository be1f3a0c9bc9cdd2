// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "io/scratch.hpp"
#include "train/digits.hpp"
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <upset/format/formats.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/pass/convert.hpp>
#include <upset/train/initialize.hpp>
#include <upset/train/loop.hpp>

using namespace upset;
using upset::test::digits;
using upset::test::same_parameters;

namespace {

struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

template <Format W>
Network saved_network() {
  Network net({10, 8, 1});
  net.add("conv", Conv2d<>::zeros(1, 4, WindowGeometry::square(3)));
  net.add("norm", BatchNorm<>(4));
  net.add("relu", ReLU{});
  net.add("flatten", Flatten{});
  net.add("dense", Dense<>::zeros(192, 10));
  initialize(net, 1);
  return convert<W>(net);
}

TrainOptions saved_options(const Dataset& data) {
  TrainOptions options;
  options.epochs = 4;
  options.batch = 32;
  options.shard = 8;
  options.schedule = CosineRate{3e-3};
  options.augmentation.shift = 1;
  options.held_out = 0.2;
  options.normalisation = fit_normalisation(data);
  return options;
}

}  // namespace

TEST_CASE_TEMPLATE("checkpoint: an interrupted training ends with the same bits", W, Float32,
                   Mono<8>) {
  const Dataset data = digits(150, 1);
  TrainOptions options = saved_options(data);
  for (const UpdateRule& rule : {UpdateRule(Adam{}), UpdateRule(Sgd{})}) {
    options.optimizer = rule;
    options.checkpoint.clear();
    options.progress = nullptr;
    Network whole = saved_network<W>();
    const TrainResult expected = train(whole, data, options);

    const Scratch folder;
    options.checkpoint = folder.path() / "training.checkpoint";
    std::size_t epochs_trained = 0;
    for (const std::size_t last : {0U, 1U, 1U, 3U, 9U}) {  // interrupted again and again
      Network net = saved_network<W>();
      options.progress = [&](const TrainProgress& now) {
        if (now.epoch == last && now.step == 2) {
          throw Interrupted();
        }
        epochs_trained += now.step == now.steps ? 1U : 0U;
      };
      if (last < options.epochs) {
        CHECK_THROWS_AS((void)train(net, data, options), Interrupted);
        continue;
      }
      const TrainResult result = train(net, data, options);
      CHECK(same_parameters(net, whole));
      CHECK(result.epochs == expected.epochs);
      CHECK(result.best_epoch == expected.best_epoch);
    }
    CHECK(epochs_trained == options.epochs);
  }
}

TEST_CASE("checkpoint: a killed training ends with the same bits") {
  const Dataset data = digits(150, 1);
  TrainOptions options = saved_options(data);
  options.threads = 2;
  Network whole = saved_network<Float32>();
  (void)train(whole, data, options);

  const Scratch folder;
  options.checkpoint = folder.path() / "training.checkpoint";
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    options.progress = [](const TrainProgress& now) {
      if (now.epoch == 2 && now.step == 3) {
        raise(SIGKILL);
      }
    };
    Network net = saved_network<Float32>();
    (void)train(net, data, options);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(std::filesystem::exists(options.checkpoint));
  std::size_t first = 99;
  options.progress = [&](const TrainProgress& now) { first = std::min(first, now.epoch); };
  Network net = saved_network<Float32>();
  (void)train(net, data, options);
  CHECK(first == 2);
  CHECK(same_parameters(net, whole));
}

TEST_CASE("checkpoint: a finished training is loaded, not repeated") {
  const Dataset data = digits(60, 1);
  const Scratch folder;
  TrainOptions options = saved_options(data);
  options.checkpoint = folder.path() / "training.checkpoint";
  Network net = saved_network<Mono<8>>();
  const TrainResult result = train(net, data, options);
  options.progress = [](const TrainProgress&) { throw Interrupted(); };
  options.threads = 1;
  Network again = saved_network<Mono<8>>();
  CHECK(train(again, data, options).epochs == result.epochs);
  CHECK(same_parameters(net, again));
  const std::vector<std::size_t> first = {0, 1, 2};
  const Tensor x = batch_of(data, first, options.normalisation);
  CHECK(net.forward(x) == again.forward(x));
}

TEST_CASE("checkpoint: one of another training is refused, the difference named") {
  const Dataset data = digits(60, 1);
  const Scratch folder;
  TrainOptions options = saved_options(data);
  options.epochs = 1;
  options.checkpoint = folder.path() / "training.checkpoint";
  const std::string file = options.checkpoint.string();
  Network saved = saved_network<Mono<8>>();
  (void)train(saved, data, options);

  const auto refusal = [&](Network net, auto change) {
    TrainOptions other = options;
    change(other);
    Network before = net;
    const std::string sentence = complaint([&] { (void)train(net, data, other); });
    CHECK(same_parameters(net, before));
    return sentence;
  };
  const auto nothing = [](TrainOptions&) {};
  Network elsewhere = saved_network<Mono<8>>();
  elsewhere.parameters().front().value->values()[0] += 0.25F;
  CHECK(
      refusal(elsewhere, nothing)
          .starts_with(file + " belongs to another training: checksum of the first weights was "));
  CHECK(refusal(saved_network<Mono<8>>(), [](TrainOptions& o) { o.batch = 16; }) ==
        file + " belongs to another training: batch was 32 and is now 16");
  CHECK(refusal(saved_network<Mono<8>>(), [](TrainOptions& o) { o.optimizer = Sgd{}; }) ==
        file + " belongs to another training: optimiser was Adam and is now SGD");
  CHECK(refusal(saved_network<Mono<8>>(), [](TrainOptions& o) {
          o.schedule = ConstantRate{1};
        }).starts_with(file + " belongs to another training: checksum of the learning rates"));
  CHECK(refusal(saved_network<Mono<5>>(), nothing) ==
        file +
            " belongs to another training: format of conv.kernel was Mono<8> and is now Mono<5>");
  Network deeper = saved_network<Mono<8>>();
  deeper.add("more", Dense<>::zeros(10, 10));
  CHECK(refusal(deeper, nothing) ==
        file +
            " belongs to another training: it has format of conv.kernel = Mono<8> where this one "
            "has layer more = Dense of dense to [10]");
  Network other_function({10, 8, 1});
  const Network same = saved_network<Mono<8>>();
  for (const Network::Node& node : same.nodes()) {
    other_function.add(node.name, node.name == "relu" ? AnyLayer(Tanh{}) : node.layer);
  }
  CHECK(refusal(other_function, nothing) ==
        file +
            " belongs to another training: layer relu was ReLU of norm to [8, 6, 4] and is now "
            "Tanh of norm to [8, 6, 4]");
  folder.resize("training.checkpoint", 1000);
  CHECK(refusal(saved_network<Mono<8>>(), nothing) ==
        file + " is truncated after 1000 bytes; delete it");
  Network foreign = saved_network<Mono<8>>();
  save_parameters(foreign, options.checkpoint);
  CHECK(refusal(saved_network<Mono<8>>(), nothing) == file + " is not a checkpoint of upset");
}

TEST_CASE("checkpoint: a folder that cannot be written to is named") {
  const Dataset data = digits(20, 1);
  TrainOptions options = saved_options(data);
  options.checkpoint = "/nonexistent/training.checkpoint";
  Network net = saved_network<Float32>();
  CHECK(complaint([&] { (void)train(net, data, options); }) ==
        "Cannot write /nonexistent/training.checkpoint: No such file or directory");
}
