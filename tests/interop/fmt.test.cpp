// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <upset/format/formats.hpp>
#include <upset/interop/fmt.hpp>

namespace {

using namespace upset;  // the formats

TEST_CASE("fmt: numbers print their value and take the specifiers of a float") {
  CHECK(fmt::format("{}", BFloat16{0.1F}) == "0.100097656");
  CHECK(fmt::format("{:.3f}", BFloat16{0.1F}) == "0.100");
  CHECK(fmt::format("{:>8}", Fixed<8, 4>{-1.5F}) == "    -1.5");
  CHECK(fmt::format("{:+.2e}", Float16{1.0F}) == "+1.00e+00");
  CHECK(fmt::format("{}", Fixed<32, 31>::from_level(1)) == "4.656612873077393e-10");
  CHECK(fmt::format("{} {}", Float16::infinity(), Float32{-0.0F}) == "inf -0");
}

TEST_CASE("fmt: codes print their bits and take the specifiers of a string") {
  CHECK(fmt::format("{}", Mono<8>::from_bits(0x5A)) == "0b01011010");
  CHECK(fmt::format("{}", MultiLevelBinary<4>::from_bits(1)) == "0b0001");
  CHECK(fmt::format("{}", Int8Affine::from_bits(0x80)) == "0b10000000");
  CHECK(fmt::format("{:>6}", Binary::from_bits(1)) == "   0b1");
}

TEST_CASE("fmt: every format can be formatted") {
  CHECK(fmt::is_formattable<Minifloat<4, 3>>::value);
  CHECK(fmt::is_formattable<Fixed<2, 0>>::value);
  CHECK(fmt::is_formattable<Mono<16>>::value);
}

}  // namespace
