// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/delta_cases.hpp"
#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/byte_product.hpp>
#include <upset/kernel/delta_product.hpp>

namespace upset {
namespace {

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define UPSET_DELTA_LEVELS std::int8_t, std::int16_t, float
#elif defined(__x86_64__)
#define UPSET_DELTA_LEVELS std::int16_t, float
#else
#define UPSET_DELTA_LEVELS float
#endif

// Where bytes are multiplied, levels are read in 16 bits.
template <class T>
using LevelOf = std::conditional_t<std::is_integral_v<T>, std::int16_t, float>;

/// How a picture differs from zeros.
template <class T>
[[nodiscard]] DifferenceList<T> differences_of(const Tensor& picture) {
  const std::size_t channels = picture.shape()[3];
  const std::size_t height = picture.shape()[1];
  const std::size_t width = picture.shape()[2];
  DifferenceList<T> found(height, width, channels);
  std::vector<LevelOf<T>> now(picture.values().begin(), picture.values().end());
  const std::vector<LevelOf<T>> golden(now.size(), 0);
  found.clear();
  found.compare(now.data(), golden.data(), 0, height * width);
  found.finish();
  return found;
}

template <class T>
[[nodiscard]] DeltaProduct<T> product_of(const test::DeltaCase& at, const Tensor& kernel) {
  const std::size_t outputs = kernel.shape()[0];
  DeltaProduct<T> product(at.geometry, at.height, at.width, at.channels, outputs);
  const std::size_t depth = kernel.size() / outputs;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    product.set_weight(i / depth, i % depth, static_cast<LevelOf<T>>(kernel[i]));
  }
  return product;
}

// `largest`: 0 for reals
[[nodiscard]] Tensor kernel_of(const test::DeltaCase& at, std::size_t outputs, int largest,
                               test::Values& values) {
  const Shape shape{outputs, at.geometry.kernel_height, at.geometry.kernel_width, at.channels};
  return largest > 0 ? values.steps(shape, largest, 1.0F) : values.uniform(shape, -1.0F, 1.0F);
}
template <class T>
constexpr int largest_weight = std::is_same_v<T, float> ? 0
                               : sizeof(T) == 1         ? 127
                                                        : 900;

template <class T>
constexpr int largest_difference = sizeof(T) > 1 ? 3000 : 510;

TEST_CASE_TEMPLATE("delta product: a row is the convolution of the differences", T,
                   UPSET_DELTA_LEVELS) {
  constexpr bool in_levels = std::is_integral_v<T>;
  using Sum = typename DeltaProduct<T>::Sum;
  test::Values values(3);
  for (std::size_t n = 0; n < test::delta_cases.size(); ++n) {
    CAPTURE(n);
    const test::DeltaCase& at = test::delta_cases[n];
    for (const std::size_t outputs : {1U, 10U, 16U, 17U, 64U, 100U, 112U}) {
      CAPTURE(outputs);
      const Tensor kernel = kernel_of(at, outputs, largest_weight<T>, values);
      DeltaProduct<T> product = product_of<T>(at, kernel);
      const Shape shape{1, at.height, at.width, at.channels};
      Tensor picture = in_levels ? values.steps(shape, largest_difference<T>, 1.0F)
                                 : values.uniform(shape, -1, 1);
      const std::size_t rarity = std::size_t{1} << (outputs % 4);  // from all to few
      for (float& value : picture.values()) {
        value = values.below(rarity) == 0 ? value : 0.0F;
      }
      const DifferenceList<T> differences = differences_of<T>(picture);
      const test::NaiveConv expected =
          test::naive_conv(picture, kernel, Tensor({outputs}), at.geometry);
      REQUIRE(product.output_height() == expected.shape[1]);
      REQUIRE(product.output_width() == expected.shape[2]);
      const double depth = static_cast<double>(kernel.size() / outputs);
      std::size_t wrong = 0;
      for (std::size_t row = 0; row < product.output_height(); ++row) {
        // sums start from what is given, exactly for integers
        const Sum before = in_levels ? Sum{7} : Sum{0};
        const AlignedVector<Sum> from(product.output_width() * product.stride(), before);
        AlignedVector<Sum> sums(from.size(), Sum{55});
        product.add_row(row, differences, from.data(),
                        typename DeltaProduct<T>::SumRow{sums.data(), product.stride()});
        for (std::size_t x = 0; x < product.output_width(); ++x) {
          for (std::size_t o = 0; o < product.stride(); ++o) {
            const Sum sum = sums[x * product.stride() + o] - before;
            const std::size_t i = (row * product.output_width() + x) * outputs + o;
            if (o >= outputs) {
              wrong += sum == 0 ? 0U : 1U;
            } else if (in_levels) {  // below 225 * 5 * 2700000: exact in double
              wrong += static_cast<double>(sum) == expected.values[i] ? 0U : 1U;
            } else {  // every product and every sum rounds once, see `beyond_rounding`
              const double bound = (depth + 2) * 0x1p-24 * expected.magnitudes[i];
              wrong += std::abs(static_cast<double>(sum) - expected.values[i]) <= bound ? 0U : 1U;
            }
          }
        }
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE_TEMPLATE("delta product: weights are those that were set", T, UPSET_DELTA_LEVELS) {
  test::Values values(4);
  const test::DeltaCase& at = test::delta_cases[7];
  const Tensor kernel = kernel_of(at, 17, 120, values);
  DeltaProduct<T> product = product_of<T>(at, kernel);
  product.set_weight(16, 3, LevelOf<T>{5});
  const std::size_t depth = kernel.size() / 17;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const float expected = i == 16 * depth + 3 ? 5.0F : kernel[i];
    wrong += static_cast<float>(product.weight(i / depth, i % depth)) == expected ? 0U : 1U;
  }
  CHECK(wrong == 0);
  CHECK(product.input_width() == at.width);
  CHECK(product.channels() == at.channels);
}

}  // namespace
}  // namespace upset
