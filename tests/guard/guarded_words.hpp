// SPDX-License-Identifier: BSL-1.0
/// Helpers of the guard tests: words of random codes, and flips of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <upset/format/concepts.hpp>

namespace upset::test {

/// SplitMix64 (Steele, Lea and Flood, 2014): a few lines, so that guards are tested without
/// core/random.hpp and its third party.
class SplitMix {
 public:
  explicit constexpr SplitMix(std::uint64_t seed) : state_(seed) {}
  constexpr std::uint64_t operator()() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// The codes of one word.
template <Format F>
using Codes = std::array<typename F::code_type, static_cast<std::size_t>(F::lanes)>;

template <Format F>
[[nodiscard]] constexpr Codes<F> random_codes(SplitMix& random) {
  Codes<F> codes{};
  for (auto& code : codes) {
    code = static_cast<typename F::code_type>(random() & low_mask<std::uint64_t>(F::width));
  }
  return codes;
}

template <Format F>
[[nodiscard]] constexpr typename F::Word store(const Codes<F>& codes) {
  return F::store(std::span<const typename F::code_type>(codes));
}

template <Format F>
struct Loaded {
  Check check{};
  Codes<F> codes{};
};

template <Format F>
[[nodiscard]] constexpr Loaded<F> load(const typename F::Word& word) {
  Loaded<F> result;
  result.codes.fill(static_cast<typename F::code_type>(low_mask<std::uint64_t>(F::width)));
  result.check = F::load(word, std::span<typename F::code_type>(result.codes));
  return result;
}

/// The codes of lanes without a guard, read bit by bit: independent of how guards unpack.
template <Format F>
[[nodiscard]] constexpr Codes<F> lanes_of(const typename F::Word& word) {
  Codes<F> codes{};
  for (int lane = 0; lane < F::lanes; ++lane) {
    for (int bit = 0; bit < F::width; ++bit) {
      if (test_bit(word, lane * F::lane_bits + bit)) {
        auto& code = codes[static_cast<std::size_t>(lane)];
        code = flip_bit(code, bit);
      }
    }
  }
  return codes;
}

/// Ones among the bits of the word that are memory.
template <Format F>
[[nodiscard]] constexpr int ones(const typename F::Word& word) {
  int count = 0;
  for (int bit = 0; bit < F::word_bits; ++bit) {
    count += test_bit(word, bit) ? 1 : 0;
  }
  return count;
}

}  // namespace upset::test
