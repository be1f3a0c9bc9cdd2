// SPDX-License-Identifier: BSL-1.0
// Pictures per second of whole networks.
#include <cstddef>
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include <upset/format/formats.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/pass/convert.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;

namespace {

[[nodiscard]] Tensor pictures(std::size_t count) {
  Tensor x({count, 28, 28, 1});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i * 2654435761U % 256) / 128 - 1;
  }
  return x;
}

template <Format W, Format A>
void forward(benchmark::State& state, std::size_t batch) {
  Network real = lenet5({28, 28, 1}, 10);
  initialize(real, 1);
  Network network = convert<W, A>(real);
  const Tensor x = pictures(batch);
  network.calibrate(x);
  for (auto _ : state) {
    benchmark::DoNotOptimize(network.forward(x));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

// Forward and backward, without the optimiser.
void train_step(benchmark::State& state, std::size_t batch) {
  Network network = lenet5({28, 28, 1}, 10);
  initialize(network, 1);
  std::vector<Tensor> gradients;
  for (const Parameter& parameter : network.parameters()) {
    gradients.emplace_back(parameter.value->shape());
  }
  const Tensor x = pictures(batch);
  for (auto _ : state) {
    const std::vector<Tensor> values = network.forward_all(x, {.training = true});
    network.backward(x, values, values.back(), gradients);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

template <Format W, Format A = W>
void add_lenet5(const std::string& name) {
  benchmark::RegisterBenchmark(("lenet5/" + name + "/batch1").c_str(), forward<W, A>, 1);
  benchmark::RegisterBenchmark(("lenet5/" + name + "/batch64").c_str(), forward<W, A>, 64);
}

const bool registered = [] {
  add_lenet5<Float32>("Float32");
  add_lenet5<BFloat16>("BFloat16");
  add_lenet5<Int8Affine>("Int8Affine");
  add_lenet5<Fixed<8, 6>, Fixed<8, 4>>("Fixed<8,6>");
  add_lenet5<Mono<8>>("Mono<8>");
  add_lenet5<Mono<5>>("Mono<5>");
  add_lenet5<Binary>("Binary");
  benchmark::RegisterBenchmark("lenet5/Float32/train64", train_step, 64);
  return true;
}();

}  // namespace
