// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <upset/train/schedule.hpp>

using namespace upset;

namespace {

struct Row {
  double progress;
  double rate;
};

template <Schedule S>
void check(const S& schedule, const std::vector<Row>& table) {
  for (const Row& row : table) {
    CAPTURE(row.progress);
    CHECK(schedule(row.progress) == doctest::Approx(row.rate).epsilon(1e-12));
  }
}

}  // namespace

static_assert(Schedule<ConstantRate> && Schedule<StepRate> && Schedule<CosineRate>);
static_assert(Schedule<WarmRestarts<WarmRestarts<StepRate>>>);
static_assert(Schedule<double (*)(double)> && !Schedule<double>);

TEST_CASE("ConstantRate: stays") { check(ConstantRate{0.25}, {{0, 0.25}, {0.5, 0.25}, {1, 0.25}}); }

TEST_CASE("StepRate: falls at its steps, the step itself included") {
  check(StepRate{1, 0.1, {0.25, 0.5}},
        {{0, 1}, {0.2499, 1}, {0.25, 0.1}, {0.4999, 0.1}, {0.5, 0.01}, {0.999, 0.01}});
  check(StepRate{1, 0.1, {}}, {{0, 1}, {0.999, 1}});
}

TEST_CASE("CosineRate: half a cosine from the first rate to the last") {
  check(CosineRate{1, 0.2}, {{0, 1},
                             {1.0 / 4, 0.2 + 0.4 * (1 + std::sqrt(0.5))},
                             {1.0 / 3, 0.8},
                             {1.0 / 2, 0.6},
                             {2.0 / 3, 0.4},
                             {1, 0.2}});
}

TEST_CASE("WarmRestarts: runs the schedule once more from each restart") {
  check(WarmRestarts{CosineRate{1, 0}, {0.25}},
        {{0, 1}, {0.125, 0.5}, {0.25, 1}, {0.625, 0.5}, {0.4375, (2 + std::sqrt(2.0)) / 4}});
  // 180 epochs at 1e-4, a tenth of it from 30 on, again from 90 on, as MONO trains ResNet-18
  const WarmRestarts mono{StepRate{1e-4, 0.1, {1.0 / 3}}, {0.5}};
  check(mono, {{0.0 / 180, 1e-4},
               {29.0 / 180, 1e-4},
               {31.0 / 180, 1e-5},
               {89.0 / 180, 1e-5},
               {90.0 / 180, 1e-4},
               {119.0 / 180, 1e-4},
               {121.0 / 180, 1e-5},
               {179.0 / 180, 1e-5}});
}
