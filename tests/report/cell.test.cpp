// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <locale>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include <upset/report/cell.hpp>

using upset::Cell;

TEST_CASE("Cell: numbers read back exactly from their shortest text") {
  std::mt19937_64 generator(1);
  int mismatches = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto fraction = static_cast<double>(generator() >> 11) * 0x1p-53;
    const double x = fraction * (i % 3 == 0 ? 1e-9 : i % 3 == 1 ? 1 : 1e12);
    mismatches += std::strtod(upset::shortest(x).c_str(), nullptr) == x ? 0 : 1;
  }
  CHECK(mismatches == 0);
  CHECK(upset::shortest(0.1) == "0.1");
  CHECK(upset::shortest(1e-5) == "1e-05");
  CHECK(upset::shortest(-0.0) == "-0");
  CHECK(upset::shortest(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(upset::shortest(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(upset::shortest(std::numeric_limits<double>::denorm_min()) == "5e-324");
}

TEST_CASE("Cell: rates have the digits that set them apart") {
  using Texts = std::vector<std::string>;
  CHECK(upset::rate_texts(std::vector{1e-5, 2e-5}) == Texts{"1e-5", "2e-5"});
  CHECK(upset::rate_texts(std::vector{1e-5, 1.0001e-5}) == Texts{"1e-5", "1.0001e-5"});
  CHECK(upset::rate_texts(std::vector{1e-5, 1e-5}) ==
        Texts{"1.0000000000000001e-5", "1.0000000000000001e-5"});
  CHECK(upset::rate_texts(std::vector<double>()).empty());
}

TEST_CASE("Cell: decimals are rounded from the exact value") {
  CHECK(upset::with_decimals(91.256, 2) == "91.26");
  CHECK(upset::with_decimals(0.125, 2) == "0.12");  // a tie in binary too: to even
  CHECK(upset::with_decimals(2.675, 2) == "2.67");  // the double lies below 2.675
  CHECK(upset::with_decimals(100, 0) == "100");
  CHECK(upset::with_decimals(-0.5, 1) == "-0.5");
  CHECK(upset::range_text(89.912, 91.06, 2) == "89.91..91.06");
  CHECK(upset::with_decimals(1e300, 1).size() == 303);
}

TEST_CASE("Cell: rates are written as people write them") {
  CHECK(upset::rate_text(1e-4) == "1e-4");
  CHECK(upset::rate_text(2e-5) == "2e-5");
  CHECK(upset::rate_text(3.16227766e-7) == "3.16e-7");
  CHECK(upset::rate_text(3.16227766e-7, 2) == "3.2e-7");
  CHECK(upset::rate_text(3.16227766e-7, 1) == "3e-7");
  CHECK(upset::rate_text(1.5e-10) == "1.5e-10");
  CHECK(upset::rate_text(1e-100) == "1e-100");
  CHECK(upset::rate_text(0.1) == "1e-1");
  CHECK(upset::rate_text(0.9999) == "1e+0");
  CHECK(upset::rate_text(0) == "0");
  CHECK(upset::rate_text(1) == "1");
}

TEST_CASE("Cell: numbers know that they are numbers") {
  CHECK(Cell(0.5) == Cell::aligned_right("0.5"));
  CHECK(Cell(20) == Cell::aligned_right("20"));
  CHECK(Cell(std::uint64_t{18'446'744'073'709'551'615U}).text == "18446744073709551615");
  CHECK(Cell(std::int8_t{-3}).text == "-3");
  CHECK_FALSE(Cell("20").number);
  CHECK(Cell("20").text == "20");
  CHECK(Cell().text.empty());
}

TEST_CASE("Cell: texts of numbers do not follow the locale") {
  struct Commas : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale(), new Commas));
  const std::string texts = Cell(1234.5).text + " " + Cell(1234567).text + " " +
                            upset::with_decimals(1234.5, 1) + " " + upset::rate_text(1.5e-5);
  std::locale::global(before);
  CHECK(texts == "1234.5 1234567 1234.5 1.5e-5");
}

TEST_CASE("Cell: thousands apart") {
  CHECK(upset::grouped_text(0) == "0");
  CHECK(upset::grouped_text(999) == "999");
  CHECK(upset::grouped_text(1000) == "1,000");
  CHECK(upset::grouped_text(1'234'567) == "1,234,567");
}
