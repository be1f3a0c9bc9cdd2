// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "idle_face.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/input_differences.hpp>

namespace upset {
namespace {

#if defined(__x86_64__)
#define UPSET_DIFFERENCE_LEVELS std::int16_t, float
#else
#define UPSET_DIFFERENCE_LEVELS float
#endif

// A format of the test's own: words of some bytes, each an eighth of a value in two's complement.
[[nodiscard]] std::uint8_t code_of(float x) {
  return static_cast<std::uint8_t>(static_cast<int>(std::floor(x * 8.0F)));
}
[[nodiscard]] int level_of(std::uint8_t code) { return code < 128 ? code : code - 256; }

template <class Level>
class ByteFace final : public test::IdleFace<Level> {
 public:
  explicit ByteFace(std::size_t lanes) : lanes_(lanes) {}

  void read_inputs(std::span<const float> x, Level* to) const override {
    for (std::size_t i = 0; i < x.size(); ++i) {
      to[i] = static_cast<Level>(level_of(code_of(x[i])));
    }
  }
  [[nodiscard]] std::size_t lanes() const override { return lanes_; }
  [[nodiscard]] std::size_t word_bits() const override { return 8 * lanes_; }
  void read_flipped_word(std::span<const float> x, std::span<const std::uint64_t> bits,
                         Level* to) const override {
    for (std::size_t i = 0; i < x.size(); ++i) {
      std::uint8_t code = code_of(x[i]);
      for (const std::uint64_t bit : bits) {
        const std::uint64_t at = bit % word_bits();
        code = static_cast<std::uint8_t>(code ^ (at / 8 == i ? 1U << (at % 8) : 0U));
      }
      to[i] = static_cast<Level>(level_of(code));
    }
  }

