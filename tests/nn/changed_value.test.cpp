// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/changed_value.hpp>

namespace upset {
namespace {

// A picture, and a change of a random stretch of it with stale values outside.
struct Example {
  std::vector<float> golden;
  std::vector<float> now;  // in full
  Change change;
};

[[nodiscard]] Example random_example(test::Values& values) {
  Example example;
  const std::size_t size = 1 + values.below(200);
  Change& change = example.change;
  change.begin = values.below(size);
  change.end = change.begin + values.below(size - change.begin + 1);
  for (std::size_t i = 0; i < size; ++i) {
    example.golden.push_back(values.uniform(-1.0F, 1.0F));
    const bool is_changed =
        i >= change.begin && i < change.end && values.below(8) == 0;  // few of them
    example.now.push_back(is_changed ? values.uniform(2.0F, 3.0F) : example.golden[i]);
    const bool is_stale = i < change.begin || i >= change.end;
    change.values.push_back(is_stale ? 99.0F : example.now[i]);
  }
  return example;
}

TEST_CASE("change: trim leaves out equal values at both ends, and nothing else") {
  test::Values values(1);
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 500; ++trial) {
    Example at = random_example(values);
    std::size_t first = at.golden.size();
    std::size_t last = 0;
    for (std::size_t i = 0; i < at.golden.size(); ++i) {
      if (at.now[i] != at.golden[i]) {
        first = std::min(first, i);
        last = i + 1;
      }
    }
    at.change.trim(at.golden);
    wrong += at.change.is_none() == (last == 0) ? 0U : 1U;
    wrong += at.change.begin == (last == 0 ? 0 : first) && at.change.end == last ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("change: trim compares bits") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> golden{nan, 0.0F, 1.0F, nan};
  Change change;
  change.values = {nan, -0.0F, 1.0F, nan};
  change.end = 4;
  change.trim(golden);
  CHECK(change.begin == 1);
  CHECK(change.end == 2);
}

TEST_CASE("change: set_none forgets everything") {
  Change change;
  change.values = {1, 2, 3};
  change.begin = 1;
  change.end = 3;
  change.is_exact = false;
  change.is_suspect = change.is_declined = true;
  change.channel = 1;
  CHECK_FALSE(change.is_none());
  change.set_none();
  CHECK(change.is_none());
  CHECK(change.is_exact);
  CHECK_FALSE(change.is_suspect);
  CHECK_FALSE(change.is_declined);
  CHECK_FALSE(change.channel.has_value());
}

TEST_CASE("change: of one channel, the pixels between the first and the last that differ") {
  test::Values values(5);
  std::size_t none = 0;
  for (std::size_t trial = 0; trial < 300; ++trial) {
    const std::size_t pixels = 1 + values.below(20);
    const std::size_t channels = 1 + values.below(6);
    const std::size_t channel = values.below(channels);
    const Tensor golden = values.uniform({pixels, channels}, -1.0F, 1.0F);
    Tensor now = golden;
    Change change;
    change.values.assign(golden.size(), 99.0F);
    std::size_t first = pixels;
    std::size_t last = 0;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
      float& value = now[pixel * channels + channel];
      if (values.below(8) == 0) {
        value = 2.0F;
        first = std::min(first, pixel);
        last = pixel + 1;
      }
      change.channel_values.push_back(value);
    }
    change.set_channel(channel, channels, golden.values());
    CHECK(change.channel == channel);
    CHECK(change.is_none() == (last == 0));
    none += change.is_none() ? 1U : 0U;
    if (last > 0) {
      CHECK(change.begin == first * channels);
      CHECK(change.end == last * channels);
    }
    std::size_t wrong = 0;
    for (std::size_t i = change.begin; i < change.end; ++i) {
      wrong += change.values[i] == now[i] ? 0U : 1U;
    }
    CHECK(wrong == 0);
  }
  CHECK(none > 20);
  CHECK(none < 280);
}

TEST_CASE("change: the distance from the fault-free value") {
  test::Values values(2);
  for (std::size_t trial = 0; trial < 100; ++trial) {
    const Example at = random_example(values);
    double squares = 0;
    for (std::size_t i = 0; i < at.golden.size(); ++i) {
      const double difference = static_cast<double>(at.now[i]) - static_cast<double>(at.golden[i]);
      squares += difference * difference;
    }
    // a difference, its square and at most 27 sums of squares round by 2^-24 of themselves each,
    // and the root halves what is left: 31 2^-24 / 2 to first order
    CHECK(std::abs(at.change.distance(at.golden) - std::sqrt(squares)) <=
          16 * 0x1p-24 * std::sqrt(squares));
  }
  Change far;  // to be given up as soon as it is known to be further than enough
  far.values.resize(10000);
  std::iota(far.values.begin(), far.values.end(), 0.0F);
  far.end = far.values.size();
  const std::vector<float> zeros(far.values.size());
  const double whole = std::sqrt(9999.0 * 10000.0 * 19999.0 / 6);
  CHECK(std::abs(far.distance(zeros) - whole) < 1e-5 * whole);
  for (const double enough : {0.0, 1.0, 1e3, 0.9 * whole, 1.1 * whole, 1e9}) {
    CAPTURE(enough);
    const double found = far.distance(zeros, enough);
    CHECK(found <= 1.00001 * whole);
    CHECK((found > enough) == (whole > enough));
  }
  CHECK(far.distance(zeros, 1) < 0.1 * whole);
  Change change;
  change.values = {1, std::numeric_limits<float>::quiet_NaN()};
  change.end = 2;
  CHECK(std::isnan(change.distance(std::vector<float>{1, 1})));
}

TEST_CASE("changed input: value, stretch, write and add see the change where it is") {
  test::Values values(3);
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 300; ++trial) {
    const Example at = random_example(values);
    const std::size_t size = at.golden.size();
    const ChangedInput changed{at.golden, &at.change};
    const ChangedInput unchanged{at.golden, nullptr};
    for (const auto& [input, expected] :
         {std::pair{changed, at.now}, std::pair{unchanged, at.golden}}) {
      for (std::size_t i = 0; i < size; ++i) {
        wrong += input.value(i) == expected[i] ? 0U : 1U;
      }
      std::vector<float> written(size, 77.0F);
      input.write(written);
      wrong += written == expected ? 0U : 1U;
      const std::size_t first = values.below(size);
      std::vector<float> sums(values.below(size - first + 1), 0.5F);
      input.add(first, sums);
      for (std::size_t i = 0; i < sums.size(); ++i) {
        wrong += sums[i] == 0.5F + expected[first + i] ? 0U : 1U;
      }
      const std::size_t count = values.below(size - first + 1);
      std::vector<float> scratch(count);
      const float* const part = input.stretch(first, count, scratch.data());
      wrong += std::equal(part, part + count, expected.data() + first) ? 0U : 1U;
    }
    wrong += changed.is_none() == (at.change.begin == at.change.end) ? 0U : 1U;
    wrong += unchanged.is_none() ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace upset
