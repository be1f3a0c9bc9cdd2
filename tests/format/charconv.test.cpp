// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <doctest/doctest.h>
#include <support/formats.hpp>
#include <support/oracle.hpp>

#include <upset/format/charconv.hpp>

namespace {

using namespace upset;  // the formats

template <class T>
std::string text_of(T x) {
  std::array<char, 64> buffer{};
  const auto end = to_chars(buffer.data(), buffer.data() + buffer.size(), x);
  CHECK(end.ec == std::errc{});
  return {buffer.data(), end.ptr};
}

template <class T>
T read(std::string_view text) {
  T x{};
  const auto end = from_chars(text.data(), text.data() + text.size(), x);
  CHECK(end.ec == std::errc{});
  CHECK(end.ptr == text.data() + text.size());
  return x;
}

TEST_CASE_TEMPLATE_DEFINE("charconv: every code survives being written and read", T, round_trip) {
  int wrong = 0;
  test::Sequence random{77};
  for (std::uint32_t i = 0; i < 0x1000; ++i) {
    const std::uint64_t any = T::width <= 12 ? i : random.next();
    const auto code = static_cast<typename T::code_type>(any & low_mask<std::uint64_t>(T::width));
    const T x = T::from_bits(code);
    std::array<char, 64> buffer{};
    const auto written = to_chars(buffer.data(), buffer.data() + buffer.size(), x);
    T back{};
    const auto parsed = from_chars(buffer.data(), written.ptr, back);
    wrong += static_cast<int>(parsed.ec != std::errc{} || parsed.ptr != written.ptr);
    if (x == x) {
      wrong += static_cast<int>(back.bits() != code);
    } else {
      wrong += static_cast<int>(back == back);
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(round_trip, test::AllFormats);

TEST_CASE("charconv: numbers are written by value, codes by bits") {
  CHECK(text_of(Fixed<8, 4>{-1.5F}) == "-1.5");
  CHECK(text_of(BFloat16{0.1F}) == "0.100097656");
  CHECK(text_of(Fixed<32, 31>{-1}) == "-1");
  CHECK(text_of(-Float16::infinity()) == "-inf");
  CHECK(text_of(Mono<8>::from_bits(0x5A)) == "0b01011010");
  CHECK(text_of(Binary::from_bits(1)) == "0b1");
}

TEST_CASE("charconv: decimals are rounded once, however near a tie they lie") {
  CHECK(read<BFloat16>("1.00390625").bits() == 0x3F80);  // the tie itself
  CHECK(read<BFloat16>("1.00390625000000000000000000000000001").bits() == 0x3F81);
  CHECK(read<BFloat16>("1.00390624999999999999999999999999999").bits() == 0x3F80);
  CHECK(read<BFloat16>("-1.01171875").bits() == 0xBF82);
  CHECK(read<BFloat16>("-1.01171874999999999999999999999999999").bits() == 0xBF81);
  CHECK(read<BFloat16>("100390625000000000000000000000000001e-35").bits() == 0x3F81);
  CHECK(read<BFloat16>("0.000100390625000000000000000000000001e4").bits() == 0x3F81);
  CHECK(read<Fixed<8, 4>>("0.03125").bits() == 0);
  CHECK(read<Fixed<8, 4>>("0.0312500000000000000000000000000000000000001").bits() == 1);
  CHECK(read<Fixed<8, 4>>("0.0937499999999999999999999999").bits() == 1);
  CHECK(read<Fixed<8, 4>>("9.375E-2").bits() == 2);
  CHECK(read<Fixed<8, 4>>("9.375e-02").bits() == 2);
  CHECK(read<Fixed<8, 4>>("000.09375000").bits() == 2);
}

TEST_CASE("charconv: every tie of bfloat16 with a digit more or less, far down in the text") {
  int wrong = 0;
  for (std::int64_t code = 1; code < 0x7F7F; code += 5) {
    const test::FloatOracle oracle{8, 7};
    const double tie = (oracle.magnitude(code) + oracle.magnitude(code + 1)) / 2;
    std::array<char, 200> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), tie,
                                   std::chars_format::scientific, 150);
    std::string text{buffer.data(), end.ptr};
    BFloat16 x{};
    static_cast<void>(from_chars(text.data(), text.data() + text.size(), x));
    wrong += static_cast<int>(x.bits() != code + code % 2);
    const std::size_t last = text.find('e') - 1;  // a zero: ties have at most 115 digits
    text[last] = '1';
    static_cast<void>(from_chars(text.data(), text.data() + text.size(), x));
    wrong += static_cast<int>(x.bits() != code + 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE("charconv: what is no number is refused and changes nothing") {
  Fixed<8, 4> x{3};
  for (const std::string_view text : {"", "x", "-", "+1", ".", "e5"}) {
    const auto end = from_chars(text.data(), text.data() + text.size(), x);
    CHECK(end.ec == std::errc::invalid_argument);
    CHECK(end.ptr == text.data());
  }
  const std::string_view huge = "1e999";
  CHECK(from_chars(huge.data(), huge.data() + huge.size(), x).ec == std::errc::result_out_of_range);
  CHECK(x == Fixed<8, 4>{3});
  const std::string_view tail = "1.5kg";
  CHECK(from_chars(tail.data(), tail.data() + tail.size(), x).ptr == tail.data() + 3);
  CHECK(x == Fixed<8, 4>{1.5F});

  Mono<4> code = Mono<4>::from_bits(5);
  for (const std::string_view text : {"0b101", "1010", "0b10x1", "0x1010", ""}) {
    CHECK(from_chars(text.data(), text.data() + text.size(), code).ec ==
          std::errc::invalid_argument);
  }
  CHECK(code.bits() == 5);
}

TEST_CASE("charconv: a buffer too short is refused") {
  std::array<char, 4> buffer{};
  CHECK(to_chars(buffer.data(), buffer.data() + 4, Mono<8>{}).ec == std::errc::value_too_large);
  CHECK(to_chars(buffer.data(), buffer.data() + 4, BFloat16{0.1F}).ec ==
        std::errc::value_too_large);
}

}  // namespace
