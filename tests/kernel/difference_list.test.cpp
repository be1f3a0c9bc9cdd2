// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/difference_list.hpp>

namespace upset {
namespace {

// Pictures of which a random stretch of pixels is compared, in two parts.
template <class T, class Level>
struct ListedPictures {
  std::size_t pixels;
  std::size_t channels;
  std::vector<Level> golden;
  std::vector<Level> now;
  std::size_t first = 0;
  std::size_t middle = 0;
  std::size_t last = 0;

  ListedPictures(std::size_t pixel_count, std::size_t channel_count, std::size_t rarity,
                 test::Values& values)
      : pixels(pixel_count), channels(channel_count) {
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
};

template <class T, class Level>
[[nodiscard]] std::size_t wrong_entries(const DifferenceList<T>& list,
                                        const ListedPictures<T, Level>& at) {
  constexpr std::size_t group = DifferenceList<T>::group;
  std::size_t wrong = list.words().size() == list.size() ? 0 : 1;
  std::vector<int> dense(at.pixels * at.channels, 0);
  std::int64_t total = 0;
  for (std::size_t n = 0; n < list.size(); ++n) {
    const std::size_t word = list.words()[n];
    const std::size_t pixel = word / list.pixel_words();
    const std::size_t channel = word % list.pixel_words() * group;
    wrong += at.first <= pixel && pixel < at.last ? 0U : 1U;
    wrong += list.starts()[pixel] <= n && n < list.starts()[pixel + 1] ? 0U : 1U;
    wrong += n == 0 || word >= list.words()[n - 1] ? 0U : 1U;
    bool is_empty = true;
    if constexpr (sizeof(T) == 1) {
      wrong += list.sums()[n] == total ? 0U : 1U;
    } else {
      wrong += n == 0 || word > list.words()[n - 1] ? 0U : 1U;
    }
    for (std::size_t lane = 0; lane < group; ++lane) {
      const int difference = static_cast<int>(list.differences(n)[lane]);
      is_empty = is_empty && difference == 0;
      total += difference;
      if (channel + lane < at.channels) {
        dense[pixel * at.channels + channel + lane] += difference;
      } else {
        wrong += difference == 0 ? 0U : 1U;
      }
    }
    wrong += is_empty ? 1U : 0U;
  }
  if constexpr (sizeof(T) == 1) {
    wrong += list.sums()[list.size()] == total ? 0U : 1U;
  }
  wrong += list.starts().front() == 0 && list.starts().back() == list.size() ? 0U : 1U;
  wrong += list.starts().size() == at.pixels + 1 ? 0U : 1U;
  for (std::size_t i = 0; i < dense.size(); ++i) {
    const std::size_t pixel = i / at.channels;
    const bool is_compared = at.first <= pixel && pixel < at.last;
    const int expected =
        is_compared ? static_cast<int>(at.now[i]) - static_cast<int>(at.golden[i]) : 0;
    wrong += dense[i] == expected ? 0U : 1U;
  }
  return wrong;
}

template <class T, class Level>
void check_list() {
  test::Values values(1);
  std::size_t wrong = 0;
  std::size_t listed = 0;
  for (const std::size_t channels : {1U, 2U, 3U, 4U, 6U, 16U, 20U, 32U, 64U, 68U, 130U}) {
    for (const std::size_t pixels : {1U, 2U, 5U, 16U, 37U}) {
      DifferenceList<T> list(pixels, channels);
      for (std::size_t trial = 0; trial < 16; ++trial) {
        const std::size_t rarity = std::size_t{1} << (trial % 8);  // from all to few
        const ListedPictures<T, Level> at(pixels, channels, rarity, values);
        list.clear();  // of what the trial before has left
        list.compare(at.now.data(), at.golden.data(), at.first, at.middle);
        list.compare(at.now.data(), at.golden.data(), at.middle, at.last);
        list.finish();
        wrong += wrong_entries(list, at);
        listed += list.size();
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(listed > 1000);
}

TEST_CASE("difference list: every word that differs, and where pixels begin") {
  check_list<float, float>();
  check_list<std::int16_t, std::int16_t>();
  check_list<std::int8_t, std::int16_t>();
}

}  // namespace
}  // namespace upset
