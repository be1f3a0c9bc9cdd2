// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/listed_pictures.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/difference_list.hpp>

namespace upset {
namespace {

template <class T>
[[nodiscard]] std::size_t wrong_entries(const DifferenceList<T>& list,
                                        const test::ListedPictures<T>& at) {
  constexpr std::size_t group = DifferenceList<T>::group;
  std::size_t wrong = list.words().size() == list.size() ? 0 : 1;
  std::vector<int> dense(at.pixels * at.channels, 0);
  for (std::size_t n = 0; n < list.size(); ++n) {
    const std::size_t word = list.words()[n];
    const std::size_t pixel = word / list.pixel_words();
    const std::size_t channel = word % list.pixel_words() * group;
    wrong += at.is_compared(pixel) ? 0U : 1U;
    wrong += list.starts()[pixel] <= n && n < list.starts()[pixel + 1] ? 0U : 1U;
    wrong += n == 0 || word > list.words()[n - 1] ? 0U : 1U;
    bool is_empty = true;
    for (std::size_t lane = 0; lane < group; ++lane) {
      const int difference = static_cast<int>(list.differences(n)[lane]);
      is_empty = is_empty && difference == 0;
      if (channel + lane < at.channels) {
        dense[pixel * at.channels + channel + lane] += difference;
      } else {
        wrong += difference == 0 ? 0U : 1U;
      }
    }
    wrong += is_empty ? 1U : 0U;
  }
  wrong += list.starts().front() == 0 && list.starts().back() == list.size() ? 0U : 1U;
  wrong += list.starts().size() == at.pixels + 1 ? 0U : 1U;
  for (std::size_t i = 0; i < dense.size(); ++i) {
    wrong += dense[i] == at.difference(i) ? 0U : 1U;
  }
  return wrong;
}

TEST_CASE("difference list: every word that differs, and where pixels begin") {
  test::check_listed_pictures<DifferenceList<float>, float>(wrong_entries<float>);
  test::check_listed_pictures<DifferenceList<std::int16_t>, std::int16_t>(
      wrong_entries<std::int16_t>);
}

}  // namespace
}  // namespace upset
