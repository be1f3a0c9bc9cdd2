// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "idle_face.hpp"
#include <doctest/doctest.h>

#include <upset/nn/weight_effect.hpp>

namespace upset {
namespace {

using Touched = std::vector<std::pair<std::size_t, float>>;

// A layer of two outputs, three weights each, of which flips have touched some.
class TouchedFace final : public test::IdleFace<float> {
 public:
  std::optional<Touched> touched;
  std::optional<std::vector<float>> new_biases;

  void read_inputs(std::span<const float> /*x*/, float* /*to*/) const override {}
  [[nodiscard]] std::size_t lanes() const override { return 1; }
  [[nodiscard]] std::size_t word_bits() const override { return 32; }
  void read_flipped_word(std::span<const float> /*x*/, std::span<const std::uint64_t> /*bits*/,
                         float* /*to*/) const override {}
  [[nodiscard]] std::optional<Touched> touched_weights() const override { return touched; }
  [[nodiscard]] bool touched_biases() const override { return new_biases.has_value(); }
  [[nodiscard]] std::vector<float> biases() const override { return *new_biases; }
};

const std::vector<float> golden_biases{0.0F, 1.0F};

[[nodiscard]] std::optional<WeightEffect> effect_of(const TouchedFace& face) {
  return detail::weight_effect(face, golden_biases, 3, [](std::size_t output, std::size_t k) {
    return static_cast<float>(10 * output + k);
  });
}

TEST_CASE("weight effect: differences of the weights that were touched, each once") {
  TouchedFace face;
  CHECK_FALSE(effect_of(face).has_value());
  face.touched = Touched{{5, 14.0F}, {1, 1.0F}, {0, -3.0F}, {5, 14.0F}};
  const auto effect = effect_of(face);
  REQUIRE(effect.has_value());
  REQUIRE(effect->weights.size() == 2);
  CHECK(effect->weights[0].output == 1);
  CHECK(effect->weights[0].k == 2);
  CHECK(effect->weights[0].difference == 2.0F);
  CHECK(effect->weights[1].output == 0);
  CHECK(effect->weights[1].k == 0);
  CHECK(effect->weights[1].difference == -3.0F);
  CHECK(effect->biases.empty());
  face.touched->push_back({2, std::numeric_limits<float>::infinity()});
  CHECK_FALSE(effect_of(face).has_value());
}

TEST_CASE("weight effect: biases that are other bits") {
  TouchedFace face;
  face.touched = Touched{};
  face.new_biases = {-0.0F, 1.0F};
  const auto effect = effect_of(face);
  REQUIRE(effect.has_value());
  CHECK(effect->weights.empty());
  REQUIRE(effect->biases.size() == 1);
  CHECK(effect->biases[0].output == 0);
}

}  // namespace
}  // namespace upset
