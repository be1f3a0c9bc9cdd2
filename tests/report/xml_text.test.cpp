// SPDX-License-Identifier: BSL-1.0
#include <string>

#include <doctest/doctest.h>

#include <upset/report/xml_text.hpp>

using upset::xml_text;

TEST_CASE("xml_text: characters stay as they are") {
  for (const std::string text :
       {"", "conv1 \t\r\n~\x7F", "\xC2\x80 \xC3\xA4 \xDF\xBF",
        "\xE0\xA0\x80 \xE2\x82\xAC \xEF\xBF\xBD", "\xED\x9F\xBF\xEE\x80\x80",
        "\xF0\x90\x80\x80 \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF"}) {
    CHECK(xml_text(text) == text);
  }
}

TEST_CASE("xml_text: what XML cannot hold is replaced byte by byte") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(xml_text(std::string("a\0b", 3)) == "a" + bad + "b");
  CHECK(xml_text("\x01\x1B\x1F") == bad + bad + bad);
  CHECK(xml_text("\x80"
                 "a\xBF") == bad + "a" + bad);  // continuations of nothing
  CHECK(xml_text("\xC3"
                 "a\xE2\x82") == bad + "a" + bad + bad);  // cut short
  CHECK(xml_text("\xC1\xBF") == bad + bad);               // longer than need be
  CHECK(xml_text("\xE0\x9F\xBF") == bad + bad + bad);
  CHECK(xml_text("\xF0\x8F\xBF\xBF") == bad + bad + bad + bad);
  CHECK(xml_text("\xED\xA0\x80") == bad + bad + bad);                      // a surrogate
  CHECK(xml_text("\xEF\xBF\xBF") == bad + bad + bad);                      // U+FFFF
  CHECK(xml_text("\xF4\x90\x80\x80\xFF") == bad + bad + bad + bad + bad);  // beyond U+10FFFF
}
