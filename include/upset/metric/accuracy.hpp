// SPDX-License-Identifier: BSL-1.0
/// Classes read from logits: predicted class, top-k accuracy, critical errors.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <utility>  // cmp_equal
#include <vector>

#include <upset/core/error.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

/// A contiguous sequence of class numbers: labels or predictions.
template <class R>
concept ClassRange = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
    std::integral<std::ranges::range_value_t<R>>;

/// How many of `total` pictures have a property.
struct Count {
  std::uint64_t hits = 0;
  std::uint64_t total = 0;

  /// Share of hits, 0 to 1; NaN where nothing was counted.
  [[nodiscard]] constexpr double rate() const {
    return static_cast<double>(hits) / static_cast<double>(total);
  }
  constexpr Count& operator+=(const Count& other) {
    hits += other.hits;
    total += other.total;
    return *this;
  }
  [[nodiscard]] friend constexpr bool operator==(const Count&, const Count&) = default;
};

namespace detail {

// The order classes are ranked in: NaN first, then the larger logit, lower index first among
// equals. Total, so every logit vector has one ranking, that of NumPy's and PyTorch's argmax: with
// NaN last, published outcomes of faults that drive sums to infinity differ in 1 % of the pictures.
[[nodiscard]] inline bool ranks_before(std::span<const float> logits, std::size_t a,
                                       std::size_t b) {
  const bool a_is_number = logits[a] == logits[a];
  const bool b_is_number = logits[b] == logits[b];
  if (a_is_number != b_is_number) {
    return b_is_number;
  }
  if (a_is_number && logits[a] != logits[b]) {
    return logits[a] > logits[b];
  }
  return a < b;
}

inline void expect_same_count(std::size_t found, std::size_t expected, const char* what) {
  if (found != expected) {
    throw Error("There are " + std::to_string(found) + " " + what + " for " +
                std::to_string(expected) + " pictures; give one for each");
  }
}

}  // namespace detail

/// The class a row of logits votes for.
///
/// - shape:  logits [K] -> class below K; K = 0 gives 0
/// - ties:   the lowest index wins; -0 equals +0
/// - errors: the first NaN wins, as it does in NumPy and PyTorch
[[nodiscard]] inline std::size_t predicted_class(std::span<const float> logits) {
  std::size_t best = 0;
  for (std::size_t k = 1; k < logits.size(); ++k) {
    if (detail::ranks_before(logits, k, best)) {
      best = k;
    }
  }
  return best;
}

/// `predicted_class` of every row. logits [B, K] -> [B]
[[nodiscard]] inline std::vector<std::uint32_t> predicted_classes(const Tensor& logits) {
  std::vector<std::uint32_t> classes(logits.size() == 0 ? 0 : logits.batch());
  for (std::size_t b = 0; b < classes.size(); ++b) {
    classes[b] = static_cast<std::uint32_t>(predicted_class(logits.row(b)));
  }
  return classes;
}

/// Whether `label` is among the `k` classes ranked first, by the order of `predicted_class`.
[[nodiscard]] inline bool in_top_k(std::span<const float> logits, std::size_t label,
                                   std::size_t k) {
  if (label >= logits.size()) {
    return false;
  }
  std::size_t ahead = 0;
  for (std::size_t other = 0; other < logits.size(); ++other) {
    if (other != label && detail::ranks_before(logits, other, label)) {
      ++ahead;
    }
  }
  return ahead < k;
}

/// Counts pictures whose label is among their `k` best classes.
///
/// - shape:  logits [B, K], labels [B]
/// - errors: throws `Error` if shapes differ, k is 0 or a label is not below K
template <ClassRange Labels>
[[nodiscard]] Count top_k(const Tensor& logits, const Labels& labels, std::size_t k = 1) {
  const std::size_t pictures = logits.size() == 0 ? 0 : logits.batch();
  detail::expect_same_count(std::ranges::size(labels), pictures, "labels");
  if (k == 0) {
    throw Error("Top-k accuracy needs k of at least 1");
  }
  Count count;
  for (std::size_t b = 0; b < pictures; ++b) {
    const auto row = logits.row(b);
    // A negative label wraps to a huge one, and is refused with the others.
    const auto label = static_cast<std::size_t>(std::ranges::data(labels)[b]);
    if (label >= row.size()) {
      throw Error("Label " + std::to_string(std::ranges::data(labels)[b]) + " of picture " +
                  std::to_string(b) + " is not one of " + std::to_string(row.size()) + " classes");
    }
    count += {in_top_k(row, label, k) ? std::uint64_t{1} : 0, 1};
  }
  return count;
}

/// Counts pictures classified as their label.
template <ClassRange Predicted, ClassRange Labels>
[[nodiscard]] Count correct_predictions(const Predicted& predicted, const Labels& labels) {
  detail::expect_same_count(std::ranges::size(predicted), std::ranges::size(labels), "predictions");
  Count count{0, std::ranges::size(labels)};
  for (std::size_t b = 0; b < count.total; ++b) {
    count.hits += std::cmp_equal(std::ranges::data(predicted)[b], std::ranges::data(labels)[b]);
  }
  return count;
}

/// Counts critical errors: pictures whose class under faults is not the golden run's, whether or
/// not that one was right.
template <ClassRange Golden, ClassRange Faulty>
[[nodiscard]] Count critical_errors(const Golden& golden, const Faulty& faulty) {
  const Count same = correct_predictions(faulty, golden);
  return {same.total - same.hits, same.total};
}

}  // namespace upset
