// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <upset/core/transform.hpp>

namespace {

// Few values by all of the steps that are taken, many in several parts.
template <class To, class From, class Function>
void check_transform(Function function) {
  CAPTURE(sizeof(To));
  for (std::size_t count = 0; count < 9000; count += count < 200 ? 1 : 499) {
    std::vector<From> from(count);
    for (std::size_t i = 0; i < count; ++i) {
      from[i] = static_cast<From>(i * 2654435761U);
    }
    constexpr To untouched = 42;
    std::vector<To> to(count + 1, untouched);
    upset::detail::transform(from.data(), count, to.data(), function);
    std::size_t wrong = to[count] == untouched ? 0U : 1U;
    for (std::size_t i = 0; i < count; ++i) {
      wrong += to[i] == static_cast<To>(function(from[i])) ? 0U : 1U;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("transform: as one element at a time, at every length and width") {
  const auto plus_third = [](std::uint32_t x) { return x + x / 3; };
  check_transform<std::uint8_t, std::uint32_t>(plus_third);
  check_transform<std::uint16_t, std::uint32_t>(plus_third);
  check_transform<std::uint32_t, std::uint32_t>(plus_third);
  check_transform<std::uint64_t, std::uint32_t>(plus_third);
  check_transform<std::uint8_t, std::uint16_t>([](std::uint16_t x) { return x >> 3; });
  check_transform<float, float>([](float x) { return x * 0.5F; });
}

// Wrong of every number that a prime divides, and says so.
struct Doubtful {
  std::uint32_t prime;

  [[nodiscard]] std::uint32_t operator()(std::uint32_t x) const { return x / 3; }
  [[nodiscard]] upset::detail::Guess guess(std::uint32_t x) const {
    return x % prime == 0 ? upset::detail::Guess{~(x / 3), 7} : upset::detail::Guess{x / 3, 6};
  }
  [[nodiscard]] static std::int32_t error_limit() { return 7; }
};

TEST_CASE("transform: guesses that may be wrong are not taken") {
  for (const std::uint32_t prime : {2U, 7U, 61U, 151U, 2003U}) {
    check_transform<std::uint8_t, std::uint32_t>(Doubtful{prime});
    check_transform<std::uint16_t, std::uint32_t>(Doubtful{prime});
    check_transform<std::uint32_t, std::uint32_t>(Doubtful{prime});
  }
}

TEST_CASE("transform: narrow keeps the low bits") {
  std::vector<std::uint32_t> words(64);
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = static_cast<std::uint32_t>(i * 0x9E3779B9U);
  }
  std::vector<std::uint8_t> bytes(words.size());
  std::vector<std::uint16_t> shorts(words.size());
  upset::detail::narrow(words.data(), bytes.data(), words.size());
  upset::detail::narrow(words.data(), shorts.data(), words.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    wrong += bytes[i] == words[i] % 256 ? 0U : 1U;
    wrong += shorts[i] == words[i] % 65536 ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

}  // namespace
