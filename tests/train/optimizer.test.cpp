// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/train/optimizer.hpp>

using namespace upset;
using upset::test::different_bits;
using upset::test::Values;

namespace {

// A network of one parameter, stepped `gradients.size()` times.
struct Stepped {
  explicit Stepped(float start, std::string name = "layer.kernel", Update update = Update::gradient)
      : value({1, 1}, start), parameters{{std::move(name), &value, update}} {}

  float step(Optimizer& optimizer, float gradient, double rate) {
    const std::vector<Tensor> gradients = {Tensor({1, 1}, gradient)};
    optimizer.step(parameters, gradients, rate);
    return value[0];
  }

  Tensor value;
  std::vector<Parameter> parameters;
};

}  // namespace

// Values below are exact in float, so that the expected ones are equal, not close.

TEST_CASE("Sgd: without momentum goes rate times gradient downhill") {
  Stepped x(1.0F);
  Optimizer optimizer(Sgd{.momentum = 0});
  CHECK(x.step(optimizer, 0.5F, 0.25) == 0.875F);
  CHECK(x.step(optimizer, -1.0F, 0.5) == 1.375F);
  CHECK(optimizer.steps() == 2);
}

TEST_CASE("Sgd: momentum adds half of all earlier steps") {
  Stepped x(0.0F);
  Optimizer optimizer(Sgd{.momentum = 0.5});
  CHECK(x.step(optimizer, 1.0F, 1) == -1.0F);    // m = 1
  CHECK(x.step(optimizer, 1.0F, 1) == -2.5F);    // m = 1.5
  CHECK(x.step(optimizer, 1.0F, 1) == -4.25F);   // m = 1.75
  CHECK(x.step(optimizer, 0.0F, 1) == -5.125F);  // m = 0.875
}

TEST_CASE("Sgd: nesterov looks one step ahead") {
  Stepped x(0.0F);
  Optimizer optimizer(Sgd{.momentum = 0.5, .nesterov = true});
  CHECK(x.step(optimizer, 1.0F, 1) == -1.5F);    // m = 1, 1 + 0.5
  CHECK(x.step(optimizer, 1.0F, 1) == -3.25F);   // m = 1.5, 1 + 0.75
  CHECK(x.step(optimizer, 0.0F, 1) == -3.625F);  // m = 0.75, 0 + 0.375
}

TEST_CASE("Sgd: weight decay is part of the gradient") {
  Stepped x(2.0F);
  Optimizer optimizer(Sgd{.momentum = 0.5, .weight_decay = 0.25});
  CHECK(x.step(optimizer, 1.0F, 1) == 0.5F);     // m = 1 + 0.5
  CHECK(x.step(optimizer, 0.0F, 1) == -0.375F);  // m = 0.75 + 0.125
}

TEST_CASE("Adam: the first steps, written out") {
  const Adam rule{.beta1 = 0.75, .beta2 = 0.9375, .epsilon = 0.125, .weight_decay = 0};
  Stepped x(1.0F);
  Optimizer optimizer(rule);
  // m = 0.25 * 4, v = 0.0625 * 16; corrected both are 4 and 16: the direction is 4 / (4 + 1/8)
  CHECK(x.step(optimizer, 4.0F, 0.5) == static_cast<float>(1 - 0.5 * 4 / 4.125));
  const double before = static_cast<double>(x.value[0]);
  // m = 0.75 + 0.25 * -2 = 0.25, over 1 - 0.5625; v = 0.9375 + 0.0625 * 4 = 1.1875, over 1 -
  // 0.87890625
  const double m = 0.25 / 0.4375;
  const double v = 1.1875 / 0.12109375;
  CHECK(x.step(optimizer, -2.0F, 0.5) ==
        doctest::Approx(before - 0.5 * m / (std::sqrt(v) + 0.125)).epsilon(1e-7));
}

TEST_CASE("Adam: the size of a first gradient does not matter, its sign does") {
  for (const float gradient : {1e-3F, 1.0F, -1e5F}) {
    Stepped x(0.0F);
    Optimizer optimizer(Adam{.epsilon = 0});
    CHECK(x.step(optimizer, gradient, 0.125) == (gradient > 0 ? -0.125F : 0.125F));
  }
}

TEST_CASE("Adam: weight decay stays out of the averages") {
  Stepped x(2.0F);
  Optimizer optimizer(Adam{.epsilon = 0, .weight_decay = 0.25});
  CHECK(x.step(optimizer, 1.0F, 0.5) == 2.0F - 0.5F * (1.0F + 0.25F * 2.0F));
}

