// SPDX-License-Identifier: BSL-1.0
/// A convolution of which a test asks no more than what it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <upset/nn/change.hpp>

namespace upset::test {

template <class Level>
class IdleFace : public ConvolutionFace<Level> {
 public:
  [[nodiscard]] std::vector<Level> weights() const override { return {}; }
  [[nodiscard]] std::vector<float> steps() const override { return {}; }
  [[nodiscard]] std::vector<float> biases() const override { return {}; }
  [[nodiscard]] std::optional<std::vector<std::pair<std::size_t, Level>>> touched_weights()
      const override {
    return std::nullopt;
  }
  [[nodiscard]] bool touched_biases() const override { return false; }
  [[nodiscard]] Tensor forward(const Tensor& x, const Pass& /*pass*/) const override { return x; }
};

}  // namespace upset::test
