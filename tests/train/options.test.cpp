// SPDX-License-Identifier: BSL-1.0
#include <limits>
#include <string>

#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/train/options.hpp>

using namespace upset;

TEST_CASE("check_options: takes the defaults, and names what makes no sense") {
  const auto refusal = [](auto change) {
    TrainOptions options;
    change(options);
    return test::error_of([&] { check_options(options); });
  };
  CHECK(refusal([](TrainOptions&) {}).empty());
  CHECK(refusal([](TrainOptions& o) { o.epochs = 0; }).starts_with("TrainOptions::epochs"));
  CHECK(refusal([](TrainOptions& o) { o.batch = 0; }).starts_with("TrainOptions::batch"));
  CHECK(refusal([](TrainOptions& o) { o.shard = 0; }).starts_with("TrainOptions::shard"));
  CHECK(refusal([](TrainOptions& o) { o.schedule = nullptr; }).starts_with("TrainOptions::sched"));
  for (const double share : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(refusal([&](TrainOptions& o) { o.held_out = share; }).starts_with("TrainOptions::held"));
    CHECK(refusal([&](TrainOptions& o) { o.loss.smoothing = share; }).starts_with("CrossEntropy"));
  }
  CHECK(refusal([](TrainOptions& o) { o.patience = 1; }).starts_with("TrainOptions::patience"));
  CHECK(refusal([](TrainOptions& o) {
          o.patience = 1;
          o.held_out = 0.1;
        }).empty());
}
