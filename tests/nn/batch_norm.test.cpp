// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/batch_norm.hpp>

using namespace upset;
using namespace upset::test;

namespace {

constexpr double epsilon = 1e-5;

struct Moments {
  double mean = 0;
  double variance = 0;  // mean squared deviation
};

Moments moments(const Tensor& x, std::size_t channels, std::size_t channel) {
  double sum = 0;
  const auto count = static_cast<double>(x.size() / channels);
  for (std::size_t i = channel; i < x.size(); i += channels) {
    sum += static_cast<double>(x[i]);
  }
  Moments result{sum / count};
  for (std::size_t i = channel; i < x.size(); i += channels) {
    result.variance += std::pow(static_cast<double>(x[i]) - result.mean, 2) / count;
  }
  return result;
}

BatchNorm<> example(std::size_t channels) {
  Values draw(1);
  return BatchNorm<>(draw.uniform({channels}, 0.5F, 2), draw.uniform({channels}, -1, 1),
                     draw.uniform({channels}, -3, 3), draw.uniform({channels}, 0.1F, 4));
}

// The difference, the factor and the result are seven roundings in all; the mean, where the batch's
// is rounded to float, is off by `mean_error`.
bool is_near(float y, double difference, double deviation, double gamma, double beta,
             double mean_error = 0) {
  const double scaled = gamma * difference / deviation;
  const double bound = 0x1p-24 * (8 * std::abs(scaled) + 2 * std::abs(beta)) +
                       std::abs(gamma) * mean_error / deviation;
  return std::abs(static_cast<double>(y) - (scaled + beta)) <= bound;
}

Gradients all_gradients(std::vector<Tensor>& parameters, Tensor* const& d_x) {
  return {parameters, {&d_x, 1}};
}

}  // namespace

TEST_CASE("BatchNorm: inference normalises by the stored averages") {
  const std::size_t channels = 5;
  const BatchNorm<> norm = example(channels);
  const Tensor x = Values(2).uniform({3, 4, 7, channels}, -5, 5);
  const Tensor y = forward(norm, x);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % channels;
    const double difference = static_cast<double>(x[i]) - static_cast<double>(norm.mean()[c]);
    const double deviation = std::sqrt(static_cast<double>(norm.variance()[c]) + epsilon);
    wrong += is_near(y[i], difference, deviation, static_cast<double>(norm.gamma()[c]),
                     static_cast<double>(norm.beta()[c]))
                 ? 0U
                 : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("BatchNorm: training normalises by the batch given") {
  const std::size_t channels = 5;
  const BatchNorm<> norm = example(channels);
  const Tensor x = Values(3).uniform({3, 4, 7, channels}, 2, 5);
  const Tensor y = forward(norm, x, {.training = true});
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % channels;
    const Moments batch = moments(x, channels, c);
    wrong += is_near(y[i], static_cast<double>(x[i]) - batch.mean,
                     std::sqrt(batch.variance + epsilon), static_cast<double>(norm.gamma()[c]),
                     static_cast<double>(norm.beta()[c]), 5 * 0x1p-24)
                 ? 0U
                 : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("BatchNorm: a large mean costs no digits of the variance") {
  Tensor x({1000, 1});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = 4096.0F + (i % 2 == 0 ? 0.5F : -0.5F);
  }
  const Tensor y = forward(BatchNorm<>(1), x, {.training = true});
  const double right = 0.5 / std::sqrt(0.25 + epsilon);
  CHECK(std::abs(static_cast<double>(y[0]) - right) <= 0x1p-22);
  CHECK(y[1] == -y[0]);
}

TEST_CASE("BatchNorm: backward hands the batch's mean and unbiased variance to training") {
  const std::size_t channels = 3;
  BatchNorm<> norm = example(channels);
  const Tensor x = Values(4).uniform({2, 3, 5, channels}, -1, 4);
  const Tensor d_y(x.shape(), 1.0F);
  std::vector<Tensor> gradients(4, Tensor({channels}, 10.0F));
  Tensor* nobody = nullptr;
  Gradients sinks = all_gradients(gradients, nobody);
  const Tensor* const inputs[] = {&x};
  norm.backward(inputs, x, d_y, sinks);
  for (std::size_t c = 0; c < channels; ++c) {
    const Moments batch = moments(x, channels, c);
    // added to 10, whose last place is 2^-20
    CHECK(std::abs(static_cast<double>(gradients[2][c]) - (10 + batch.mean)) <= 0x1p-20);
    CHECK(std::abs(static_cast<double>(gradients[3][c]) - (10 + batch.variance * 30 / 29)) <=
          0x1p-20);
  }
  const std::vector<Parameter> parameters = norm.parameters();
  CHECK(parameters[0].update == Update::gradient);
  CHECK(parameters[1].update == Update::gradient);
  CHECK(parameters[2].update == Update::average);
  CHECK(parameters[3].update == Update::average);
}

TEST_CASE("BatchNorm: backward agrees with differences, through the batch's statistics too") {
  // values of magnitude 4 at most, 8 roundings each
  const Differences how{.step = 0x1p-6F, .rounding = 8 * 4 * 0x1p-24};
  GradientReport report = check_gradients(example(3), Values(5).uniform({3, 2, 3, 3}, -1, 1), how);
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared > 60);
  report = check_gradients(example(4), Values(6).uniform({7, 4}, -1, 1), how);
  CHECK_MESSAGE(report.wrong == 0, report.first);
}

