// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/train/loss.hpp>

using namespace upset;
using upset::test::error_of;
using upset::test::Values;

namespace {

// The definition, term by term: targets and softmax in long double, nothing rearranged.
long double loss_of(const std::vector<long double>& z, std::size_t classes,
                    const std::vector<std::size_t>& labels, long double smoothing) {
  long double sum = 0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    long double total = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      total += std::exp(z[row * classes + k]);
    }
    for (std::size_t k = 0; k < classes; ++k) {
      const long double target =
          smoothing / static_cast<long double>(classes) + (k == labels[row] ? 1 - smoothing : 0.0L);
      sum -= target * std::log(std::exp(z[row * classes + k]) / total);
    }
  }
  return sum / static_cast<long double>(labels.size());
}

std::vector<long double> widened(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

}  // namespace

TEST_CASE("CrossEntropy: value and gradient agree with the definition and its differences") {
  constexpr std::size_t rows = 5;
  constexpr std::size_t classes = 7;
  const Tensor z = Values(1).uniform({rows, classes}, -4.0F, 4.0F);
  const std::vector<std::size_t> labels = {0, 6, 3, 3, 1};
  for (const double smoothing : {0.0, 0.1, 0.9}) {
    CAPTURE(smoothing);
    const auto wide_smoothing = static_cast<long double>(smoothing);
    Tensor d_z;
    const LossPart part = CrossEntropy{smoothing}(z, labels, rows, &d_z);
    const auto wide = widened(z);
    CHECK(part.rows == rows);
    CHECK(std::abs(static_cast<long double>(part.mean()) -
                   loss_of(wide, classes, labels, wide_smoothing)) < 1e-14L);
    CHECK(d_z.shape() == z.shape());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      // Central differences err by h^2 / 6 times the third derivative, at most 1 / 6 here, and by
      // the rounding of the loss, 1e-19, over h; the gradient is stored with half an ulp of 1.
      constexpr long double h = 1e-5L;
      auto above = wide;
      auto below = wide;
      above[i] += h;
      below[i] -= h;
      const long double slope = (loss_of(above, classes, labels, wide_smoothing) -
                                 loss_of(below, classes, labels, wide_smoothing)) /
                                (2 * h);
      wrong += std::abs(slope - static_cast<long double>(d_z[i])) > 0x1p-25L + 1e-10L ? 1U : 0U;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("CrossEntropy: two classes, by hand") {
  Tensor d_z;
  const std::vector<std::size_t> label = {1};
  const LossPart part = CrossEntropy{}(Tensor({1, 2}, 0.0F), label, 1, &d_z);
  CHECK(part.sum == doctest::Approx(std::log(2.0)).epsilon(1e-15));
  CHECK(d_z[0] == 0.5F);
  CHECK(d_z[1] == -0.5F);
  CHECK(part.correct == 0);  // of equal logits the first counts as the prediction
  CHECK(CrossEntropy{}(Tensor({1, 2}, 0.0F), std::vector<std::size_t>{0}, 1).correct == 1);
}

TEST_CASE("CrossEntropy: parts of a batch add up to the whole") {
  const Tensor z = Values(2).uniform({6, 4}, -2.0F, 2.0F);
  const std::vector<std::size_t> labels = {0, 1, 2, 3, 0, 1};
  Tensor d_whole;
  const LossPart whole = CrossEntropy{}(z, labels, 6, &d_whole);
  LossPart sum;
  std::vector<float> d_parts;
  for (const std::size_t first : {0U, 2U}) {
    const std::size_t last = first == 0 ? 2 : 6;
    const auto some = z.values().subspan(first * 4, (last - first) * 4);
    Tensor d_part;
    sum += CrossEntropy{}(Tensor({last - first, 4}, {some.begin(), some.end()}),
                          std::span(labels).subspan(first, last - first), 6, &d_part);
    d_parts.insert(d_parts.end(), d_part.values().begin(), d_part.values().end());
  }
  CHECK(upset::test::different_bits(d_whole.values(), d_parts) == 0);
  CHECK(sum.mean() == doctest::Approx(whole.mean()).epsilon(1e-15));
  CHECK(sum.correct == whole.correct);
  CHECK(sum.accuracy() == whole.accuracy());
}

TEST_CASE("CrossEntropy: logits of any size overflow nothing") {
  constexpr float huge = std::numeric_limits<float>::max();
  Tensor d_z;
  const LossPart part = CrossEntropy{}(Tensor({2, 2}, {huge, -huge, huge, -huge}),
                                       std::vector<std::size_t>{0, 1}, 2, &d_z);
  CHECK(part.correct == 1);
  CHECK(part.sum == 2 * static_cast<double>(huge));
  CHECK(d_z == Tensor({2, 2}, {0.0F, 0.0F, 0.5F, -0.5F}));
}

TEST_CASE("CrossEntropy: rows may be pixels") {
  Tensor d_z;
  const LossPart part = CrossEntropy{}(Tensor({1, 2, 1, 3}, {5, 0, 0, 0, 5, 0}),
                                       std::vector<std::size_t>{0, 1}, 2, &d_z);
  CHECK(part.correct == 2);
  CHECK(d_z.shape() == Shape{1, 2, 1, 3});
}

TEST_CASE("CrossEntropy: labels that do not fit are refused by name") {
  CHECK(error_of([] {
          CrossEntropy{}(Tensor({1, 3}), std::vector<std::size_t>{3}, 1);
        }) == "Label 3 has no logit: the network has 3 outputs");
  CHECK(error_of([] {
          CrossEntropy{}(Tensor({2, 3}), std::vector<std::size_t>{0}, 2);
        }) == "Cross-entropy of logits [2, 3] needs one label per row of 3, not 1 labels");
}