TEST_CASE("Optimizer: ten thousand elements follow a scalar reference in double") {
  Values values(3);
  Tensor x = values.uniform({100, 100}, -1.0F, 1.0F);
  std::vector<double> expected(x.values().begin(), x.values().end());
  std::vector<double> m(x.size());
  std::vector<double> v(x.size());
  const Adam rule{};
  Optimizer optimizer(rule);
  for (int step = 1; step <= 5; ++step) {
    const std::vector<Tensor> gradients = {values.uniform(x.shape(), -1.0F, 1.0F)};
    optimizer.step(std::vector<Parameter>{{"a.kernel", &x}}, gradients, 0.01, 2);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double g = static_cast<double>(gradients[0][i]);
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      expected[i] -= 0.01 * (m[i] / (1 - std::pow(0.9, step))) /
                     (std::sqrt(v[i] / (1 - std::pow(0.999, step))) + 1e-8);
    }
  }
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(x[i]) - expected[i]));
  }
  // Each step rounds a value below 1.1 by at most 2^-24, and its memories by 2^-24 of themselves:
  // a direction, at most sqrt(10) here, moves by a few of those, and 0.01 of that is far less.
  CHECK(worst < 5 * (0x1p-24 + 0.01 * 10 * 0x1p-24));
}

TEST_CASE(
    "Optimizer: scales stay above the least that memory holds, and have a rate of their own") {
  for (const char* name : {"conv1.kernel_scale", "dense3.input_scale", "dense3.bias_scale"}) {
    CAPTURE(name);
    CHECK(is_scale(name));
    Stepped x(0.25F, name);
    Optimizer optimizer(Sgd{.momentum = 0}, 0.5);
    CHECK(x.step(optimizer, 0.25F, 0.5) == 0.1875F);
    CHECK(x.step(optimizer, 100.0F, 0.5) == 0x1p-14F);
    CHECK(x.step(optimizer, -1.0F, 0.5) == 0.25F + 0x1p-14F);
  }
  CHECK_FALSE(is_scale("norm1.gamma"));
  Stepped kernel(0.25F);
  Optimizer optimizer(Sgd{.momentum = 0}, 0.5);
  CHECK(kernel.step(optimizer, 100.0F, 0.5) == -49.75F);
}

TEST_CASE("Optimizer: vectors do not decay") {
  for (const UpdateRule& rule :
       {UpdateRule(Adam{.weight_decay = 0.5}), UpdateRule(Sgd{.weight_decay = 0.5})}) {
    Tensor bias({3}, 1.0F);
    Tensor kernel({3, 1}, 1.0F);
    const std::vector<Parameter> parameters = {{"a.bias", &bias}, {"a.kernel", &kernel}};
    const std::vector<Tensor> gradients = {Tensor({3}), Tensor({3, 1})};
    Optimizer optimizer(rule);
    optimizer.step(parameters, gradients, 0.5);
    CHECK(bias == Tensor({3}, 1.0F));
    CHECK(kernel == Tensor({3, 1}, 0.75F));
  }
}

TEST_CASE("Optimizer: averages move a tenth of the way, whatever the rate") {
  Stepped x(1.0F, "norm.mean", Update::average);
  Optimizer optimizer;
  CHECK(x.step(optimizer, 11.0F, 0) == 2.0F);
  CHECK(x.step(optimizer, 2.0F, 5) == 2.0F);
  CHECK(optimizer.memory()[0].empty());
}

TEST_CASE("Optimizer: any number of workers gives the same bits") {
  std::vector<std::vector<Tensor>> results;
  for (const std::size_t workers : {1U, 2U, 3U}) {
    Values values(4);
    std::vector<Tensor> tensors;
    std::vector<Parameter> parameters;
    std::vector<Tensor> gradients;
    for (std::size_t p = 0; p < 5; ++p) {
      tensors.push_back(values.uniform({p + 1, 7}, -1.0F, 1.0F));
      gradients.push_back(values.uniform({p + 1, 7}, -1.0F, 1.0F));
    }
    for (Tensor& tensor : tensors) {
      parameters.push_back({"p.kernel", &tensor});
    }
    Optimizer optimizer;
    for (int step = 0; step < 3; ++step) {
      optimizer.step(parameters, gradients, 1e-2, workers);
    }
    results.push_back(tensors);
  }
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}

TEST_CASE("Optimizer: restored memory goes on with the same bits") {
  for (const UpdateRule& rule : {UpdateRule(Adam{}), UpdateRule(Sgd{})}) {
    Values values(5);
    Tensor x = values.uniform({8, 8}, -1.0F, 1.0F);
    const std::vector<Parameter> parameters = {{"a.kernel", &x}};
    const std::vector<Tensor> first = {values.uniform({8, 8}, -1.0F, 1.0F)};
    const std::vector<Tensor> second = {values.uniform({8, 8}, -1.0F, 1.0F)};
    Optimizer whole(rule);
    whole.step(parameters, first, 0.1);
    const Tensor between = x;
    const auto memory = whole.memory();
    whole.step(parameters, second, 0.1);
    const Tensor expected = x;

    x = between;
    Optimizer resumed(rule);
    resumed.restore(parameters, 1);
    resumed.memory() = memory;
    resumed.step(parameters, second, 0.1);
    CHECK(different_bits(x, expected) == 0);
    CHECK(resumed.steps() == 2);
  }
}
