// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "idle_face.hpp"
#include <doctest/doctest.h>

#include <upset/core/random.hpp>
#include <upset/nn/kept_picture.hpp>

using namespace upset;

namespace {

// Reads twice what it is given; nothing else is asked of it.
template <class Level>
class DoublingFace final : public test::IdleFace<Level> {
 public:
  void read_inputs(std::span<const float> x, Level* to) const override {
    for (std::size_t i = 0; i < x.size(); ++i) {
      to[i] = static_cast<Level>(2 * x[i]);
    }
  }
  [[nodiscard]] std::size_t lanes() const override { return 1; }
  [[nodiscard]] std::size_t word_bits() const override { return 8; }
  void read_flipped_word(std::span<const float>, std::span<const std::uint64_t>,
                         Level*) const override {}
};

}  // namespace

TEST_CASE("KeptPicture: the integers that outputs were rounded from") {
  constexpr std::size_t pixels = 50;
  constexpr std::size_t outputs = 5;
  constexpr std::size_t stride = 16;
  Random random(3);
  std::vector<float> steps(stride);
  std::vector<float> biases(stride);
  for (std::size_t o = 0; o < outputs; ++o) {
    steps[o] = static_cast<float>(std::exp(random.normal() - 6));
    biases[o] = static_cast<float>(random.normal());
  }
  std::vector<std::int32_t> sums(pixels * outputs);
  std::vector<float> y(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = static_cast<std::int32_t>(random.uniform_below(1 << 21)) - (1 << 20);
    y[i] = static_cast<float>(sums[i]) * steps[i % outputs] + biases[i % outputs];
  }
  const std::vector<float> x{1, -4, 3};
  KeptPicture<std::int16_t> kept;
  kept.keep(DoublingFace<std::int16_t>(), x, y, outputs, steps, biases);
  CHECK(kept.is_usable);
  CHECK(kept.levels == AlignedVector<std::int16_t>{2, -8, 6});
  CHECK(kept.largest == 8);
  REQUIRE(kept.sums.size() == pixels * stride);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kept.sums.size(); ++i) {
    const std::size_t o = i % stride;
    wrong += kept.sums[i] == (o < outputs ? sums[i / stride * outputs + o] : 0) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("KeptPicture: sums that rounding has swallowed are not usable, until they are again") {
  const std::vector<float> x{1};
  const std::vector<float> step{1};
  KeptPicture<std::int16_t> kept;
  const auto is_usable = [&](float y, float bias) {
    const std::vector<float> biases{bias};
    kept.keep(DoublingFace<std::int16_t>(), x, {&y, 1}, 1, step, biases);
    return kept.is_usable;
  };
  CHECK(is_usable(0x1p21F - 1, 0));
  CHECK(!is_usable(0x1p21F, 0));
  CHECK(!is_usable(0, 0x1p21F));
  CHECK(!is_usable(-0x1p21F, 0));
  CHECK(is_usable(7, 5));
  CHECK(kept.sums == AlignedVector<std::int32_t>{2});
}

TEST_CASE("KeptPicture: of floats the largest output, NaN above all") {
  KeptPicture<float> kept;
  std::vector<float> y{1, -3, 2};
  kept.keep(DoublingFace<float>(), std::vector<float>{0.25F}, y, 3, {}, {});
  CHECK(kept.largest == 3);
  CHECK(kept.levels == AlignedVector<float>{0.5F});
  CHECK(kept.sums.empty());
  y[1] = std::numeric_limits<float>::quiet_NaN();
  kept.keep(DoublingFace<float>(), std::vector<float>{0.25F}, y, 3, {}, {});
  CHECK(std::isnan(kept.largest));
}
