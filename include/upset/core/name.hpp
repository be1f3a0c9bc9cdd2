// SPDX-License-Identifier: BSL-1.0
/// Names of types made at compile time, without `<string>`: "ParityGuarded<Mono<8>,64>".
#pragma once

#include <cstddef>
#include <string_view>

namespace upset {

/// A short constexpr string; appending past `capacity` fails to compile in a constant expression.
class Name {
 public:
  static constexpr std::size_t capacity = 95;

  constexpr Name(std::string_view text = {}) { append(text); }  // NOLINT: "text" is a name

  constexpr Name& append(std::string_view text) {
    for (const char c : text) {
      text_[size_++] = c;
    }
    return *this;
  }

  constexpr Name& append(int number) {
    if (number < 0) {
      append("-");
      number = -number;
    }
    if (number >= 10) {
      append(number / 10);
    }
    text_[size_++] = static_cast<char>('0' + number % 10);
    return *this;
  }

  [[nodiscard]] constexpr operator std::string_view() const { return {text_, size_}; }  // NOLINT
  [[nodiscard]] constexpr std::string_view view() const { return {text_, size_}; }
  [[nodiscard]] friend constexpr bool operator==(const Name& a, const Name& b) {
    return a.view() == b.view();
  }

 private:
  char text_[capacity + 1]{};
  std::size_t size_ = 0;
};

/// "Fixed" and {8, 4} give "Fixed<8,4>".
template <class... Parts>
[[nodiscard]] constexpr Name template_name(std::string_view base, const Parts&... parts) {
  Name name{base};
  name.append("<");
  bool first = true;
  const auto add = [&](const auto& part) {
    if (!first) {
      name.append(",");
    }
    first = false;
    name.append(part);
  };
  (add(parts), ...);
  return name.append(">");
}

}  // namespace upset
