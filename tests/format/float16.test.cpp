// SPDX-License-Identifier: BSL-1.0
#include <limits>
#include <type_traits>

#include <support/limits.hpp>
#include <support/static_check.hpp>

#include <upset/format/float16.hpp>
#include <upset/format/float32.hpp>

namespace {

using upset::Float16;
using Float16Limits = std::numeric_limits<Float16>;

TEST_CASE("Float16: the landmarks of binary16") {
  UPSET_STATIC_CHECK(Float16{1.0F}.bits() == 0x3C00);
  UPSET_STATIC_CHECK(Float16{-2.0F}.bits() == 0xC000);
  UPSET_STATIC_CHECK(Float16{65504.0F}.bits() == 0x7BFF);
  UPSET_STATIC_CHECK(Float16{65519.996F}.bits() == 0x7BFF);
  UPSET_STATIC_CHECK(Float16{65520.0F}.bits() == 0x7C00);
  UPSET_STATIC_CHECK(Float16{0x1p-14F}.bits() == 0x0400);
  UPSET_STATIC_CHECK(Float16{0x1p-24F}.bits() == 0x0001);
  UPSET_STATIC_CHECK(Float16{0x1p-25F}.bits() == 0x0000);      // a tie, to even
  UPSET_STATIC_CHECK(Float16{0x1.8p-24F}.bits() == 0x0002);    // a tie, to even
  UPSET_STATIC_CHECK(Float16{0x1.002p-25F}.bits() == 0x0001);  // just above one
  UPSET_STATIC_CHECK(Float16{0x1.FF8p-15F}.bits() == 0x03FF);  // the largest subnormal
  UPSET_STATIC_CHECK(Float16{0x1.FFCp-15F}.bits() == 0x0400);  // a tie, into the normals
  UPSET_STATIC_CHECK(Float16{std::numeric_limits<float>::quiet_NaN()}.is_nan());
  UPSET_STATIC_CHECK(Float16{1.0F / 3}.bits() == 0x3555);
}

TEST_CASE("Float16: every member of numeric_limits is stated and right") {
  UPSET_STATIC_CHECK(upset::test::limits_of<Float16>() ==
                     upset::test::float_limits(11, 3, 5, -13, -4, 16, 4));
  UPSET_STATIC_CHECK(upset::test::limits_forwarded<Float16>);
  UPSET_STATIC_CHECK(Float16Limits::min().value() == 0x1p-14F);
  UPSET_STATIC_CHECK(Float16Limits::max().value() == 65504.0F);
  UPSET_STATIC_CHECK(Float16Limits::lowest().value() == -65504.0F);
  UPSET_STATIC_CHECK(Float16Limits::epsilon().value() == 0x1p-10F);
  UPSET_STATIC_CHECK(Float16Limits::denorm_min().value() == 0x1p-24F);
  UPSET_STATIC_CHECK(Float16Limits::infinity().bits() == 0x7C00);
  UPSET_STATIC_CHECK(Float16Limits::quiet_NaN().bits() == 0x7E00);
  UPSET_STATIC_CHECK(Float16Limits::signaling_NaN().bits() == 0x7D00);
}

TEST_CASE("Float16: converts implicitly to what holds it, explicitly to what may not") {
  UPSET_STATIC_CHECK(std::is_convertible_v<Float16, upset::Float32>);
  UPSET_STATIC_CHECK(!std::is_convertible_v<upset::Float32, Float16>);
  UPSET_STATIC_CHECK(std::is_constructible_v<Float16, upset::Float32>);
  UPSET_STATIC_CHECK(!std::is_convertible_v<Float16, upset::Minifloat<8, 7>>);
  UPSET_STATIC_CHECK(upset::Float32{Float16{-1.5F}}.value() == -1.5F);
}

}  // namespace
