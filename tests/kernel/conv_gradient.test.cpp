// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/conv_gradient.hpp>

using namespace upset;
using upset::test::Values;

namespace {

// Windows of `segments` times `length` floats at overlapping bases, d_y of more columns than asked
// for, as a group of a convolution has them.
struct Windows {
  std::vector<std::size_t> bases;
  std::vector<std::size_t> offsets;
  std::size_t length;
  std::size_t outputs;
  std::size_t stride;
  std::vector<float> image;
  std::vector<float> d_y;
  std::vector<float> kernel;

  Windows(std::size_t rows, std::size_t segments, std::size_t segment_length, std::size_t columns)
      : length(segment_length), outputs(columns), stride(columns + 3) {
    Values draw(static_cast<std::uint32_t>(rows + segment_length));
    for (std::size_t m = 0; m < rows; ++m) {
      bases.push_back(2 * m);
    }
    for (std::size_t s = 0; s < segments; ++s) {
      offsets.push_back(s * (length + 5));
    }
    image.resize(2 * rows + segments * (length + 5) + gradient_slack);
    d_y.resize(rows * stride);
    kernel.resize(outputs * depth());
    for (std::vector<float>* values : {&image, &d_y, &kernel}) {
      for (float& value : *values) {
        value = draw.uniform(-1, 1);
      }
    }
  }
  [[nodiscard]] std::size_t depth() const { return offsets.size() * length; }
  [[nodiscard]] std::size_t position(std::size_t m, std::size_t k) const {
    return bases[m] + offsets[k / length] + k % length;
  }
};

// one of everything; narrower and wider than a vector and than three; tiles of rows and outputs
// that are not full; more rows than are taken at once
const Windows subjects[] = {{1, 1, 1, 1},   {7, 2, 5, 6},    {8, 3, 8, 8},
                            {9, 1, 9, 3},   {300, 2, 48, 8}, {31, 2, 16, 9},
                            {5, 5, 30, 16}, {12, 1, 33, 17}, {40, 2, 100, 10}};

}  // namespace

TEST_CASE("add_kernel_gradient: adds d_y times the windows") {
  std::size_t wrong = 0;
  for (const Windows& subject : subjects) {
    std::vector<float> d_kernel(subject.kernel.size(), 0.5F);
    add_kernel_gradient(subject.bases, {subject.offsets, subject.length}, subject.image.data(),
                        subject.d_y.data(), subject.stride, subject.outputs, d_kernel.data());
    for (std::size_t o = 0; o < subject.outputs; ++o) {
      for (std::size_t k = 0; k < subject.depth(); ++k) {
        double sum = 0.5;
        for (std::size_t m = 0; m < subject.bases.size(); ++m) {
          sum += static_cast<double>(subject.d_y[m * subject.stride + o]) *
                 static_cast<double>(subject.image[subject.position(m, k)]);
        }
        // every term is below 1, and so is what its rounding loses relative to 2^-24
        const double bound = 0x1p-23 * static_cast<double>(subject.bases.size() + 1) *
                             static_cast<double>(subject.bases.size() + 1);
        const double got = static_cast<double>(d_kernel[o * subject.depth() + k]);
        wrong += std::abs(got - sum) <= bound ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}
