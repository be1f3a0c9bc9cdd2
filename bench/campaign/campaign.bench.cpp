// SPDX-License-Identifier: BSL-1.0
// Fault-images, pairs of a trial and a picture, per second of one thread.
//
// ResNet-20 has the weights of the file that UPSET_BENCH_RESNET20 names (.npz) and pictures of the
// folder UPSET_BENCH_CIFAR10, where these are set; else, as LeNet-5, initial weights and noise, of
// which faults change the outputs more often.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <upset/campaign/engine.hpp>
#include <upset/fault/sampling.hpp>
#include <upset/format/formats.hpp>
#include <upset/io/batch.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/pass/convert.hpp>
#include <upset/pass/fold.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;

namespace {

struct Subject {
  Network network;
  LabelledImages test;
};

[[nodiscard]] LabelledImages noise(const Shape& shape, std::size_t count) {
  LabelledImages test{Tensor(shape.with_batch(count)), std::vector<std::uint16_t>(count, 0)};
  Random random(1, 1);
  for (float& value : test.images.values()) {
    value = static_cast<float>(random.normal());
  }
  return test;
}

[[nodiscard]] Subject lenet5_subject() {
  Network network = lenet5({28, 28, 1}, 10);
  initialize(network, 1);
  return {std::move(network), noise({28, 28, 1}, 100)};
}

[[nodiscard]] Subject resnet20_subject() {
  Network network = resnet_cifar(20, {32, 32, 3}, 10);
  initialize(network, 1);
  const char* const weights = std::getenv("UPSET_BENCH_RESNET20");
  const char* const cifar10 = std::getenv("UPSET_BENCH_CIFAR10");
  if (weights == nullptr || cifar10 == nullptr) {
    return {fold_batch_norms(network), noise({32, 32, 3}, 10)};
  }
  load_weights(network, weights);
  Dataset data = load_cifar10(cifar10, Split::test);
  data.keep_first(10);
  std::vector<std::size_t> pictures(data.size());
  std::iota(pictures.begin(), pictures.end(), std::size_t{0});
  const Normalisation normalisation{{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};
  return {fold_batch_norms(network), {batch_of(data, pictures, normalisation), data.labels}};
}

enum class Kind { single_weight, single_activation, ber };

[[nodiscard]] std::vector<TrialFaults> trials_of(Kind kind, Network& network, double rate) {
  const FaultSpace space(network.images());
  const std::vector<std::uint64_t> activation_bits = network.activation_bits();
  const std::uint64_t all =
      std::accumulate(activation_bits.begin(), activation_bits.end(), std::uint64_t{0});

  std::vector<TrialFaults> trials(kind == Kind::ber ? 64 : 1024);
  for (std::size_t t = 0; t < trials.size(); ++t) {
    Random random(1, t);
    trials[t].key = t;
    if (kind == Kind::single_activation) {
      std::uint64_t bit = random.uniform_below(all);
      std::size_t node = 0;
      for (; bit >= activation_bits[node]; ++node) {
        bit -= activation_bits[node];
      }
      trials[t].activations.push_back({node, bit});
      continue;
    }
    for (const std::uint64_t site :
         kind == Kind::ber ? sample_ber(space, rate, random) : sample_exact(space, 1, random)) {
      trials[t].weights.push_back(space.address(site));
    }
  }
  return trials;
}

template <Format W, Format A>
void run(benchmark::State& state, Subject (*make)(), Kind kind, EngineLevel level, double rate) {
  Subject subject = make();
  subject.network = convert<W, A>(subject.network);
  subject.network.calibrate(subject.test.images);
  const std::vector<TrialFaults> trials = trials_of(kind, subject.network, rate);
  const std::size_t pictures = subject.test.labels.size();
  Engine engine(subject.network, std::move(subject.test), {.level = level, .threads = 1});
  (void)engine.run(std::span(trials).first(1));  // sets up what a campaign sets up once
  Outcomes sum;
  for (auto _ : state) {
    for (const Outcomes& outcomes : engine.run(trials)) {
      sum += outcomes;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(trials.size() * pictures));
  state.counters["masked"] = static_cast<double>(sum.masked) / static_cast<double>(sum.images);
  state.counters["critical"] = static_cast<double>(sum.critical) / static_cast<double>(sum.images);
}

/// What BER mode is measured against: inference of the same pictures, one time each a trial.
template <Format W, Format A>
void run_plain(benchmark::State& state, Subject (*make)()) {
  Subject subject = make();
  subject.network = convert<W, A>(subject.network);
  subject.network.calibrate(subject.test.images);
  const std::size_t pictures = subject.test.labels.size();
  for (auto _ : state) {
    benchmark::DoNotOptimize(classify(subject.network, subject.test.images, 0, pictures));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(pictures));
}

template <Format W, Format A = W>
void add(const std::string& network, Subject (*make)(), const std::string& format) {
  const auto add_one = [&](const std::string& kind_name, Kind kind, EngineLevel level,
                           double rate) {
    const std::string name =
        kind_name + "/" + network + "/" + format + "/o" + std::to_string(static_cast<int>(level));
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
      run<W, A>(state, make, kind, level, rate);
    })->Unit(benchmark::kMillisecond);
  };
  benchmark::RegisterBenchmark(("plain/" + network + "/" + format).c_str(),
                               [=](benchmark::State& state) { run_plain<W, A>(state, make); })
      ->Unit(benchmark::kMillisecond);
  for (const EngineLevel level : {EngineLevel::o1, EngineLevel::o3}) {
    add_one("single_weight", Kind::single_weight, level, 0);
    add_one("single_activation", Kind::single_activation, level, 0);
    add_one("ber1e-6", Kind::ber, level, 1e-6);
    add_one("ber1e-5", Kind::ber, level, 1e-5);
    add_one("ber1e-4", Kind::ber, level, 1e-4);
  }
}

void add_all(const std::string& network, Subject (*make)()) {
  add<Float32>(network, make, "Float32");
  add<Int8Affine>(network, make, "Int8Affine");
  add<Fixed<8, 6>, Fixed<8, 4>>(network, make, "Fixed<8,6>");
  add<Mono<8>>(network, make, "Mono<8>");
}

const bool registered = [] {
  add_all("lenet5", lenet5_subject);
  add_all("resnet20", resnet20_subject);
  return true;
}();

}  // namespace
