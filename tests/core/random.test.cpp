// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "support/draws.hpp"
#include <doctest/doctest.h>

#include <upset/core/random.hpp>

using namespace upset;

namespace {

using Block = std::array<std::uint32_t, 4>;

/// Philox4x32-10 written from the paper's figure, without Random123: the oracle.
Block philox_by_hand(Block counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

std::uint64_t joined(std::uint32_t low, std::uint32_t high) {
  return low | std::uint64_t{high} << 32;
}

/// Chi-square of observed against expected counts, neighbouring cells joined until 5 are expected;
/// as a deviate that is standard normal for many cells (Wilson and Hilferty 1931).
double chi_square_deviate(const std::vector<double>& observed,
                          const std::vector<double>& expected) {
  double sum = 0;
  int cells = 0;
  double seen = 0;
  double due = 0;
  double left = std::accumulate(expected.begin(), expected.end(), 0.0);
  for (std::size_t i = 0; i < observed.size(); ++i) {
    seen += observed[i];
    due += expected[i];
    left -= expected[i];
    if (due >= 5 && left >= 5) {
      sum += (seen - due) * (seen - due) / due;
      ++cells;
      seen = 0;
      due = 0;
    }
  }
  if (due > 0) {
    sum += (seen - due) * (seen - due) / due;
    ++cells;
  }
  const double freedom = cells - 1;
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(sum / freedom) - (1 - spread)) / std::sqrt(spread);
}

/// Binomial probabilities by the textbook recurrence in long double, from the mode outwards.
std::vector<double> binomial_probabilities(int n, double p) {
  std::vector<long double> weights(static_cast<std::size_t>(n) + 1);
  const long double odds = static_cast<long double>(p) / (1 - static_cast<long double>(p));
  const int mode = static_cast<int>(static_cast<double>(n + 1) * p);
  weights[static_cast<std::size_t>(mode)] = 1;
  for (int k = mode; k < n; ++k) {
    weights[static_cast<std::size_t>(k) + 1] =
        weights[static_cast<std::size_t>(k)] * static_cast<long double>(n - k) / (k + 1) * odds;
  }
  for (int k = mode; k > 0; --k) {
    weights[static_cast<std::size_t>(k) - 1] =
        weights[static_cast<std::size_t>(k)] * k / static_cast<long double>(n - k + 1) / odds;
  }
  const long double total = std::accumulate(weights.begin(), weights.end(), 0.0L);
  std::vector<double> result;
  for (const long double weight : weights) {
    result.push_back(static_cast<double>(weight / total));
  }
  return result;
}

}  // namespace