 private:
  std::size_t lanes_;
};

// What the differences say of every value.
template <class Level>
[[nodiscard]] std::vector<int> spread_out(const InputDifferences<Level>& differences,
                                          const Shape& picture) {
  constexpr std::size_t group = InputDifferences<Level>::List::group;
  const auto& list = differences.list();
  std::vector<int> dense(picture.size(), 0);
  for (std::size_t n = 0; n < list.size(); ++n) {
    const std::size_t pixel = list.words()[n] / list.pixel_words();
    const std::size_t channel = list.words()[n] % list.pixel_words() * group;
    for (std::size_t lane = 0; lane < group && channel + lane < picture[2]; ++lane) {
      dense[pixel * picture[2] + channel + lane] = static_cast<int>(list.differences(n)[lane]);
    }
  }
  return dense;
}

TEST_CASE_TEMPLATE("input differences: what is read now against what was read", Level,
                   UPSET_DIFFERENCE_LEVELS) {
  test::Values values(1);
  std::size_t wrong = 0;
  std::array<std::size_t, 3> seen{};  // no difference, some, too many
  for (const Shape& picture : {Shape{4, 5, 3}, Shape{3, 4, 2}, Shape{1, 1, 37}, Shape{5, 3, 1}}) {
    for (const std::size_t lanes : {1U, 4U, 7U}) {
      const ByteFace<Level> face(lanes);
      InputDifferences<Level> differences(face, {}, picture);
      for (std::size_t trial = 0; trial < 60; ++trial) {
        const Tensor x = values.uniform(picture, -10.0F, 10.0F);
        AlignedVector<Level> golden(x.size());
        face.read_inputs(x.values(), golden.data());
        // a stretch in which some values change, by less than a step at times
        Change change;
        change.values.assign(x.size(), 5.0F);  // stale outside
        if (trial % 4 != 0) {
          change.begin = values.below(x.size());
          change.end = change.begin + values.below(x.size() - change.begin + 1);
        }
        std::vector<float> now(x.values().begin(), x.values().end());
        for (std::size_t i = change.begin; i < change.end; ++i) {
          now[i] += values.below(2) == 0 ? 0.0F : values.uniform(-0.5F, 0.5F);
          change.values[i] = now[i];
        }
        std::vector<std::uint64_t> bits;
        for (std::size_t n = values.below(4); n > 0; --n) {
          bits.push_back(values.below(8 * x.size()));
        }
        std::ranges::sort(bits);
        std::vector<int> expected;
        for (const float value : now) {
          expected.push_back(code_of(value));
        }
        for (const std::uint64_t bit : bits) {
          expected[bit / 8] ^= 1 << (bit % 8);
        }
        std::size_t count = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
          expected[i] = level_of(static_cast<std::uint8_t>(expected[i]));
          count += expected[i] == static_cast<int>(golden[i]) ? 0U : 1U;
        }
        NodeFaults faults;
        faults.activation_bits = bits;
        const std::size_t most = trial % 3 == 0 ? 2 : x.size();
        const ChangedInput input{x.values(), trial % 8 == 0 ? nullptr : &change};
        const bool is_found = differences.find(input, faults, golden, most);
        // words of two values at most are counted
        wrong += is_found ? (count > 2 * most ? 1U : 0U) : (count <= most ? 1U : 0U);
        ++seen[!is_found ? 2 : count == 0 ? 0 : 1];
        if (!is_found) {
          continue;
        }
        wrong += differences.empty() == (count == 0) ? 0U : 1U;
        const auto dense = spread_out(differences, picture);
        double largest = 0;
        double sum = 0;
        for (const int difference : dense) {
          largest = std::max(largest, std::abs(static_cast<double>(difference)));
          sum += std::abs(static_cast<double>(difference));
        }
        wrong += differences.magnitudes() == std::pair{largest, sum} ? 0U : 1U;
        const auto [first_row, last_row] = differences.rows();
        for (std::size_t i = 0; i < dense.size(); ++i) {
          const std::size_t row = i / (picture[1] * picture[2]);
          wrong += dense[i] == expected[i] - static_cast<int>(golden[i]) ? 0U : 1U;
          wrong += static_cast<int>(differences.level(i, golden)) == expected[i] ? 0U : 1U;
          wrong += dense[i] == 0 || (first_row <= row && row < last_row) ? 0U : 1U;
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(std::ranges::min(seen) > 20);  // or something goes untested
}

TEST_CASE("input differences: two flips of one bit are none") {
  const ByteFace<float> face(1);
  const Shape picture{2, 2, 1};
  InputDifferences<float> differences(face, {}, picture);
  const std::vector<float> x{1, 2, 3, 4};
  AlignedVector<float> golden(4);
  face.read_inputs(x, golden.data());
  const std::vector<std::uint64_t> bits{9, 9};
  NodeFaults faults;
  faults.activation_bits = bits;
  CHECK(differences.find({x, nullptr}, faults, golden, 4));
  CHECK(differences.empty());
}

#if defined(__AVX2__)
TEST_CASE("input differences: of one channel where nothing else can differ, and by bytes") {
  using Differences = InputDifferences<std::int16_t, std::int8_t>;
  const Shape picture{3, 4, 5};
  const ByteFace<std::int16_t> face(1);
  const ByteFace<std::int16_t> pairs(2);
  const WindowGeometry wide{.kernel_height = 1, .kernel_width = 5, .pad_left = 4};
  Differences differences(face, WindowGeometry::square(3, 1, 1), picture);
  Differences of_pairs(pairs, WindowGeometry::square(3, 1, 1), picture);
  Differences of_wide(face, wide, picture);
  test::Values values(2);
  std::array<std::size_t, 2> seen{};  // no difference, some
  for (std::size_t trial = 0; trial < 100; ++trial) {
    const Tensor x = values.uniform(picture, -7.0F, 7.0F);
    AlignedVector<std::int16_t> golden(x.size());
    face.read_inputs(x.values(), golden.data());
    const std::size_t channel = values.below(5);
    Change change;
    change.values.assign(x.size(), 5.0F);
    std::size_t first = 3;
    std::size_t last = 0;
    for (std::size_t pixel = 0; pixel < 12; ++pixel) {
      const float before = x[pixel * 5 + channel];
      const bool changes = values.below(12) == 0;
      change.channel_values.push_back(changes ? values.uniform(-7.0F, 7.0F) : before);
      if (code_of(change.channel_values.back()) != code_of(before)) {
        first = std::min(first, pixel / 4);
        last = pixel / 4 + 1;
      }
    }
    change.set_channel(channel, 5, x.values());
    const ChangedInput input{x.values(), &change};
    CHECK(differences.find(input, {}, golden, x.size()));
    REQUIRE((differences.channel() != nullptr) == !change.is_none());
    CHECK((change.is_none() || differences.channel()->channel() == channel));
    CHECK(differences.empty() == (last == 0));
    ++seen[last == 0 ? 0 : 1];
    if (last > 0) {
      CHECK(differences.rows() == std::pair{first, last});
    }
    for (Differences* const other : {&of_pairs, &of_wide}) {
      CHECK(other->find(input, {}, golden, x.size()));
      CHECK(other->channel() == nullptr);
      CHECK(other->empty() == (last == 0));
    }
    // flips of what is read, and weights that ask for any level
    const std::vector<std::uint64_t> bits{8 * values.below(x.size())};
    NodeFaults flips;
    flips.activation_bits = bits;
    CHECK(differences.find(input, flips, golden, x.size()));
    CHECK(differences.channel() == nullptr);
    const WeightEffect effect;
    NodeFaults hit;
    hit.weights = &effect;
    CHECK(differences.find(input, hit, golden, x.size()));
    CHECK(differences.channel() == nullptr);
    CHECK(differences.empty() == (last == 0));
    // a difference of more than a byte
    change.channel_values[0] = x[channel] < 0 ? 15.9F : -16.0F;
    change.set_channel(channel, 5, x.values());
    const bool is_byte =
        differences.find(input, {}, golden, x.size()) && differences.channel() != nullptr;
    const int far = level_of(code_of(change.channel_values[0])) - golden[channel];
    CHECK(is_byte == (far >= -128 && far <= 127));
    CHECK_FALSE(differences.empty());
    // a picture of other pixels, as a dense layer reads it
    change.channel_values.push_back(0.0F);
    CHECK(differences.find(input, {}, golden, x.size()));
    CHECK(differences.channel() == nullptr);
  }
  CHECK(std::ranges::min(seen) > 10);
}
#endif

TEST_CASE("input differences: worth listing are more of them in larger pictures, and always some") {
  const auto most = [](std::size_t pixels, std::size_t outputs) {
    return detail::most_differences<std::int16_t, std::int8_t>(pixels, outputs, 144, 16);
  };
  CHECK(most(64, 64) < most(256, 64));
  CHECK(most(1, 16) > 0);
  CHECK(detail::most_differences<std::int16_t, std::int16_t>(64, 64, 144, 16) < most(64, 64));
}

}  // namespace
}  // namespace upset
