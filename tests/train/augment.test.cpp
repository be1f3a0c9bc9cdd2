// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <upset/train/augment.hpp>

using namespace upset;

namespace {

constexpr std::size_t height = 3;
constexpr std::size_t width = 4;
constexpr std::size_t channels = 2;
const std::vector<float> outside = {-1, -2};

// Pixel (y, x) holds 10 y + x in channel 0 and 100 more in channel 1.
std::vector<float> picture() {
  std::vector<float> result;
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      result.push_back(static_cast<float>(10 * y + x));
      result.push_back(static_cast<float>(100 + 10 * y + x));
    }
  }
  return result;
}

std::vector<float> augmented(const Augmentation& changes, std::uint64_t seed, std::uint64_t epoch,
                             std::uint64_t image) {
  std::vector<float> result = picture();
  augment(result, {height, width, channels}, changes, outside, seed, epoch, image);
  return result;
}

// The picture moved by (down, right), mirrored before if asked: the definition, pixel by pixel.
std::vector<float> moved(bool mirrored, int down, int right) {
  const std::vector<float> from = picture();
  std::vector<float> to;
  for (int y = 0; y < static_cast<int>(height); ++y) {
    for (int x = 0; x < static_cast<int>(width); ++x) {
      const int source_y = y - down;
      int source_x = x - right;
      const bool inside = 0 <= source_y && source_y < static_cast<int>(height) && 0 <= source_x &&
                          source_x < static_cast<int>(width);
      source_x = mirrored ? static_cast<int>(width) - 1 - source_x : source_x;
      for (int c = 0; c < static_cast<int>(channels); ++c) {
        const int index =
            (source_y * static_cast<int>(width) + source_x) * static_cast<int>(channels) + c;
        to.push_back(inside ? from[static_cast<std::size_t>(index)]
                            : outside[static_cast<std::size_t>(c)]);
      }
    }
  }
  return to;
}

}  // namespace

TEST_CASE("augment: draws every combination of flip and shift, and nothing else") {
  std::set<std::vector<float>> expected;
  for (const bool mirrored : {false, true}) {
    for (int down = -2; down <= 2; ++down) {
      for (int right = -2; right <= 2; ++right) {
        expected.insert(moved(mirrored, down, right));
      }
    }
  }
  CHECK(expected.size() == 50);
  std::set<std::vector<float>> found;
  for (std::uint64_t image = 0; image < 1000; ++image) {
    found.insert(augmented({.flip = true, .shift = 2}, 1, 0, image));
  }
  CHECK(found == expected);  // each is missed with a chance of (49/50)^1000, 2e-9
}

TEST_CASE("augment: flip alone and shift alone") {
  std::set<std::vector<float>> found;
  for (std::uint64_t image = 0; image < 100; ++image) {
    found.insert(augmented({.flip = true}, 1, 0, image));
  }
  CHECK(found == std::set{picture(), moved(true, 0, 0)});
  found.clear();
  std::set<std::vector<float>> expected;
  for (std::uint64_t image = 0; image < 200; ++image) {
    found.insert(augmented({.shift = 1}, 1, 0, image));
  }
  for (int place = 0; place < 9; ++place) {
    expected.insert(moved(false, place / 3 - 1, place % 3 - 1));
  }
  CHECK(found == expected);
  CHECK(augmented({}, 1, 0, 0) == picture());
  CHECK_FALSE(Augmentation{}.any());
}

TEST_CASE("augment: depends on seed, epoch and picture, each") {
  const Augmentation changes{.flip = true, .shift = 2};
  std::size_t same[3] = {0, 0, 0};
  for (std::uint64_t image = 0; image < 200; ++image) {
    const auto base = augmented(changes, 1, 0, image);
    CHECK_MESSAGE(base == augmented(changes, 1, 0, image), image);
    same[0] += base == augmented(changes, 2, 0, image) ? 1U : 0U;
    same[1] += base == augmented(changes, 1, 1, image) ? 1U : 0U;
    same[2] += base == augmented(changes, 1, 0, image + 1) ? 1U : 0U;
  }
  for (const std::size_t count : same) {
    CHECK(count < 20);  // 4 of 200 expected by chance
  }
}
