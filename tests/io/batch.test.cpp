// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/batch.hpp>

using upset::Dataset;
using upset::Normalisation;

namespace {

/// Three pictures of 1 x 2 pixels with two channels; the second channel never changes.
Dataset three_pictures() {
  return {.height = 1,
          .width = 2,
          .channels = 2,
          .classes = 3,
          .pixels = {0, 7, 51, 7, 102, 7, 153, 7, 204, 7, 255, 7},
          .labels = {2, 0, 1}};
}

}  // namespace

TEST_CASE("fit_normalisation: mean and deviation per channel, over all pixels") {
  const Normalisation fitted = fit_normalisation(three_pictures());
  REQUIRE(fitted.mean.size() == 2);
  // 0, 51 .. 255 are 0, 0.2 .. 1: mean 0.5, variance 0.04 * (6^2 - 1) / 12.
  CHECK(fitted.mean[0] == 0.5F);
  CHECK(fitted.deviation[0] == static_cast<float>(std::sqrt(0.04 * 35 / 12)));
  CHECK(fitted.mean[1] == static_cast<float>(7.0 / 255));
  CHECK(fitted.deviation[1] == 1.0F);
}

TEST_CASE("batch_of: the pictures asked for, in that order, one picture twice") {
  const Dataset data = three_pictures();
  const Normalisation identity;
  const std::array<std::size_t, 3> pictures{2, 0, 2};
  const upset::Tensor x = batch_of(data, pictures, identity);
  CHECK(x.shape() == upset::Shape{3, 1, 2, 2});
  const std::vector<int> expected{204, 7, 255, 7, 0, 7, 51, 7, 204, 7, 255, 7};
  REQUIRE(x.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(x[i] == static_cast<float>(expected[i] / 255.0));
  }
  CHECK(labels_of(data, pictures) == std::vector<std::size_t>{1, 2, 1});
}

TEST_CASE("batch_of: one entry of a normalisation serves all channels, one each its own") {
  const Dataset data = three_pictures();
  const std::array<std::size_t, 1> first{0};
  const upset::Tensor shared = batch_of(data, first, Normalisation{{0.5F}, {0.25F}});
  CHECK(shared[0] == -2.0F);
  CHECK(shared[1] == static_cast<float>((7 / 255.0 - 0.5) / 0.25));
  const upset::Tensor own = batch_of(data, first, Normalisation{{0.5F, 0.0F}, {0.25F, 1.0F}});
  CHECK(own[0] == -2.0F);
  const upset::Tensor raw = batch_of(data, first, Normalisation{{7.0F}, {2.0F}, 1});
  CHECK(raw[0] == -3.5F);
  CHECK(raw[2] == 22.0F);
  CHECK(own[1] == static_cast<float>(7 / 255.0));
}

TEST_CASE("batch_of: a normalisation of another number of channels is refused") {
  const std::array<std::size_t, 1> first{0};
  const auto refusal = [&](const Normalisation& normalisation) {
    return complaint([&] { (void)batch_of(three_pictures(), first, normalisation); });
  };
  CHECK(contains(refusal({{0, 0, 0}, {1}}), "A normalisation of 3 channels does not fit 2"));
  CHECK(contains(refusal({{0}, {1, 1, 1}}), "A normalisation of 3 channels does not fit 2"));
  CHECK(refusal({{0, 0}, {1}}).empty());
}

TEST_CASE("batch_of: pictures that the data set does not have are refused") {
  const auto refusal = [](const Dataset& data, std::size_t picture) {
    return complaint([&] { (void)batch_of(data, std::array{picture}, Normalisation{}); });
  };
  CHECK(contains(refusal(three_pictures(), 3), "Picture 3 does not exist: the data set has 3"));
  Dataset cut = three_pictures();
  cut.pixels.resize(8);
  CHECK(contains(refusal(cut, 0), "3 labels and pictures of [1, 2, 2] has 8 pixels; give it 12"));
}
