// SPDX-License-Identifier: BSL-1.0
/// Counter-based randomness: what is drawn depends on (seed, stream, substream) and nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include <Random123/philox.h>

#include <upset/core/error.hpp>

namespace upset {

namespace detail {

/// - source: Salmon, Moraes, Dror and Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011
[[nodiscard]] inline std::array<std::uint32_t, 4> philox_block(std::uint64_t counter_low,
                                                               std::uint64_t counter_high,
                                                               std::uint64_t key) {
  const auto half = [](std::uint64_t x, int shift) {
    return static_cast<std::uint32_t>(x >> shift);
  };
  const r123::Philox4x32::ctr_type counter = {
      {half(counter_low, 0), half(counter_low, 32), half(counter_high, 0), half(counter_high, 32)}};
  const r123::Philox4x32::key_type keys = {{half(key, 0), half(key, 32)}};
  const auto block = r123::Philox4x32{}(counter, keys);
  return {block[0], block[1], block[2], block[3]};
}

// Products that feed a sum go through std::fma below: whether `a * b + c` is fused is the
// compiler's choice (GCC and Clang choose differently), what fma gives is not.

/// -log of the Poisson probability of `x` (a whole number) at `mean`, right to a few roundings:
/// neither x! of a large x nor a difference of large terms is formed.
/// - source: Loader, Fast and Accurate Computation of Binomial Probabilities, 2000
[[nodiscard]] inline double negative_log_poisson(double x, double mean) {
  constexpr std::array<double, 16> factorials = {
      1,     1,      2,       6,        24,        120,        720,         5040,
      40320, 362880, 3628800, 39916800, 479001600, 6227020800, 87178291200, 1307674368000};
  if (x < 16) {
    return std::fma(-x, std::log(mean), mean + std::log(factorials[static_cast<std::size_t>(x)]));
  }
  // deviance = x log(x / mean) + mean - x
  const double difference = x - mean;
  const double ratio = difference / (x + mean);
  double deviance = 0;
  if (std::abs(ratio) < 0.1) {
    const double square = ratio * ratio;
    double power = square;
    double series = 0;
    for (int odd = 3; odd < 40; odd += 2) {  // 0.1^39 / 40 is far below the last bit
      series += power / odd;
      power *= square;
    }
    deviance = std::fma(difference, ratio, 2 * x * ratio * series);
  } else {
    deviance = std::fma(x, std::log(x / mean), mean - x);
  }
  const double y = 1 / (x * x);
  double stirling = 1.0 / 1188;
  for (const double next : {-1.0 / 1680, 1.0 / 1260, -1.0 / 360, 1.0 / 12}) {
    stirling = std::fma(stirling, y, next);
  }
  return std::fma(0.5, std::log(6.283185307179586 * x), deviance) + stirling / x;
}

/// Successes among `n` trials of probability `p`, drawn by `rest`, uniform below 2^63.
///
/// Walks up the probabilities of 0, 1, 2, ... in units of 2^-63. They add up to 1 but for
/// roundings, so the walk ends at the latest where they reach 0, or at n.
[[nodiscard]] inline std::uint64_t few_successes(std::uint64_t rest, double n, double p) {
  const double odds = p / (1 - p);
  double probability = std::exp(n * std::log1p(-p));
  double successes = 0;
  while (successes < n) {
    const auto share = static_cast<std::uint64_t>(probability * 0x1p63);
    if (rest < share || share == 0) {
      break;
    }
    rest -= share;
    probability *= (n - successes) / (successes + 1) * odds;
    ++successes;
  }
  return static_cast<std::uint64_t>(successes);
}

}  // namespace detail

/// A stream of random numbers; a regular value of 48 bytes, whose copy draws the same numbers.
///
/// Streams of one seed never share a block: (stream, substream) passes through a Philox permutation
/// under the seed, which gives the key and half the counter of the stream's blocks; the other half
/// counts 2^64 blocks of four words. Making one costs one Philox block, about 10 ns.
///
/// - identical on every compiler: integers, correctly rounded operations and `std::fma`; `log` and
///   `exp` of the C library decide comparisons only, but scale `normal`
/// - source: Philox4x32-10 of Random123
/// - example: Random random(seed, trial); random.uniform_below(6)
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t substream = 0) {
    const auto mixed = detail::philox_block(stream, substream, seed);
    key_ = joined(mixed[0], mixed[1]);
    counter_high_ = joined(mixed[2], mixed[3]);
  }

  // -- bits
  [[nodiscard]] std::uint32_t next_u32() {
    if (left_ == 0) {
      words_ = detail::philox_block(blocks_++, counter_high_, key_);
      left_ = words_.size();
    }
    return words_[words_.size() - left_--];
  }
  [[nodiscard]] std::uint64_t next_u64() {
    const std::uint32_t low = next_u32();
    return joined(low, next_u32());
  }
  /// 32-bit words drawn so far.
  [[nodiscard]] std::uint64_t draws() const { return 4 * blocks_ - left_; }

  // -- uniform

  /// A multiple of 2^-53 in [0, 1).
  [[nodiscard]] double uniform_double() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

  /// A whole number in [0, n), all equally likely; n > 0. One word up to n = 2^32, else two, but
  /// for a rejection.
  /// - source: Lemire, Fast Random Integer Generation in an Interval, ACM TOMACS 29 (1), 2019
  [[nodiscard]] std::uint64_t uniform_below(std::uint64_t n) {
    constexpr std::uint64_t words = std::uint64_t{1} << 32;
    if (n <= words) {
      std::uint64_t product = std::uint64_t{next_u32()} * n;
      if (product % words < n) {
        for (const std::uint64_t least = words % n; product % words < least;) {
          product = std::uint64_t{next_u32()} * n;
        }
      }
      return product / words;
    }
    __extension__ using Product = unsigned __int128;
    Product product = static_cast<Product>(next_u64()) * n;
    if (static_cast<std::uint64_t>(product) < n) {
      const std::uint64_t least = (0 - n) % n;
      while (static_cast<std::uint64_t>(product) < least) {
        product = static_cast<Product>(next_u64()) * n;
      }
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

  /// Fills `numbers` with what as many calls of `uniform_below(n)` give, and leaves the stream as
  /// they do, in less than half of the time: blocks are computed side by side.
  void fill_below(std::uint64_t n, std::span<std::uint64_t> numbers) {
    constexpr std::size_t together = 8;  // blocks
    constexpr std::size_t most = 4 * together;
    const bool one_word = n <= std::uint64_t{1} << 32;
    const std::uint64_t least = one_word ? (std::uint64_t{1} << 32) % n : (0 - n) % n;
    std::size_t done = 0;
    while (done < numbers.size()) {
      if (left_ != 0 || numbers.size() - done < most) {
        numbers[done++] = uniform_below(n);
        continue;
      }
      std::array<std::array<std::uint32_t, 4>, together> blocks;
      for (std::size_t i = 0; i < together; ++i) {
        blocks[i] = detail::philox_block(blocks_ + i, counter_high_, key_);
      }
      blocks_ += together;
      words_ = blocks.back();
      for (const auto& block : blocks) {
        if (one_word) {
          for (const std::uint32_t word : block) {
            const std::uint64_t product = word * n;
            numbers[done] = product >> 32;
            done += static_cast<std::uint32_t>(product) >= least ? 1U : 0U;  // else rejected
          }
        } else {
          __extension__ using Product = unsigned __int128;
          for (std::size_t i = 0; i < 4; i += 2) {
            const Product product = static_cast<Product>(joined(block[i], block[i + 1])) * n;
            numbers[done] = static_cast<std::uint64_t>(product >> 64);
            done += static_cast<std::uint64_t>(product) >= least ? 1U : 0U;
          }
        }
      }
    }
  }

  /// Puts `items` into a random order, all orders equally likely.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[uniform_below(left)]);
    }
  }

  // -- other distributions

  /// Standard normal. Marsaglia's polar method; 1.27 pairs of uniforms on average.
  [[nodiscard]] double normal() {
    while (true) {
      const double a = std::fma(2.0, uniform_double(), -1.0);
      const double b = std::fma(2.0, uniform_double(), -1.0);
      const double square = std::fma(a, a, b * b);
      if (0 < square && square < 1) {
        return a * std::sqrt(-2 * std::log(square) / square);
      }
    }
  }

  /// Successes among n <= 2^53 trials of probability p in [0, 1]; throws `Error` otherwise.
  ///
  /// - errors: no approximation; probabilities are right to about 1e-15, to 1e-9 at n = 2^40
  /// - cost:   O(1): about 2 n p steps up to n p = 10, then 1.2 rounds of rejection on average
  /// - source: inversion; Hörmann, The Generation of Binomial Random Variates, Journal of
  ///           Statistical Computation and Simulation 46, 1993, algorithm BTRS
  [[nodiscard]] std::uint64_t binomial(std::uint64_t n, double p);

  [[nodiscard]] friend bool operator==(const Random&, const Random&) = default;

 private:
  [[nodiscard]] static std::uint64_t joined(std::uint32_t low, std::uint32_t high) {
    return low | std::uint64_t{high} << 32;
  }
  [[nodiscard]] std::uint64_t many_successes(double n, double p);

  std::uint64_t key_ = 0;
  std::uint64_t counter_high_ = 0;
  std::uint64_t blocks_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t left_ = 0;
};

