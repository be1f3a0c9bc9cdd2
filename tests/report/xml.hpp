// SPDX-License-Identifier: BSL-1.0
/// Reads just enough of XML and HTML to see that a document is well formed.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace upset_test {

struct Element {
  std::string tag;
  std::map<std::string, std::string> attributes;
  std::string text;  ///< directly inside, up to the first child
};

/// Elements in document order; `error` says what is wrong, empty when nothing is. Elements named in
/// `empty_tags` (HTML's void elements) have no end tag.
struct Document {
  std::vector<Element> elements;
  std::string error;

  explicit Document(std::string_view text, const std::vector<std::string>& empty_tags = {}) {
    std::vector<std::size_t> open;
    std::size_t at = 0;
    const auto is_empty_tag = [&](const std::string& tag) {
      for (const std::string& empty : empty_tags) {
        if (tag == empty) {
          return true;
        }
      }
      return false;
    };
    while (at < text.size() && error.empty()) {
      if (text[at] != '<') {
        const std::size_t next = text.find('<', at);
        const std::string_view words = text.substr(at, next - at);
        if (!open.empty() && elements.back().text.empty() && open.back() + 1 == elements.size()) {
          elements.back().text = words;
        }
        check_references(words);
        at = next == std::string_view::npos ? text.size() : next;
        continue;
      }
      const std::size_t end = text.find('>', at);
      if (end == std::string_view::npos) {
        error = "a tag does not end";
        return;
      }
      std::string inside(text.substr(at + 1, end - at - 1));
      at = end + 1;
      if (inside.starts_with("?") || inside.starts_with("!")) {
        continue;
      }
      if (inside.starts_with("/")) {
        const std::string tag = inside.substr(1);
        if (open.empty() || elements[open.back()].tag != tag) {
          error = "</" + tag + "> ends nothing";
          return;
        }
        open.pop_back();
        continue;
      }
      const bool closed = inside.ends_with("/");
      if (closed) {
        inside.pop_back();
      }
      elements.push_back(read_tag(inside));
      if (!closed && !is_empty_tag(elements.back().tag)) {
        open.push_back(elements.size() - 1);
        if (elements.back().tag == "style") {  // holds no markup
          at = text.find("</style>", at);
        }
      }
    }
    if (error.empty() && !open.empty()) {
      error = "<" + elements[open.back()].tag + "> does not end";
    }
  }

  [[nodiscard]] std::vector<Element> all(std::string_view tag) const {
    std::vector<Element> found;
    for (const Element& element : elements) {
      if (element.tag == tag) {
        found.push_back(element);
      }
    }
    return found;
  }

 private:
  void check_references(std::string_view words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == '&' && words.find(';', i) - i > 8) {
        error = "an & stands bare in: " + std::string(words);
      }
    }
  }
  Element read_tag(const std::string& inside) {
    Element element;
    constexpr std::string_view blank = " \t\r\n";
    std::size_t at = inside.find_first_of(blank);
    element.tag = inside.substr(0, at);
    while ((at = inside.find_first_not_of(blank, at)) != std::string::npos) {
      const std::size_t equals = inside.find('=', at);
      if (equals == std::string::npos) {
        error = "an attribute has no value in <" + inside + ">";
        break;
      }
      const std::size_t open = inside.find_first_not_of(blank, equals + 1);
      const char quote = open == std::string::npos ? ' ' : inside[open];
      const std::size_t close = inside.find(quote, open + 1);
      if ((quote != '"' && quote != '\'') || close == std::string::npos) {
        error = "an attribute is not quoted in <" + inside + ">";
        break;
      }
      const std::size_t name_end = inside.find_last_not_of(blank, equals - 1) + 1;
      element.attributes[inside.substr(at, name_end - at)] =
          inside.substr(open + 1, close - open - 1);
      at = close + 1;
    }
    return element;
  }
};

}  // namespace upset_test
