// SPDX-License-Identifier: BSL-1.0
/// Pictures that differ, for lists of differences.
#pragma once

#include <cstddef>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

namespace upset::test {

/// Pictures of which a random stretch of pixels is compared, in two parts.
template <class Level>
struct ListedPictures {
  std::size_t height;
  std::size_t width;
  std::size_t channels;
  std::size_t pixels;
  std::vector<Level> golden;
  std::vector<Level> now;
  std::size_t first = 0;
  std::size_t middle = 0;
  std::size_t last = 0;

  ListedPictures(std::size_t rows, std::size_t columns, std::size_t channel_count,
                 std::size_t rarity, Values& values)
      : height(rows), width(columns), channels(channel_count), pixels(rows * columns) {
    first = values.below(pixels);
    last = first + values.below(pixels - first + 1);
    middle = first + values.below(last - first + 1);
    for (std::size_t i = 0; i < pixels * channels; ++i) {
      // a third of the differences is larger than a byte
      const int size = values.below(3) == 0 ? 510 : 128;
      const int difference =
          values.below(rarity) == 0
              ? static_cast<int>(values.below(static_cast<std::size_t>(2 * size + 1))) - size
              : 0;
      const int before = static_cast<int>(values.below(511)) - 255;
      golden.push_back(static_cast<Level>(before));
      now.push_back(static_cast<Level>(before + difference));
    }
  }

  [[nodiscard]] bool is_compared(std::size_t pixel) const { return first <= pixel && pixel < last; }
  /// What a list should say of value i.
  [[nodiscard]] int difference(std::size_t i) const {
    return is_compared(i / channels) ? static_cast<int>(now[i]) - static_cast<int>(golden[i]) : 0;
  }
  /// Compares them, in two parts, behind whatever was compared before.
  template <class List>
  void list_in(List& list) const {
    list.clear();
    list.compare(now.data(), golden.data(), first, middle);
    list.compare(now.data(), golden.data(), middle, last);
    list.finish();
  }
};

/// Lists pictures of many sizes, of which all or few values differ, each twice: the first time
/// leaves something behind. `wrong_entries(list, pictures)` counts what is wrong.
template <class List, class Level, class Wrong>
void check_listed_pictures(Wrong wrong_entries) {
  Values values(1);
  std::size_t wrong = 0;
  std::size_t listed = 0;
  for (const std::size_t channels : {1U, 2U, 3U, 4U, 6U, 16U, 20U, 32U, 64U, 68U, 130U}) {
    for (const std::size_t height : {1U, 2U, 5U}) {
      for (const std::size_t width : {1U, 3U, 8U, 37U}) {
        for (std::size_t trial = 0; trial < 8; ++trial) {
          const std::size_t rarity = std::size_t{1} << trial;
          const ListedPictures<Level> at(height, width, channels, rarity, values);
          List list(height, width, channels);
          for (int time = 0; time < 2; ++time) {
            at.list_in(list);
            wrong += wrong_entries(list, at);
          }
          listed += list.size();
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(listed > 1000);
}

}  // namespace upset::test
