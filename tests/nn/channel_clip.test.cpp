// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/channel_clip.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ChannelClip: each channel has its own bounds, and a NaN stays one") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const ChannelClip clip(Tensor({3}, {0, -1, -infinity}), Tensor({3}, {6, 2, infinity}));
  CHECK(forward(clip, Tensor({1, 2, 3}, {7, 7, 7, -7, -7, -7})) ==
        Tensor({1, 2, 3}, {6, 2, 7, 0, -1, -7}));
  CHECK(forward(clip, Tensor({1, 3}, {5, 1.5F, 0})) == Tensor({1, 3}, {5, 1.5F, 0}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(forward(clip, Tensor({1, 3}, nan))[1]));
}

TEST_CASE("ChannelClip: any number of channels, each value by the bounds of its own") {
  Values values(5);
  for (std::size_t channels = 1; channels < 70; ++channels) {
    CAPTURE(channels);
    Tensor low = values.steps({channels}, 9, 0.25F);
    Tensor high = low;
    for (std::size_t c = 0; c < channels; ++c) {
      high[c] += 0.25F * static_cast<float>(c % 5);
    }
    const Tensor x = values.steps({3, channels}, 17, 0.25F);
    const Tensor y = forward(ChannelClip(low, high), x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(y[i] == std::clamp(x[i], low[i % channels], high[i % channels]));
    }
  }
}

TEST_CASE("ChannelClip: gradients are those of differences") {
  Tensor x = Values(1).steps({2, 3, 2, 4}, 9, 0.25F);
  for (float& value : x.values()) {
    value += 0.125F;  // clear of the kinks
  }
  const GradientReport report = check_gradients(
      ChannelClip(Tensor({4}, {0, -0.5F, -1, -9}), Tensor({4}, {1, 0.5F, 9, 9})), x);
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared >= 48);
}

TEST_CASE("ChannelClip: refuses other shapes, and bounds that contradict each other") {
  CHECK(refusal(ChannelClip(Tensor({3}), Tensor({3})), {Shape{5, 5, 2}}) ==
        "ChannelClip takes 3 channels in the last extent, not [5, 5, 2]");
  CHECK(error_of([] { ChannelClip(Tensor({2}), Tensor({3})); }) ==
        "ChannelClip takes lower and upper bounds [C], not [2] and [3]");
  CHECK(error_of([] {
          ChannelClip(Tensor({2}), Tensor({2}, {0, -1}));
        }) ==
        "ChannelClip takes lower bounds that are no larger than the upper ones, not 0.000000 and "
        "-1.000000");
}