inline std::uint64_t Random::binomial(std::uint64_t n, double p) {
  if (!(p >= 0 && p <= 1)) {
    throw Error("A binomial count needs a probability in [0, 1], not " + std::to_string(p));
  }
  if (n > std::uint64_t{1} << 53) {
    throw Error("A binomial count takes at most 2^53 trials, not " + std::to_string(n));
  }
  if (p > 0.5) {
    return n - binomial(n, 1 - p);  // 1 - p is exact
  }
  const auto trials = static_cast<double>(n);
  if (n == 0 || p == 0) {
    return 0;
  }
  return trials * p < 10 ? detail::few_successes(next_u64() >> 1, trials, p)
                         : many_successes(trials, p);
}

// Rejection from the table mountain of BTRS: u is taken to a number of successes, and v decides
// whether it stays; the constants make the mountain dominate for n p >= 10 and p <= 1/2.
inline std::uint64_t Random::many_successes(double n, double p) {
  const double mean = n * p;
  const double mean_failures = n * (1 - p);
  const double deviation = std::sqrt(mean * (1 - p));
  const double b = std::fma(2.53, deviation, 1.15);
  const double a = std::fma(0.0248, b, std::fma(0.01, p, -0.0873));
  const double at_once = 0.92 - 4.2 / b;  // below this v, away from the tails, any u stays
  const double alpha = (2.83 + 5.1 / b) * deviation;
  const auto minus_log = [&](double k) {
    return detail::negative_log_poisson(k, mean) +
           detail::negative_log_poisson(n - k, mean_failures);
  };
  const double mode = std::floor((n + 1) * p);
  while (true) {
    const double u = uniform_double() - 0.5;
    const double v = 1 - uniform_double();  // never 0
    const double edge = 0.5 - std::abs(u);
    const double k = std::floor(std::fma(2 * a / edge + b, u, std::fma(n, p, 0.5)));
    if (edge >= 0.07 && v <= at_once) {
      return static_cast<std::uint64_t>(k);
    }
    if (k >= 0 && k <= n &&
        std::log(v * alpha / (a / (edge * edge) + b)) <= minus_log(mode) - minus_log(k)) {
      return static_cast<std::uint64_t>(k);
    }
  }
}

}  // namespace upset
