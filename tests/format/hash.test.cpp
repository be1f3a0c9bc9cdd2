// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <functional>
#include <unordered_set>

#include <doctest/doctest.h>
#include <support/formats.hpp>

#include <upset/format/hash.hpp>

namespace {

TEST_CASE("hash: the two zeros are equal and hash alike") {
  using upset::BFloat16;
  CHECK(std::hash<BFloat16>{}(BFloat16{0.0F}) == std::hash<BFloat16>{}(BFloat16{-0.0F}));
  CHECK(std::hash<upset::Float16>{}(upset::Float16{-0.0F}) ==
        std::hash<upset::Float16>{}(upset::Float16{}));
}

TEST_CASE_TEMPLATE_DEFINE("hash: a set holds every code that equals no other", T, sets) {
  std::unordered_set<T> set;
  std::size_t expected = 0;
  for (std::uint32_t code = 0; code < 256; ++code) {
    if (code >> T::width != 0) {
      break;
    }
    const T x = T::from_bits(static_cast<typename T::code_type>(code));
    const bool negative_zero = x == T{} && code != 0;
    expected += negative_zero ? 0 : 1;  // a NaN equals nothing and is counted each time
    set.insert(x);
  }
  CHECK(set.size() == expected);
}
TEST_CASE_TEMPLATE_INVOKE(sets, upset::Minifloat<4, 3>, upset::BFloat16, upset::Fixed<8, 4>,
                          upset::Mono<5>, upset::MultiLevelBinary<4>, upset::Binary,
                          upset::Int8Affine);

}  // namespace
