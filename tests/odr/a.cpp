// SPDX-License-Identifier: BSL-1.0
// With b.cpp: two units that include everything, in one program. A function or variable defined in
// a header without `inline` would be there twice and fail to link; one that is `static` or in an
// unnamed namespace would have two addresses.
#include <doctest/doctest.h>

#include <upset/upset.hpp>

const void* address_of_name_in_b();
const void* address_of_function_in_b();

TEST_CASE("odr: two units that include everything share one definition of each thing") {
  using FlipBit = std::uint32_t (*)(std::uint32_t, int);
  CHECK(address_of_name_in_b() == &upset::is_wide_word<upset::WideWord<128>>);
  CHECK(address_of_function_in_b() ==
        reinterpret_cast<const void*>(static_cast<FlipBit>(&upset::flip_bit<std::uint32_t>)));
}
