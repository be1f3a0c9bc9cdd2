// SPDX-License-Identifier: BSL-1.0
// Pictures per second of whole networks.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include <upset/format/formats.hpp>
#include <upset/io/dataset.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/pass/convert.hpp>
#include <upset/pass/fold.hpp>
#include <upset/train/initialize.hpp>
#include <upset/train/loop.hpp>

using namespace upset;

namespace {

[[nodiscard]] Tensor pictures(const Network& network, std::size_t count) {
  Tensor x(network.input_shape().with_batch(count));
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i * 2654435761U % 256) / 128 - 1;
  }
  return x;
}

[[nodiscard]] Network initial_lenet5() {
  Network network = lenet5({28, 28, 1}, 10);
  initialize(network, 1);
  return network;
}
[[nodiscard]] Network initial_resnet20() {
  Network network = resnet_cifar(20, {32, 32, 3}, 10);
  initialize(network, 1);
  return network;
}

// Multiply-adds of one picture, padded taps included.
[[nodiscard]] double products(const Network& network) {
  double sum = 0;
  for (const Network::Node& node : network.nodes()) {
    if (const auto* conv = node.layer.target<Conv2d<>>()) {
      sum += static_cast<double>(node.shape[0] * node.shape[1] * conv->kernel().size());
    } else if (const auto* dense = node.layer.target<Dense<>>()) {
      sum += static_cast<double>(dense->weight().size());
    }
  }
  return sum;
}

template <Format W, Format A>
void forward(benchmark::State& state, Network (*make)(), const LayerFilter& which,
             std::size_t batch) {
  const Network real = fold_batch_norms(make());
  Network network = convert<W, A>(real, which);
  const Tensor x = pictures(real, batch);
  network.calibrate(x);
  for (auto _ : state) {
    benchmark::DoNotOptimize(network.forward(x));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
  state.counters["MAC/s"] = benchmark::Counter(products(real) * static_cast<double>(batch),
                                               benchmark::Counter::kIsIterationInvariantRate);
}

// Forward and backward, without the optimiser.
void train_step(benchmark::State& state, Network (*make)(), std::size_t batch) {
  Network network = make();
  std::vector<Tensor> gradients;
  for (const Parameter& parameter : network.parameters()) {
    gradients.emplace_back(parameter.value->shape());
  }
  const Tensor x = pictures(network, batch);
  for (auto _ : state) {
    const std::vector<Tensor> values = network.forward_all(x, {.training = true});
    network.backward(x, values, values.back(), gradients);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

// An epoch of `train` on all cores, the loss, the optimiser and what comes before the first step
// included.
void train_epoch(benchmark::State& state, Network (*make)(), std::size_t batch) {
  const Network network = make();
  const Shape shape = network.input_shape();
  const std::size_t count = 40 * batch;
  Dataset data;
  data.height = static_cast<int>(shape[0]);
  data.width = static_cast<int>(shape[1]);
  data.channels = static_cast<int>(shape[2]);
  data.classes = 10;
  for (std::size_t i = 0; i < count * shape.size(); ++i) {
    data.pixels.push_back(static_cast<std::uint8_t>(i * 2654435761U >> 24));
  }
  for (std::size_t i = 0; i < count; ++i) {
    data.labels.push_back(static_cast<std::uint16_t>(i % 10));
  }
  TrainOptions options;
  options.epochs = 1;
  options.batch = batch;
  for (auto _ : state) {
    Network trained = network;
    benchmark::DoNotOptimize(train(trained, data, options));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}

template <Format W, Format A = W>
void add_network(const std::string& network, Network (*make)(), const std::string& format,
                 const LayerFilter& which = every_layer) {
  for (const std::size_t batch : {std::size_t{1}, std::size_t{64}}) {
    const std::string name = network + "/" + format + "/batch" + std::to_string(batch);
    benchmark::RegisterBenchmark(
        name.c_str(), [=](benchmark::State& state) { forward<W, A>(state, make, which, batch); });
  }
}

void add_networks(const std::string& network, Network (*make)(), const LayerFilter& body) {
  add_network<Float32>(network, make, "Float32");
  add_network<BFloat16>(network, make, "BFloat16");
  add_network<Int8Affine>(network, make, "Int8Affine");
  add_network<Fixed<8, 6>, Fixed<8, 4>>(network, make, "Fixed<8,6>");
  add_network<Fixed<16, 12>, Fixed<16, 10>>(network, make, "Fixed<16,12>");
  add_network<Mono<8>>(network, make, "Mono<8>");
  add_network<Mono<5>>(network, make, "Mono<5>");
  add_network<Binary>(network, make, "Binary_body", body);
  benchmark::RegisterBenchmark((network + "/Float32/train64").c_str(), train_step, make, 64);
  benchmark::RegisterBenchmark((network + "/Float32/train64_all_cores").c_str(), train_epoch, make,
                               64)
      ->UseRealTime();
}

const bool registered = [] {
  add_networks("lenet5", initial_lenet5, [](std::string_view layer) {
    return layer == "conv2" || layer == "dense1" || layer == "dense2";
  });
  add_networks("resnet20", initial_resnet20,
               [](std::string_view layer) { return layer.starts_with("layer"); });
  return true;
}();

}  // namespace
