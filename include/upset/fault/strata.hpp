// SPDX-License-Identifier: BSL-1.0
/// Parts of a fault space that are sampled each on its own.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/core/random.hpp>
#include <upset/fault/fault_space.hpp>
#include <upset/fault/sampling.hpp>

namespace upset {

// -- dividing

/// A part of a fault space, which numbers its bits from 0 by itself.
struct Stratum {
  std::string name;
  FaultSpace space;
};

/// What the bits of a stratum have in common.
enum class StratumOf : std::uint8_t {
  layer,      ///< "conv1"
  set,        ///< "conv1.kernel"
  bit,        ///< "bit 30", of the lane; "scale"
  role,       ///< "exponent"
  layer_bit,  ///< "conv1 bit 30"
  /// "clear bits", "set bits"; "scale". In `Mono` a flip does the same at every position, and what
  /// it does depends on the bit alone.
  value,
};

namespace detail {

/// `select(keep, wanted)` takes the part of a fault space for whose bits, as it describes them,
/// `keep` holds; `name_of` is the name of the stratum of a bit so described.
template <class NameOf, class Select>
[[nodiscard]] std::vector<Stratum> divide(const NameOf& name_of, const Select& select) {
  std::vector<std::string> names;
  const auto note = [&](const auto&... bit) {
    std::string name = name_of(bit...);
    if (std::ranges::find(names, name) == names.end()) {
      names.push_back(std::move(name));
    }
    return true;
  };
  (void)select(note, "to divide");
  std::vector<Stratum> all;
  for (const std::string& name : names) {
    const auto has_name = [&](const auto&... bit) { return name_of(bit...) == name; };
    all.push_back({name, select(has_name, name)});
  }
  return all;
}

}  // namespace detail

/// Divides a fault space: every bit is in one stratum, none is empty. In the order in which they
/// begin in memory.
///
/// - contents: images that hold the bits, as many and as large as those of the space, which may be
///             blank; read for `StratumOf::value` only
[[nodiscard]] inline std::vector<Stratum> strata(const FaultSpace& space, StratumOf by,
                                                 std::span<const NamedImage> contents) {
  if (by == StratumOf::value) {
    const auto class_of = [&](std::size_t image, std::uint64_t bit) -> std::string_view {
      const MemoryImage& held = *contents[image].image;
      return bit >= held.layout().code_bits() ? "scale"
             : held.test(bit)                 ? "set bits"
                                              : "clear bits";
    };
    return detail::divide(
        [&](std::size_t image, std::uint64_t bit) { return std::string(class_of(image, bit)); },
        [&](const auto& keep, const std::string& wanted) {
          return space.only_each_if(keep, wanted);
        });
  }
  const auto name_of = [by](std::string_view image, const BitLocation& at) {
    const std::string layer(image.substr(0, image.rfind('.')));
    const std::string bit = at.role == BitRole::scale ? "scale" : "bit " + std::to_string(at.bit);
    switch (by) {
      case StratumOf::layer:
        return layer;
      case StratumOf::set:
        return std::string(image);
      case StratumOf::bit:
        return bit;
      case StratumOf::role:
        return std::string(role_name(at.role));
      case StratumOf::layer_bit:
        return layer + " " + bit;
      case StratumOf::value:
        break;
    }
    return std::string();
  };
  return detail::divide(name_of, [&](const auto& keep, const std::string& wanted) {
    return space.only_if(keep, wanted);
  });
}
[[nodiscard]] inline std::vector<Stratum> strata(const FaultSpace& space, StratumOf by) {
  return strata(space, by, space.images());
}

/// Bits of each stratum.
[[nodiscard]] inline std::vector<std::uint64_t> sizes_of(std::span<const Stratum> strata) {
  std::vector<std::uint64_t> sizes;
  for (const Stratum& stratum : strata) {
    sizes.push_back(stratum.space.bit_count());
  }
  return sizes;
}

// -- allocating

/// Shares `count` draws out by `weights`, none above its size; the counts add up exactly. What a
/// full stratum cannot take, and all where no weight is left, is shared out among the others.
///
/// - errors: more draws than bits, or weights that are negative or not finite: `Error`
/// - source: largest remainder; of equal remainders the first
[[nodiscard]] inline std::vector<std::uint64_t> allocate(std::uint64_t count,
                                                         std::span<const std::uint64_t> sizes,
                                                         std::vector<double> weights) {
  if (weights.size() != sizes.size() ||
      !std::ranges::all_of(weights, [](double x) { return x >= 0 && std::isfinite(x); })) {
    throw Error("Strata are weighted by one finite number each that is not negative");
  }
  if (count > std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0})) {
    throw Error("There are fewer bits than the " + std::to_string(count) +
                " draws to share out among strata; ask for at most as many draws as bits");
  }
  std::vector<std::uint64_t> counts(sizes.size(), 0);
  std::vector<std::size_t> open(sizes.size());  // strata that are not full
  std::iota(open.begin(), open.end(), std::size_t{0});
  std::uint64_t left = count;
  std::vector<double> shares(sizes.size(), 0.0);
  for (bool settled = false; !settled;) {
    double sum = 0;
    for (const std::size_t h : open) {
      sum += weights[h];
    }
    if (sum == 0) {
      for (const std::size_t h : open) {
        weights[h] = static_cast<double>(sizes[h]);
        sum += weights[h];
      }
    }
    for (const std::size_t h : open) {
      shares[h] = static_cast<double>(left) * (weights[h] / sum);
    }
    const auto full = std::stable_partition(open.begin(), open.end(), [&](std::size_t h) {
      return shares[h] < static_cast<double>(sizes[h]);
    });
    for (auto h = full; h != open.end(); ++h) {
      counts[*h] = std::min(sizes[*h], left);
      left -= counts[*h];
    }
    settled = full == open.end();
    open.erase(full, open.end());
  }
  for (const std::size_t h : open) {
    counts[h] = std::min(static_cast<std::uint64_t>(shares[h]), left);
    left -= counts[h];
  }
  std::ranges::stable_sort(open, std::greater{},
                           [&](std::size_t h) { return shares[h] - std::floor(shares[h]); });
  for (std::size_t i = 0; left > 0; i = (i + 1) % open.size()) {
    const std::uint64_t more = counts[open[i]] < sizes[open[i]] ? 1 : 0;
    counts[open[i]] += more;
    left -= more;
  }
  return counts;
}

