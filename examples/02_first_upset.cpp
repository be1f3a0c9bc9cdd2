// SPDX-License-Identifier: BSL-1.0
// One network in several formats: how often does it change its mind when bits of its weights flip?
#include <cstdint>
#include <iostream>
#include <vector>

#include <upset/campaign/sweep.hpp>
#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/pass/convert.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;

template <Format F>
void upset_in(const Network& real, const Tensor& pictures) {
  // the same graph, its weights and activations in memory as F has them
  Network net = convert<F>(real);
  net.calibrate(pictures);  // scales of activations, where F has some
  const std::vector<std::uint32_t> answers = classify(net, pictures, 0, pictures.batch());
  const LabelledImages test{pictures, {answers.begin(), answers.end()}};
  std::cout << F::name().view() << ':';
  for (const double rate : {1e-5, 1e-4, 1e-3}) {  // of each bit, check bits and copies included
    double changed = 0;
    for (const Trial& trial : sweep(net, test, {.rates = {rate}, .trials = 20})) {
      changed += static_cast<double>(trial.critical);
    }
    std::cout << ' ' << 100 * changed / (20 * static_cast<double>(pictures.batch())) << " %";
  }
  std::cout << '\n';
}

int main() {
  // Random weights and pictures of noise: nothing here needs data.
  Network real = lenet5(Shape{28, 28, 1}, 10);
  initialize(real, 1);
  Tensor pictures({50, 28, 28, 1});
  Random random(1);
  for (float& pixel : pictures.values()) {
    pixel = static_cast<float>(random.uniform_double());
  }
  upset_in<Float32>(real, pictures);
  upset_in<ParityGuarded<Float32, std::uint32_t>>(real, pictures);
  upset_in<Int8Affine>(real, pictures);
  upset_in<Mono<8>>(real, pictures);
}