TEST_CASE("Random: Philox4x32-10 gives the known answers of Random123") {
  // kat_vectors of the Random123 distribution; the last from the digits of pi
  CHECK(detail::philox_block(0, 0, 0) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint64_t ones = std::numeric_limits<std::uint64_t>::max();
  CHECK(detail::philox_block(ones, ones, ones) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(detail::philox_block(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Random: a stream is Philox under a key that (seed, stream, substream) gives") {
  constexpr std::uint64_t seed = 0x0123456789abcdef;
  constexpr std::uint64_t stream = 0xfedcba9876543210;
  constexpr std::uint64_t substream = 0x0f1e2d3c4b5a6978;
  const Block mixed =
      philox_by_hand({0x76543210, 0xfedcba98, 0x4b5a6978, 0x0f1e2d3c}, {0x89abcdef, 0x01234567});
  Random random(seed, stream, substream);
  for (std::uint32_t block = 0; block < 5; ++block) {
    const Block expected = philox_by_hand({block, 0, mixed[2], mixed[3]}, {mixed[0], mixed[1]});
    for (const std::uint32_t word : expected) {
      CHECK(random.next_u32() == word);
    }
  }
  CHECK(random.draws() == 20);
}

TEST_CASE("Random: the same key draws the same, any other key something else") {
  const auto first = [](std::uint64_t seed, std::uint64_t stream, std::uint64_t substream) {
    return Random(seed, stream, substream).next_u64();
  };
  CHECK(first(1, 2, 3) == first(1, 2, 3));
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t stream = 0; stream < 10; ++stream) {
      for (std::uint64_t substream = 0; substream < 10; ++substream) {
        seen.insert(first(seed, stream, substream));
      }
    }
  }
  CHECK(seen.size() == 1000);

  Random random(7);
  (void)random.next_u32();
  Random copy = random;
  CHECK(copy == random);
  CHECK(copy.next_u64() == random.next_u64());
  (void)copy.next_u32();
  CHECK(!(copy == random));
}

TEST_CASE("Random: 64 bits are two words, low first") {
  Random words(3, 1);
  Random longs(3, 1);
  for (int i = 0; i < 7; ++i) {
    const std::uint32_t low = words.next_u32();
    CHECK(longs.next_u64() == joined(low, words.next_u32()));
  }
  CHECK(words.draws() == 14);
  CHECK(longs.draws() == 14);
}

// Both compilers must draw these, and every later version: recorded results depend on them. Going
// red is right only when the numbering of streams is changed on purpose.
TEST_CASE("Random: every distribution draws what it always drew") {
  Random random(20240229, 5, 11);
  CHECK(random.next_u64() == 14150961566102502901U);
  CHECK(random.uniform_double() == 0x1.8b62f4f687b21p-1);
  CHECK(random.uniform_below(1000) == 946);
  CHECK(random.uniform_below(std::uint64_t{1} << 40) == 13360220170);
  CHECK(random.normal() == doctest::Approx(0.19941095064119216).epsilon(1e-14));
  CHECK(random.next_u64() == 7621517819488979703U);
  CHECK(random.binomial(1000000, 1e-6) == 1);
  CHECK(random.binomial(1000000, 1e-3) == 1043);
  CHECK(random.binomial(std::uint64_t{1} << 40, 0.3) == 329853427799);
  CHECK(random.binomial(5000000000, 0.9) == 4499973281);
}

TEST_CASE("Random: uniform_below stays below and is uniform") {
  for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3},
                                std::uint64_t{10}, std::uint64_t{97}, std::uint64_t{1000}}) {
    Random random(42, n);
    std::vector<double> seen(n, 0.0);
    constexpr int count = 200000;
    int beyond = 0;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t x = random.uniform_below(n);
      beyond += x < n ? 0 : 1;
      seen[std::min(x, n - 1)] += 1;
    }
    CHECK(beyond == 0);
    if (n > 1) {
      const std::vector<double> expected(n, count / static_cast<double>(n));
      CHECK(std::abs(chi_square_deviate(seen, expected)) < 4);
    }
  }
}

TEST_CASE("Random: uniform_below is unbiased where the modulus is") {
  // n = 3 * 2^30 (3 * 2^62): scaled words without rejection would favour every third value
  for (const int shift : {30, 62}) {
    const std::uint64_t n = std::uint64_t{3} << shift;
    Random random(1, static_cast<std::uint64_t>(shift));
    std::vector<double> seen(3, 0.0);
    constexpr int count = 300000;
    int beyond = 0;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t x = random.uniform_below(n);
      beyond += x < n ? 0 : 1;
      seen[x % 3] += 1;
    }
    CHECK(beyond == 0);
    CHECK(std::abs(chi_square_deviate(seen, {count / 3.0, count / 3.0, count / 3.0})) < 4);
  }
}

TEST_CASE("Random: uniform_below takes every power of two from the top of its words") {
  Random random(9);
  Random words(9);
  CHECK(random.uniform_below(std::uint64_t{1} << 32) == words.next_u32());
  CHECK(random.uniform_below(256) == words.next_u32() >> 24);
  CHECK(random.uniform_below(std::uint64_t{1} << 60) == words.next_u64() >> 4);
  CHECK(random.uniform_below(1) == 0);
}

TEST_CASE("Random: uniform_double covers [0, 1) evenly") {
  Random random(4);
  std::vector<double> seen(100, 0.0);
  constexpr int count = 200000;
  int beyond = 0;
  for (int i = 0; i < count; ++i) {
    const double x = random.uniform_double();
    beyond += 0 <= x && x < 1 ? 0 : 1;
    seen[std::min(std::size_t{99}, static_cast<std::size_t>(100 * x))] += 1;
  }
  CHECK(beyond == 0);
  CHECK(std::abs(chi_square_deviate(seen, std::vector<double>(100, count / 100.0))) < 4);
}

