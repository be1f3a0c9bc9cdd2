// SPDX-License-Identifier: BSL-1.0
/// How well areas of pixels are found: accuracy by pixel, intersection over union by class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/metric/accuracy.hpp>

namespace upset {

/// Pixels of each class: how many were found, are there, and both.
///
/// A pixel whose true class is none of the network's is not counted: what data sets call void.
///
/// - source: Everingham et al., The PASCAL Visual Object Classes Challenge: A Retrospective, 2015,
///           section 4.3: true positives over true positives, false positives and false negatives
class Overlap {
 public:
  explicit Overlap(std::size_t classes) : classes_(classes) {}

  /// Counts the pixels of one picture. scores [pixels, classes], row by row; there [pixels]
  ///
  /// - errors: throws `Error` unless there is one true class for each row
  void add(std::span<const float> scores, std::span<const std::uint16_t> there) {
    if (scores.size() != there.size() * classes_.size()) {
      throw Error("There are " + std::to_string(there.size()) + " classes of pixels and " +
                  std::to_string(scores.size()) + " scores; give " +
                  std::to_string(classes_.size()) + " for each pixel");
    }
    for (std::size_t pixel = 0; pixel < there.size(); ++pixel) {
      if (there[pixel] < classes_.size()) {
        const std::size_t found =
            predicted_class(scores.subspan(pixel * classes_.size(), classes_.size()));
        const bool is_right = found == there[pixel];
        ++classes_[found].found;
        ++classes_[there[pixel]].there;
        classes_[found].both += is_right ? 1U : 0U;
        foreground_ +=
            {found > 0 && there[pixel] > 0 ? 1U : 0U, found > 0 || there[pixel] > 0 ? 1U : 0U};
        pixels_ += {is_right ? 1U : 0U, 1};
      }
    }
  }
  Overlap& operator+=(const Overlap& other) {
    for (std::size_t k = 0; k < classes_.size(); ++k) {
      classes_[k].found += other.classes_[k].found;
      classes_[k].there += other.classes_[k].there;
      classes_[k].both += other.classes_[k].both;
    }
    foreground_ += other.foreground_;
    pixels_ += other.pixels_;
    return *this;
  }

  /// Pixels of the right class.
  [[nodiscard]] const Count& pixels() const { return pixels_; }
  /// Intersection and union of what is and what was found to be of class `k`.
  [[nodiscard]] Count of_class(std::size_t k) const {
    const Areas& areas = classes_.at(k);
    return {areas.both, areas.found + areas.there - areas.both};
  }
  /// Likewise of all classes but 0, the background, as one.
  [[nodiscard]] const Count& foreground() const { return foreground_; }
  /// Mean of intersection over union of the classes that are there or were found; NaN without any.
  [[nodiscard]] double mean() const {
    double sum = 0;
    std::size_t seen = 0;
    for (std::size_t k = 0; k < classes_.size(); ++k) {
      if (of_class(k).total > 0) {
        sum += of_class(k).rate();
        ++seen;
      }
    }
    return sum / static_cast<double>(seen);
  }

 private:
  struct Areas {
    std::uint64_t found = 0;
    std::uint64_t there = 0;
    std::uint64_t both = 0;
  };

  std::vector<Areas> classes_;
  Count foreground_{};
  Count pixels_{};
};

}  // namespace upset
