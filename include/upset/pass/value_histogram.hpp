// SPDX-License-Identifier: BSL-1.0
/// How values are distributed, counted as they come.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <upset/core/error.hpp>

namespace upset {

/// Counts of real values in equal bins around zero, which widen when values lie beyond them. NaN
/// and infinities are left out.
///
/// - cost: 128 KiB, whatever the number of values; a bin is 1/4096 of the largest magnitude at most
class ValueHistogram {
 public:
  void add(std::span<const float> values) {
    for (const float value : values) {
      if (std::isfinite(value)) {
        add(static_cast<double>(value));
      }
    }
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The smallest value, exactly; 0 where there is none.
  [[nodiscard]] double low() const { return count_ == 0 ? 0 : low_; }
  /// The largest value, exactly; 0 where there is none.
  [[nodiscard]] double high() const { return count_ == 0 ? 0 : high_; }

  /// The value below which `share` of all values lie, within the width of a bin.
  [[nodiscard]] double quantile(double share) const {
    const double below = share * static_cast<double>(count_);
    double counted = 0;
    double result = low();
    for_each([&](double value, double count) {
      if (counted <= below) {
        result = value;
      }
      counted += count;
    });
    return result;
  }

  /// Calls `use(value, count)` for every bin that holds any values, upwards, with its middle.
  template <class Use>
  void for_each(Use use) const {
    for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
      if (bins_[bin] > 0) {
        const double middle = (static_cast<double>(bin) - half + 0.5) * width_;
        use(std::clamp(middle, low_, high_), static_cast<double>(bins_[bin]));
      }
    }
  }

 private:
  static constexpr double half = 8192;  // bins on either side of zero

  void add(double value) {
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
    while (!(std::abs(value) < half * width_)) {
      widen();
    }
    ++bins_[static_cast<std::size_t>(std::floor(value / width_) + half)];
    ++count_;
  }
  /// Two bins become one.
  void widen() {
    std::vector<std::uint64_t> wider(bins_.size(), 0);
    for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
      wider[bins_.size() / 4 + bin / 2] += bins_[bin];
    }
    bins_.swap(wider);
    width_ *= 2;
  }

  std::vector<std::uint64_t> bins_ = std::vector<std::uint64_t>(2 * 8192, 0);
  double width_ = 0x1p-60;  // values are at most 2^128: some 180 widenings
  std::uint64_t count_ = 0;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

}  // namespace upset