TEST_CASE("Random: normal has the normal distribution") {
  Random random(6);
  constexpr int count = 400000;
  std::vector<double> seen(80, 0.0);  // cells of 0.1 from -4 to 4
  std::vector<double> expected(80, 0.0);
  const auto below = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  for (std::size_t cell = 0; cell < 80; ++cell) {
    const double left = -4 + 0.1 * static_cast<double>(cell);
    expected[cell] = count * (below(left + 0.1) - below(left));
  }
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    if (-4 <= x && x < 4) {
      seen[std::min(std::size_t{79}, static_cast<std::size_t>((x + 4) * 10))] += 1;
    }
  }
  CHECK(std::abs(chi_square_deviate(seen, expected)) < 4);
  CHECK(std::abs(sum) < 4 * std::sqrt(count));
  CHECK(std::abs(squares - count) < 4 * std::sqrt(2.0 * count));
}

TEST_CASE("Random: no draw makes more successes than there are trials") {
  // the probabilities of 0 to n add up to a little less than 1: the greatest word lies beyond
  constexpr std::uint64_t greatest = ~std::uint64_t{0} >> 1;
  for (std::uint64_t n = 1; n <= 20; ++n) {
    for (const double p : {0.5, 0.4999, 0.3, 0.25, 0.1, 0.01}) {
      CAPTURE(n);
      CAPTURE(p);
      CHECK(detail::few_successes(greatest, static_cast<double>(n), p) <= n);
    }
  }
  CHECK(detail::few_successes(0, 20, 0.3) == 0);
  CHECK(detail::few_successes(greatest, 4, 0.4999) == 4);
}

TEST_CASE("Random: binomial counts have the binomial distribution") {
  struct Case {
    int n;
    double p;
  };
  // both methods, both sides of n p = 10, both sides of p = 1/2
  for (const auto& each :
       {Case{1, 0.5}, Case{5, 0.3}, Case{20, 0.499}, Case{20, 0.5}, Case{20, 0.7},
        Case{1000, 0.001}, Case{1000, 0.00999}, Case{1000, 0.01}, Case{1000, 0.011}, Case{100, 0.2},
        Case{100, 0.95}, Case{100000, 0.0004}, Case{3000, 0.5}, Case{100000, 0.999}}) {
    const int n = each.n;
    const double p = each.p;
    CAPTURE(n);
    CAPTURE(p);
    Random random(77, static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(1e6 * p));
    std::vector<double> expected = binomial_probabilities(n, p);
    std::vector<double> seen(expected.size(), 0.0);
    constexpr auto count = static_cast<int>(test::draws(400000, 50000));
    int beyond = 0;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t k = random.binomial(static_cast<std::uint64_t>(n), p);
      beyond += k <= static_cast<std::uint64_t>(n) ? 0 : 1;
      seen[std::min(k, static_cast<std::uint64_t>(n))] += 1;
    }
    CHECK(beyond == 0);
    for (double& probability : expected) {
      probability *= count;
    }
    if (n > 1) {
      CHECK(std::abs(chi_square_deviate(seen, expected)) < 4);
    } else {
      CHECK(std::abs(seen[1] - count * p) < 4 * std::sqrt(count * p * (1 - p)));
    }
  }
}

TEST_CASE("Random: binomial counts of 2^40 trials are normal in the limit") {
  const std::uint64_t n = std::uint64_t{1} << 40;
  for (const double p : {1e-11, 1e-6, 0.01, 0.3, 0.7}) {
    CAPTURE(p);
    Random random(78, static_cast<std::uint64_t>(1e12 * p));
    const double mean = static_cast<double>(n) * p;
    const double deviation = std::sqrt(mean * (1 - p));
    constexpr int count = 100000;
    double sum = 0;
    double squares = 0;
    int below = 0;
    for (int i = 0; i < count; ++i) {
      const double z = (static_cast<double>(random.binomial(n, p)) - mean) / deviation;
      sum += z;
      squares += z * z;
      below += z < -1 ? 1 : 0;
    }
    CHECK(std::abs(sum) < 4 * std::sqrt(count));
    // the fourth moment of a binomial: 3 + (1 - 6 p q) / (n p q)
    const double fourth = 3 + (1 - 6 * p * (1 - p)) / (deviation * deviation);
    CHECK(std::abs(squares - count) < 4 * std::sqrt(count * (fourth - 1)));
    if (deviation > 1000) {
      constexpr double share = 0.15865525393145707;
      CHECK(std::abs(below - count * share) < 4 * std::sqrt(count * share * (1 - share)));
    }
  }
}

