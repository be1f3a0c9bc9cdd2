// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/io/batch.hpp>

using namespace upset;
using upset::test::error_of;

namespace {

// Three pictures of 2x1 pixels with two channels.
Dataset three_pictures() {
  return {.height = 2,
          .width = 1,
          .channels = 2,
          .classes = 10,
          .pixels = {0, 255, 51, 204, 102, 153, 0, 255, 255, 255, 255, 0},
          .labels = {3, 1, 4}};
}

}  // namespace

TEST_CASE("batch_of: the pictures asked for, in their order, normalised per channel") {
  const std::vector<std::size_t> pictures = {2, 0, 2};
  const Tensor x = batch_of(three_pictures(), pictures, {{0.5F, 0.0F}, {0.25F, 2.0F}});
  CHECK(x == Tensor({3, 2, 1, 2}, {2, 0.5F, 2, 0,                                           //
                                   -2, 0.5F, static_cast<float>((0.2 - 0.5) / 0.25), 0.4F,  //
                                   2, 0.5F, 2, 0}));
  CHECK(labels_of(three_pictures(), pictures) == std::vector<std::size_t>{4, 3, 4});
}

TEST_CASE("batch_of: one entry serves all channels, any other number is refused") {
  const std::vector<std::size_t> first = {0};
  CHECK(batch_of(three_pictures(), first, {}) == Tensor({1, 2, 1, 2}, {0, 1, 0.2F, 0.8F}));
  CHECK(error_of([&] {
          (void)batch_of(three_pictures(), first, {{0, 0, 0}, {1}});
        }) == "A normalisation of 3 channels does not fit 2; give one entry, or one per channel");
  CHECK(error_of([&] {
          (void)batch_of(three_pictures(), first, {{0}, {}});
        }) == "A normalisation of 0 channels does not fit 2; give one entry, or one per channel");
}

TEST_CASE("fit_normalisation: channels get mean 0 and deviation 1") {
  const Dataset data = three_pictures();
  const Normalisation fitted = fit_normalisation(data);
  const std::vector<std::size_t> all = {0, 1, 2};
  const Tensor x = batch_of(data, all, fitted);
  for (std::size_t channel = 0; channel < 2; ++channel) {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = channel; i < x.size(); i += 2) {
      sum += static_cast<double>(x[i]);
      squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    // mean and deviation are floats: each value is off by a few units of 2^-24
    CHECK(std::abs(sum / 6) < 4 * 0x1p-24);
    CHECK(std::abs(squares / 6 - 1) < 8 * 0x1p-24);
  }
  Dataset flat = data;
  flat.pixels.assign(flat.pixels.size(), 51);
  CHECK(fit_normalisation(flat) == Normalisation{{0.2F, 0.2F}, {1, 1}});
}
