// SPDX-License-Identifier: BSL-1.0
/// The outcome of one picture, read from what a network says of it with faults and without.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <upset/campaign/outcome.hpp>
#include <upset/core/differences.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/nn/jump.hpp>
#include <upset/nn/network.hpp>

namespace upset {

namespace detail {

/// Whether outputs are equal bit for bit, or NaN both: of which sign and payload depends on the
/// order of operands, and so on the batch.
[[nodiscard]] inline bool same_output(std::span<const float> a, std::span<const float> b) {
  return same_bits(a.data(), b.data(), a.size()) || std::ranges::equal(a, b, [](float x, float y) {
           return same_bits(&x, &y, 1) || (std::isnan(x) && std::isnan(y));
         });
}

}  // namespace detail

/// Adds one picture to `to`.
///
/// - shape: both outputs [classes], or [pixels, classes] of a network that gives each pixel a
///          class: then a picture is correct where all of its pixels are of class `label`
inline void judge(std::span<const float> golden, std::span<const float> faulty, std::size_t classes,
                  std::size_t label, Outcomes& to) {
  ++to.images;
  const bool is_masked = detail::same_output(golden, faulty);
  bool was_correct = true;
  bool is_correct = true;
  bool loses_top5 = false;
  std::uint64_t critical_pixels = 0;
  for (std::size_t first = 0; first < golden.size(); first += classes) {
    const std::size_t before = predicted_class(golden.subspan(first, classes));
    const auto row = faulty.subspan(first, classes);
    const std::size_t now = is_masked ? before : predicted_class(row);
    was_correct = was_correct && before == label;
    is_correct = is_correct && now == label;
    critical_pixels += now != before ? 1U : 0U;
    loses_top5 = loses_top5 || (now != before && !in_top_k(row, before, 5));
  }
  const bool is_critical = critical_pixels > 0;
  to.masked += is_masked ? 1U : 0U;
  to.changed += !is_masked && !is_critical ? 1U : 0U;
  to.critical += is_critical ? 1U : 0U;
  to.critical_top5 += loses_top5 ? 1U : 0U;
  to.critical_pixels += critical_pixels;
  to.nonfinite += std::ranges::all_of(faulty, [](float x) { return std::isfinite(x); }) ? 0U : 1U;
  to.correct += is_correct ? 1U : 0U;
  to.beneficial += is_correct && !was_correct ? 1U : 0U;
}

/// By how much of the largest logit it may be off where float sums are added up in another order.
///
/// Such sums differ by about 2^-20 of the logits of the networks seen here; 2^-12 leaves a factor
/// of 256. Where sums are rounded to `BFloat16` or the like, one near the middle of a step may go
/// the other way: two steps leave a factor of two if it were all that a logit is made of. What has
/// larger steps does not come here, see `JumpTest`.
[[nodiscard]] inline double largest_error(const Network& network) {
  double error = 0x1p-12;
  for (const Network::Node& node : network.nodes()) {
    const double step = node.layer.rounding_step();
    error = std::max(error, step <= largest_smooth_step ? 2 * step : 0);
  }
  return error;
}

/// Whether errors of `largest_error` of the largest logit could not change what `judge` says of
/// `faulty`, except masked or changed.
[[nodiscard]] inline bool is_certain(std::span<const float> golden, std::span<const float> faulty,
                                     std::size_t classes, double largest_error = 0x1p-12) {
  for (std::size_t first = 0; first < golden.size(); first += classes) {
    const auto row = faulty.subspan(first, classes);
    const std::size_t before = predicted_class(golden.subspan(first, classes));
    const std::size_t now = predicted_class(row);
    float largest = 0;
    for (const float logit : row) {
      if (!std::isfinite(logit)) {
        return false;
      }
      largest = std::max(largest, std::abs(logit));
    }
    const float error = static_cast<float>(largest_error) * largest;
    for (std::size_t k = 0; k < classes; ++k) {
      if ((k != now && row[now] - row[k] <= error) ||
          (k != before && std::abs(row[before] - row[k]) <= error)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace upset