TEST_CASE("Random: binomial at its ends, and what it refuses") {
  Random random(1);
  CHECK(random.binomial(0, 0.5) == 0);
  CHECK(random.binomial(1000, 0.0) == 0);
  CHECK(random.binomial(1000, 1.0) == 1000);
  CHECK(random.binomial(std::uint64_t{1} << 53, 0.0) == 0);
  CHECK(random.draws() == 0);
  CHECK(random.binomial(1000, 1e-300) == 0);
  CHECK(random.binomial(std::uint64_t{1} << 53, 0x1p-60) == 0);
  CHECK_THROWS_AS((void)random.binomial(10, -0.1), Error);
  CHECK_THROWS_AS((void)random.binomial(10, 1.1), Error);
  CHECK_THROWS_AS((void)random.binomial(10, std::numeric_limits<double>::quiet_NaN()), Error);
  CHECK_THROWS_AS((void)random.binomial((std::uint64_t{1} << 53) + 1, 0.5), Error);
}

TEST_CASE("Random: -log of a Poisson probability agrees with lgamma in long double") {
  double worst = 0;
  for (const double mean : {0.3, 10.0, 15.7, 200.0, 1e5}) {
    for (double x = 0; x < 3 * mean + 40; x += std::max(1.0, std::floor(mean / 50))) {
      const auto wide = static_cast<long double>(x);
      const long double expected = static_cast<long double>(mean) + std::lgamma(wide + 1) -
                                   wide * std::log(static_cast<long double>(mean));
      const double off = std::abs(static_cast<double>(
          static_cast<long double>(detail::negative_log_poisson(x, mean)) - expected));
      // a few roundings of the result, or of the terms it is the sum of; and those of lgamma
      const double logarithm = std::log(x < 16 ? mean : x / mean);
      const double terms = mean + x * (1 + std::abs(logarithm));
      // the deviance of an x near the mean is a series, without terms to cancel
      const bool near = x >= 16 && std::abs(x - mean) < 0.1 * (x + mean);
      const double size = 1 + static_cast<double>(expected) + (near ? 0.0 : terms);
      const double oracle = 0x1p-60 * (x + 1) * std::log(x + mean + 3);
      worst = std::max(worst, off / (8 * 0x1p-53 * size + oracle));
    }
  }
  CHECK(worst < 1);
}

TEST_CASE("Random: a shuffle is a permutation, all of them equally often") {
  Random random(31);
  std::vector<double> seen(24, 0.0);
  constexpr int count = 48000;
  int not_permuted = 0;
  for (int i = 0; i < count; ++i) {
    std::array<int, 4> items{0, 1, 2, 3};
    random.shuffle(std::span<int>(items));
    std::size_t rank = 0;
    for (std::size_t a = 0; a < 4; ++a) {
      std::size_t smaller = 0;
      for (std::size_t b = a + 1; b < 4; ++b) {
        smaller += items[b] < items[a] ? 1U : 0U;
      }
      rank = rank * (4 - a) + smaller;
    }
    std::sort(items.begin(), items.end());
    not_permuted += items == std::array<int, 4>{0, 1, 2, 3} ? 0 : 1;
    seen[rank] += 1;
  }
  CHECK(not_permuted == 0);
  CHECK(std::abs(chi_square_deviate(seen, std::vector<double>(24, count / 24.0))) < 4);
}

TEST_CASE("Random: numbers below n drawn at once are those drawn one by one") {
  // no rejection; nearly half of the words rejected, of one word and of two
  for (const std::uint64_t n :
       {std::uint64_t{1}, std::uint64_t{6}, std::uint64_t{1} << 32, (std::uint64_t{1} << 31) + 1,
        (std::uint64_t{1} << 33) + 1, (std::uint64_t{1} << 63) + 1}) {
    for (const std::size_t count : {0U, 1U, 31U, 32U, 33U, 1000U}) {
      for (const int before : {0, 1, 2}) {  // words of a block already drawn
        CAPTURE(n);
        CAPTURE(count);
        CAPTURE(before);
        Random one_by_one(5, n, count);
        for (int i = 0; i < before; ++i) {
          (void)one_by_one.next_u32();
        }
        Random at_once = one_by_one;
        std::vector<std::uint64_t> expected(count);
        for (std::uint64_t& number : expected) {
          number = one_by_one.uniform_below(n);
        }
        std::vector<std::uint64_t> numbers(count);
        at_once.fill_below(n, numbers);
        CHECK(numbers == expected);
        CHECK(at_once == one_by_one);
      }
    }
  }
}
