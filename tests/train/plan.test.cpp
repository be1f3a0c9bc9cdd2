// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <string>
#include <vector>

#include "train/digits.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/dense.hpp>
#include <upset/train/plan.hpp>

using namespace upset;

namespace {

template <Format W>
Network planned_network() {
  Network net({10, 8, 1});
  net.add("dense", Dense<W>::zeros(80, 10));
  return net;
}

// The names of entries in which two plans differ.
std::vector<std::string> differences(const TrainingPlan& a, const TrainingPlan& b) {
  std::vector<std::string> names;
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].first == b[i].first);
    if (a[i].second != b[i].second) {
      names.push_back(a[i].first);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("plan_of: whatever changes a result changes one entry") {
  const Dataset data = test::digits(30, 1);
  Network net = planned_network<Mono<8>>();
  const std::vector<double> rates = {0.1, 0.05};
  const TrainingPlan plan = plan_of(net, data, {}, rates);
  const auto changed = [&](auto change) {
    TrainOptions options;
    change(options);
    return differences(plan, plan_of(net, data, options, rates));
  };
  using Names = std::vector<std::string>;
  CHECK(changed([](TrainOptions&) {}).empty());
  CHECK(changed([](TrainOptions& o) { o.threads = 7; }).empty());
  CHECK(changed([](TrainOptions& o) { o.epochs = 7; }) == Names{"epochs"});
  CHECK(changed([](TrainOptions& o) { o.batch = 7; }) == Names{"batch"});
  CHECK(changed([](TrainOptions& o) { o.shard = 7; }) == Names{"shard"});
  CHECK(changed([](TrainOptions& o) { o.seed = 7; }) == Names{"seed"});
  CHECK(changed([](TrainOptions& o) { o.held_out = 1e-17; }) == Names{"share held out"});
  CHECK(changed([](TrainOptions& o) { o.patience = 7; }) == Names{"patience"});
  CHECK(changed([](TrainOptions& o) { o.augmentation.shift = 7; }) ==
        Names{"augmentation by shift"});
  CHECK(changed([](TrainOptions& o) { o.augmentation.flip = true; }) ==
        Names{"augmentation by flip"});
  CHECK(changed([](TrainOptions& o) { o.loss.smoothing = 0.5; }) == Names{"label smoothing"});
  CHECK(changed([](TrainOptions& o) { o.scale_rate = 0.5; }) == Names{"scale rate"});
  CHECK(changed([](TrainOptions& o) { o.optimizer = Adam{.beta1 = 0.8}; }) == Names{"beta1"});
  CHECK(changed([](TrainOptions& o) { o.optimizer = Adam{.beta2 = 0.8}; }) == Names{"beta2"});
  CHECK(changed([](TrainOptions& o) { o.optimizer = Adam{.epsilon = 0.8}; }) == Names{"epsilon"});
  CHECK(changed([](TrainOptions& o) { o.optimizer = Adam{.weight_decay = 0.8}; }) ==
        Names{"weight decay"});
  CHECK(changed([](TrainOptions& o) { o.normalisation.mean = {0.5F}; }) ==
        Names{"checksum of the normalisation"});
  CHECK(changed([](TrainOptions& o) { o.normalisation.deviation = {0.5F}; }) ==
        Names{"checksum of the normalisation"});
  TrainOptions sgd;
  sgd.optimizer = Sgd{};
  const TrainingPlan other = plan_of(net, data, sgd, rates);
  CHECK(other != plan);
  for (const Sgd& rule : {Sgd{.momentum = 0.5}, Sgd{.weight_decay = 0.5}, Sgd{.nesterov = true}}) {
    sgd.optimizer = rule;
    CHECK(differences(other, plan_of(net, data, sgd, rates)).size() == 1);
  }

  CHECK(differences(plan, plan_of(net, data, {}, std::vector<double>{0.1, 0.06})) ==
        Names{"checksum of the learning rates"});
  for (const bool pixel : {false, true}) {
    Dataset edited = data;
    if (pixel) {
      ++edited.pixels.back();
    } else {
      ++edited.labels.back();
    }
    CHECK(differences(plan, plan_of(net, edited, {}, rates)) ==
          Names{"checksum of pictures and labels"});
  }
  Network other_weights = net;
  *other_weights.parameters().front().value = Tensor({10, 80}, 0.5F);
  CHECK(differences(plan, plan_of(other_weights, data, {}, rates)) ==
        Names{"checksum of the first weights"});
  Network narrower = planned_network<Mono<5>>();
  CHECK(differences(plan, plan_of(narrower, data, {}, rates)) ==
        Names{"format of dense.kernel", "format of dense.bias", "format of dense.input_scale"});

  Network fitted = planned_network<Int8Affine>();
  const TrainingPlan before = plan_of(fitted, data, {}, rates);
  fitted.calibrate(test::Values(1).uniform({5, 10, 8, 1}, -1.0F, 3.0F));
  CHECK(differences(before, plan_of(fitted, data, {}, rates)) == Names{"dense.input_scale"});
}