TEST_CASE("BatchNorm: a batch of one value per channel is finite") {
  BatchNorm<> norm = example(2);
  const Tensor x({1, 2}, {3, -4});
  const Tensor y = forward(norm, x, {.training = true});
  CHECK(y == Tensor({1, 2}, {norm.beta()[0], norm.beta()[1]}));
  std::vector<Tensor> gradients(4, Tensor({2}));
  Tensor d_x({1, 2});
  Tensor* asked = &d_x;
  Gradients sinks = all_gradients(gradients, asked);
  const Tensor* const inputs[] = {&x};
  norm.backward(inputs, y, Tensor({1, 2}, 1.0F), sinks);
  CHECK(d_x == Tensor({1, 2}, {0, 0}));
  CHECK(gradients[2] == x.reshaped({2}));
  CHECK(gradients[3] == Tensor({2}));
}

TEST_CASE("BatchNorm: faults change inference, and taking them back restores every bit") {
  BatchNorm<> norm = example(4);
  const Tensor x = Values(7).uniform({2, 3, 3, 4}, -1, 1);
  const Tensor golden = forward(norm, x);
  CHECK(norm.images().size() == 4);
  for (const NamedImage& named : norm.images()) {
    CHECK(named.image->bit_count() == 4 * 32);
    const std::uint64_t bit = named.image->bit_index(2, 30);
    named.image->flip(bit);
    CHECK(different_bits(forward(norm, x), golden) == 0);  // not before refresh
    norm.refresh();
    const Tensor faulty = forward(norm, x);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {  // channel 2, and no other
      wrong += (different_bits(faulty.values().subspan(i, 1), golden.values().subspan(i, 1)) !=
                0) == (i % 4 == 2)
                   ? 0U
                   : 1U;
    }
    CHECK_MESSAGE(wrong == 0, named.name);
    named.image->flip(bit);
    norm.refresh();
    CHECK(different_bits(forward(norm, x), golden) == 0);
  }
}

TEST_CASE("BatchNorm: a variance that a fault made negative gives NaN in its channel alone") {
  BatchNorm<> norm = example(2);
  MemoryImage& variance = *norm.images()[3].image;
  variance.flip(variance.bit_index(1, 31));
  norm.refresh();
  const Tensor y = forward(norm, Tensor({1, 2}, {1, 1}));
  CHECK(!std::isnan(y[0]));
  CHECK(std::isnan(y[1]));
}

TEST_CASE_TEMPLATE("BatchNorm: reads its parameters as their format stores them", P, Float32,
                   BFloat16, Float16, Fixed<16, 8>, Fixed<32, 16>, Int8Affine, Mono<8>,
                   MultiLevelBinary<4>, ParityGuarded<Float32, std::uint64_t>,
                   Triplicated<Fixed<16, 8>>, Secded<BFloat16, std::uint64_t>) {
  const std::size_t channels = 3;
  const BatchNorm<> real = example(channels);
  BatchNorm<P> norm(real.gamma(), real.beta(), real.mean(), real.variance());
  const Tensor x = Values(8).uniform({2, 3, 3, channels}, -1, 1);
  std::vector<Tensor> stored;
  for (const NamedImage& named : norm.images()) {
    stored.emplace_back(Shape{channels});
    named.image->decode(stored.back().values());
  }
  const BatchNorm<> same(stored[0], stored[1], stored[2], stored[3]);
  CHECK(different_bits(forward(norm, x), forward(same, x)) == 0);
  CHECK(norm.images()[0].image->format_name() == P::name().view());
  // and the real values stay those that training changes
  CHECK(norm.gamma() == real.gamma());
}

TEST_CASE("BatchNorm: shapes, and the sentences that refuse them") {
  CHECK(output_shape(BatchNorm<>(3), {Shape{4, 5, 3}}) == Shape{4, 5, 3});
  CHECK(output_shape(BatchNorm<>(3), {Shape{3}}) == Shape{3});
  CHECK(refusal(BatchNorm<>(3), {Shape{3, 4}}) ==
        "BatchNorm takes 3 channels in the last extent, not [3, 4]");
  CHECK(error_of([] { BatchNorm<>(Tensor({3}), Tensor({3}), Tensor({4}), Tensor({3})); }) ==
        "BatchNorm takes gamma, beta, mean and variance of one shape [C]; its mean has shape [4], "
        "its gamma [3]");
  CHECK(!error_of([] {
           BatchNorm<>(Tensor({3, 1}), Tensor({3, 1}), Tensor({3, 1}), Tensor({3, 1}));
         }).empty());
}
