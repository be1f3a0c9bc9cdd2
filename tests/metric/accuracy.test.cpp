// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/metric/accuracy.hpp>

using upset::Count;
using upset::Tensor;

namespace {
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

std::size_t predicted(std::vector<float> logits) { return upset::predicted_class(logits); }
}  // namespace

TEST_CASE("Accuracy: the largest logit wins, and the lowest index among equals") {
  CHECK(predicted({0.1F, 0.7F, 0.2F}) == 1);
  CHECK(predicted({0.7F, 0.1F, 0.7F}) == 0);
  CHECK(predicted({-5.0F, -2.0F, -2.0F}) == 1);
  CHECK(predicted({-0.0F, 0.0F}) == 0);
  CHECK(predicted({0.0F, -0.0F}) == 0);
  CHECK(predicted({-infinity, -infinity}) == 0);
  CHECK(predicted({1.0F, infinity, infinity}) == 1);
  CHECK(predicted({3.0F}) == 0);
  CHECK(predicted({}) == 0);
}

TEST_CASE("Accuracy: the first NaN wins") {
  CHECK(predicted({0.1F, not_a_number, 0.2F}) == 1);
  CHECK(predicted({0.2F, 0.3F, not_a_number}) == 2);
  CHECK(predicted({infinity, not_a_number, not_a_number}) == 1);
  CHECK(predicted({1.0F, -not_a_number}) == 1);
  CHECK(predicted({not_a_number, not_a_number, not_a_number}) == 0);
}

TEST_CASE("Accuracy: top-k ranks as repeated removal of the predicted class does") {
  const std::vector<std::vector<float>> rows{
      {0.1F, 0.7F, 0.7F, not_a_number, -1.0F},
      {not_a_number, not_a_number, not_a_number, not_a_number, not_a_number},
      {infinity, -infinity, not_a_number, 0.0F, -0.0F},
      {5.0F, 4.0F, 3.0F, 2.0F, 1.0F}};
  const std::vector<std::vector<std::size_t>> rankings{
      {3, 1, 2, 0, 4}, {0, 1, 2, 3, 4}, {2, 0, 3, 4, 1}, {0, 1, 2, 3, 4}};  // by hand
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t rank = 0; rank < 5; ++rank) {
      for (std::size_t k = 0; k <= 6; ++k) {
        CAPTURE(r);
        CAPTURE(rank);
        CHECK(upset::in_top_k(rows[r], rankings[r][rank], k) == (rank < k));
      }
    }
    CHECK(predicted(rows[r]) == rankings[r][0]);
  }
  CHECK_FALSE(upset::in_top_k(rows[0], 5, 9));  // no such class
}

TEST_CASE("Accuracy: top_k counts the pictures of a batch, whatever integer the labels are") {
  const Tensor logits({4, 3}, {0.9F, 0.1F, 0.0F,  //
                               0.3F, 0.4F, 0.2F,  //
                               0.1F, 0.2F, 0.3F,  //
                               0.5F, 0.5F, 0.1F});
  const std::vector<std::uint8_t> labels{0, 0, 0, 1};
  CHECK(upset::top_k(logits, labels) == Count{1, 4});
  CHECK(upset::top_k(logits, labels, 2) == Count{3, 4});
  CHECK(upset::top_k(logits, labels, 3) == Count{4, 4});
  CHECK(upset::top_k(logits, std::vector<int>{0, 1, 2, 0}) == Count{4, 4});
  CHECK(upset::top_k(logits, labels, 2).rate() == 0.75);
  CHECK(upset::predicted_classes(logits) == std::vector<std::uint32_t>{0, 1, 2, 0});
  CHECK(upset::predicted_classes(Tensor()).empty());
}

TEST_CASE("Accuracy: top_k refuses labels that do not fit, and says which") {
  const Tensor logits({2, 3});
  using upset::top_k;
  CHECK_THROWS_WITH_AS(static_cast<void>(top_k(logits, std::vector<int>{0})),
                       "There are 1 labels for 2 pictures; give one for each", upset::Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(top_k(logits, std::vector<int>{0, 3})),
                       "Label 3 of picture 1 is not one of 3 classes", upset::Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(top_k(logits, std::vector<int>{-1, 0})),
                       "Label -1 of picture 0 is not one of 3 classes", upset::Error);
  CHECK_THROWS_AS(static_cast<void>(top_k(logits, std::vector<int>{0, 0}, 0)), upset::Error);
}

TEST_CASE("Accuracy: a critical error is a class that differs from the golden run's") {
  const std::vector<std::uint32_t> golden{3, 1, 4, 1, 5};
  const std::vector<std::uint8_t> labels{3, 1, 4, 2, 6};
  const std::vector<std::uint32_t> faulty{3, 2, 4, 2, 0};  // picture 3 turns right: critical too
  CHECK(upset::critical_errors(golden, faulty) == Count{3, 5});
  CHECK(upset::critical_errors(golden, golden) == Count{0, 5});
  CHECK(upset::correct_predictions(golden, labels) == Count{3, 5});
  CHECK(upset::correct_predictions(faulty, labels) == Count{3, 5});
  CHECK_THROWS_AS(static_cast<void>(upset::critical_errors(golden, std::vector<int>{1})),
                  upset::Error);
}

TEST_CASE("Accuracy: counts add up, and a count of nothing has no rate") {
  Count sum{1, 4};
  sum += {2, 4};
  CHECK(sum == Count{3, 8});
  CHECK(std::isnan(Count{}.rate()));
}
