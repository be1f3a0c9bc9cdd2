// SPDX-License-Identifier: BSL-1.0
/// Softmax cross-entropy: what training minimises, and its gradient at the logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <upset/tensor/tensor.hpp>

namespace upset {

/// Part of a mean loss: sums over the rows it was given, to be added to other parts.
struct LossPart {
  double sum = 0;           ///< of the losses of the rows, not yet divided by their number
  std::size_t correct = 0;  ///< rows whose greatest logit, the first of equals, is the label's
  std::size_t rows = 0;

  LossPart& operator+=(const LossPart& other) {
    sum += other.sum;
    correct += other.correct;
    rows += other.rows;
    return *this;
  }
  [[nodiscard]] double mean() const { return rows == 0 ? 0 : sum / static_cast<double>(rows); }
  [[nodiscard]] double accuracy() const {
    return rows == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(rows);
  }
};

/// Softmax followed by cross-entropy against a target that puts `1 - smoothing` on the label and
/// spreads `smoothing` evenly over all classes, the label's included.
///
///     L = mean over rows of -sum_k t_k log p_k,  p = softmax(z),  dL/dz_k = (p_k - t_k) / rows
///
/// - source: Szegedy et al., Rethinking the Inception Architecture, 2016, section 7 (smoothing)
struct CrossEntropy {
  double smoothing = 0;  ///< in [0, 1)

  /// Loss of some rows of a batch; writes dL/dz to `d_logits` where that is not null.
  ///
  /// - shape:    logits [..., K], one label per row of K; d_logits as logits
  /// - rounding: exponentials and sums in double, the largest logit subtracted first, so that no
  ///             finite logit overflows
  /// - errors:   throws `Error` for a label that is not below K or a wrong number of labels
  /// `mean_over` is the number of rows of the whole batch, of which these may be a part.
  LossPart operator()(const Tensor& logits, std::span<const std::size_t> labels,
                      std::size_t mean_over, Tensor* d_logits = nullptr) const {
    const std::size_t classes = logits.shape()[logits.shape().rank() - 1];
    if (classes == 0 || labels.size() * classes != logits.size()) {
      throw Error("Cross-entropy of logits " + to_string(logits.shape()) +
                  " needs one label per row of " + std::to_string(classes) + ", not " +
                  std::to_string(labels.size()) + " labels");
    }
    if (d_logits != nullptr) {
      *d_logits = Tensor(logits.shape());
    }
    const double share = smoothing / static_cast<double>(classes);
    std::vector<double> exponentials(classes);
    LossPart part;
    part.rows = labels.size();
    for (std::size_t row = 0; row < labels.size(); ++row) {
      const std::size_t label = labels[row];
      if (label >= classes) {
        throw Error("Label " + std::to_string(label) + " has no logit: the network has " +
                    std::to_string(classes) + " outputs");
      }
      const std::span<const float> z = logits.values().subspan(row * classes, classes);
      const auto greatest = std::max_element(z.begin(), z.end());
      const double shift = static_cast<double>(*greatest);
      double sum = 0;
      double spread = 0;  // sum over k of (z_k - shift)
      for (std::size_t k = 0; k < classes; ++k) {
        const double centred = static_cast<double>(z[k]) - shift;
        exponentials[k] = std::exp(centred);
        sum += exponentials[k];
        spread += centred;
      }
      // -sum_k t_k log p_k with log p_k = z_k - shift - log(sum), and the t_k sum to one
      part.sum += std::log(sum) - (1 - smoothing) * (static_cast<double>(z[label]) - shift) -
                  share * spread;
      part.correct += static_cast<std::size_t>(greatest - z.begin()) == label ? 1U : 0U;
      for (std::size_t k = 0; d_logits != nullptr && k < classes; ++k) {
        const double target = share + (k == label ? 1 - smoothing : 0);
        (*d_logits)[row * classes + k] =
            static_cast<float>((exponentials[k] / sum - target) / static_cast<double>(mean_over));
      }
    }
    return part;
  }
};

}  // namespace upset
