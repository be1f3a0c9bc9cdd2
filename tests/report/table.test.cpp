// SPDX-License-Identifier: BSL-1.0
#include <string>

#include <doctest/doctest.h>

#include <upset/report/table.hpp>

using upset::Cell;
using upset::Table;

TEST_CASE("Table: text to the left, numbers and their heads to the right") {
  Table table({"format", "bits", "tolerated BER"});
  table.add_row({"Mono<8>", 8, Cell::aligned_right("> 1e-2")});
  table.add_row({"Float32", 32.5, Cell::aligned_right("1e-7")});
  table.add_row({"MultiLevelBinary<4>", 4, ""});
  CHECK(table.text() ==
        "format               bits  tolerated BER\n"
        "-------------------  ----  -------------\n"
        "Mono<8>                 8         > 1e-2\n"
        "Float32              32.5           1e-7\n"
        "MultiLevelBinary<4>     4\n");
}

TEST_CASE("Table: a column is numeric while it holds numbers and blanks alone") {
  Table table({"a", "b", "c", "d"});
  table.add_row({1, "", "x", ""});
  table.add_row({2, 3, 4, ""});
  CHECK(table.is_numeric(0));
  CHECK(table.is_numeric(1));
  CHECK_FALSE(table.is_numeric(2));
  CHECK_FALSE(table.is_numeric(3));
}

TEST_CASE("Table: width counts characters, not bytes") {
  Table table({"a", "b"});
  table.add_row({"\xc3\xa9t\xc3\xa9", 1});  // three characters in five bytes
  CHECK(table.text() == "a    b\n---  -\n\xc3\xa9t\xc3\xa9  1\n");
}

TEST_CASE("Table: a row of another length is refused") {
  Table table({"a", "b"});
  CHECK_THROWS_WITH_AS(table.add_row({1}), "A row of 1 cells does not fit a table of 2 columns",
                       upset::Error);
  CHECK(table.text() == "a  b\n-  -\n");
}
