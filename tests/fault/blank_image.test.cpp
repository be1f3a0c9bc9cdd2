// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <upset/fault/blank_image.hpp>
#include <upset/fault/fault_space.hpp>
#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/tensor/memory.hpp>

namespace upset {
namespace {

template <Format F>
void check_same_places() {
  const std::array<float, 13> values{0.5F, -1.0F};
  Memory<F> memory(values, {{}});
  BlankImage blank(memory);
  CHECK(blank.format_name() == memory.format_name());
  CHECK(blank.layout() == memory.layout());
  const FaultSpace of_memory({{"a.kernel", &memory}});
  const FaultSpace of_blank({{"a.kernel", &blank}});
  REQUIRE(of_blank.bit_count() == of_memory.bit_count());
  for (std::uint64_t bit = 0; bit < of_memory.bit_count(); ++bit) {
    CHECK(of_blank.site(bit) == of_memory.site(bit));
    CHECK(of_blank.address(bit) == of_memory.address(bit));
  }
}

TEST_CASE("blank_image: bits are numbered and named as in the image") {
  check_same_places<Float32>();
  check_same_places<Int8Affine>();
  check_same_places<Secded<Fixed<8, 4>, std::uint64_t>>();
  check_same_places<Mono<5>>();
}

TEST_CASE("blank_image: scales can be left out, and values are not there") {
  const std::array<float, 4> values{0.5F, -1.0F};
  Memory<Int8Affine> memory(values, {{}});
  BlankImage blank(memory, false);
  CHECK(memory.bit_count() == 4 * 8 + 40);
  CHECK(blank.bit_count() == 4 * 8);
  CHECK_THROWS_AS(blank.flip(0), Error);
  CHECK_THROWS_AS(static_cast<void>(blank.test(0)), Error);
  CHECK_THROWS_WITH(static_cast<void>(blank.check(0)),
                    "A blank memory image holds no values; use that of a network");
}

}  // namespace
}  // namespace upset