/// As many draws from each stratum as its share of the bits.
[[nodiscard]] inline std::vector<std::uint64_t> allocate_proportionally(
    std::uint64_t count, std::span<const std::uint64_t> sizes) {
  return allocate(count, sizes, {sizes.begin(), sizes.end()});
}

/// As many draws from each stratum.
[[nodiscard]] inline std::vector<std::uint64_t> allocate_equally(
    std::uint64_t count, std::span<const std::uint64_t> sizes) {
  return allocate(count, sizes, std::vector<double>(sizes.size(), 1.0));
}

/// The draws that make the variance of the estimate least, where `variances` are those of the
/// outcome within each stratum.
/// - source: Neyman 1934; Cochran, Sampling Techniques, 1977, equation 5.26
[[nodiscard]] inline std::vector<std::uint64_t> allocate_neyman(
    std::uint64_t count, std::span<const std::uint64_t> sizes, std::span<const double> variances) {
  std::vector<double> weights;
  for (std::size_t h = 0; h < variances.size() && h < sizes.size(); ++h) {
    weights.push_back(static_cast<double>(sizes[h]) * std::sqrt(variances[h]));
  }
  return allocate(count, sizes, std::move(weights));
}

// -- drawing

/// `count` different bits of a stratum, as ascending numbers of bits of `whole`, from stream
/// (seed, number). More draws, up to half of the stratum, hold fewer.
///
/// - errors: more draws than bits, or a stratum that is no part of `whole`: `Error`
/// - cost:   O(count * images of `whole`)
[[nodiscard]] inline std::vector<std::uint64_t> sample_stratum(const FaultSpace& whole,
                                                               const Stratum& stratum,
                                                               std::uint64_t count,
                                                               std::uint64_t seed,
                                                               std::uint64_t number) {
  Random random(seed, number);
  std::vector<std::uint64_t> sites = sample_exact(stratum.space, count, random);
  for (std::uint64_t& site : sites) {
    site = whole.index_of(stratum.space.site(site));
  }
  return sites;
}

}  // namespace upset
