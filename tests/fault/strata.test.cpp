// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "fault/memories.hpp"
#include <doctest/doctest.h>

#include <upset/fault/blank_image.hpp>
#include <upset/fault/strata.hpp>

using namespace upset;
using namespace upset::test;

namespace {

using Counts = std::vector<std::uint64_t>;

std::vector<std::string> names_of(const std::vector<Stratum>& all) {
  std::vector<std::string> names;
  for (const Stratum& each : all) {
    names.push_back(each.name);
  }
  return names;
}

std::uint64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("strata: every bit is in one, by the name it has") {
  const Memories memories = mixed_memories();
  for (const FaultSpace& space : {memories.space(), memories.space().only_bits({0, 3, 31, 33})}) {
    for (const StratumOf by : {StratumOf::layer, StratumOf::set, StratumOf::bit, StratumOf::role,
                               StratumOf::layer_bit}) {
      std::set<std::uint64_t> seen;
      int wrong = 0;
      for (const Stratum& stratum : strata(space, by)) {
        for (std::uint64_t i = 0; i < stratum.space.bit_count(); ++i) {
          const Site site = stratum.space.site(i);
          const std::string& image = space.images()[site.set].name;
          const std::string layer = image.substr(0, image.find('.'));
          const std::string bit =
              site.role == BitRole::scale ? "scale" : "bit " + std::to_string(site.bit);
          const std::array<std::string, 5> name{
              layer, image, bit, std::string(role_name(site.role)), layer + " " + bit};
          wrong += stratum.name == name[static_cast<std::size_t>(by)] ? 0 : 1;
          wrong += seen.insert(space.index_of(site)).second ? 0 : 1;
        }
      }
      CHECK(wrong == 0);
      CHECK(seen.size() == space.bit_count());
    }
  }
}

TEST_CASE("strata: by value, every bit is with those that hold the same") {
  Memories memories = mixed_memories();
  const FaultSpace all = memories.space();
  for (std::uint64_t bit = 0; bit < all.bit_count(); bit += 5) {
    all.place(bit).image->flip(all.place(bit).bit);
  }
  for (const FaultSpace& space : {all, all.only_bits({0, 3, 31, 33})}) {
    std::set<std::uint64_t> seen;
    std::set<std::string> names;
    int wrong = 0;
    for (const Stratum& stratum : strata(space, StratumOf::value)) {
      names.insert(stratum.name);
      for (std::uint64_t i = 0; i < stratum.space.bit_count(); ++i) {
        const FaultSpace::Place at = stratum.space.place(i);
        const Site site = stratum.space.site(i);
        const std::string name = site.role == BitRole::scale ? "scale"
                                 : at.image->test(at.bit)    ? "set bits"
                                                             : "clear bits";
        wrong += stratum.name == name ? 0 : 1;
        wrong += stratum.space.index_of(site) == i ? 0 : 1;
        wrong += seen.insert(space.index_of(site)).second ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
    CHECK(seen.size() == space.bit_count());
    CHECK(names.contains("set bits"));
    CHECK(names.contains("clear bits"));
    CHECK(names.contains("scale") == (space.bit_count() == all.bit_count()));
  }
}

TEST_CASE("strata: by value, of blank images with what others hold") {
  Memory<Fixed<8, 6>> kernel(std::vector<float>{0.0F, 0.75F, -1.0F / 64}, {{}});
  BlankImage blank(kernel);
  const FaultSpace space({{"kernel", &blank}});
  const std::vector<NamedImage> contents{{"kernel", &kernel}};
  const std::vector<Stratum> all = strata(space, StratumOf::value, contents);
  CHECK(names_of(all) == std::vector<std::string>{"clear bits", "set bits"});
  CHECK(sizes_of(all) == Counts{14, 10});  // 0, 48, 255
  CHECK(all[1].space.site(0).element == 1);
  CHECK(all[1].space.site(0).bit == 4);
  CHECK_THROWS_AS((void)strata(space, StratumOf::value), Error);  // nothing to be read
}

TEST_CASE("strata: a layer called as the end of another one's name is its own") {
  Memories memories;
  memories.add<Fixed<8, 6>>("conv1.kernel", 3);
  memories.add<Fixed<8, 6>>("layer1.0.conv1.kernel", 5);
  const FaultSpace space = memories.space();
  CHECK(sizes_of(strata(space, StratumOf::set)) == Counts{24, 40});
  CHECK(sizes_of(strata(space, StratumOf::layer)) == Counts{24, 40});
  CHECK(names_of(strata(space, StratumOf::layer)) ==
        std::vector<std::string>{"conv1", "layer1.0.conv1"});
  CHECK(names_of(strata(space.only_bits({7, 2}), StratumOf::layer_bit)) ==
        std::vector<std::string>{"conv1 bit 2", "conv1 bit 7", "layer1.0.conv1 bit 2",
                                 "layer1.0.conv1 bit 7"});
}

TEST_CASE("allocate: by hand") {
  const Counts sizes{50, 30, 20};
  CHECK(allocate_proportionally(10, sizes) == Counts{5, 3, 2});
  CHECK(allocate_proportionally(7, sizes) == Counts{4, 2, 1});  // 3.5, 2.1, 1.4
  CHECK(allocate_equally(10, sizes) == Counts{4, 3, 3});
  CHECK(allocate_equally(90, sizes) == Counts{40, 30, 20});  // two are full
  CHECK(allocate_equally(100, sizes) == sizes);
  CHECK(allocate_equally(0, sizes) == Counts{0, 0, 0});
  // 50 * 1 : 30 * 0 : 20 * 5
  CHECK(allocate_neyman(15, sizes, std::vector<double>{1, 0, 25}) == Counts{5, 0, 10});
  CHECK(allocate_neyman(75, sizes, std::vector<double>{1, 0, 25}) == Counts{50, 5, 20});
  CHECK(allocate_neyman(10, sizes, std::vector<double>{0, 0, 0}) == Counts{5, 3, 2});
  CHECK(allocate(10, Counts{3, 0, 20}, {1, 1, 0}) == Counts{3, 0, 7});
}

TEST_CASE("allocate: adds up, stays within the sizes and within one of the share") {
  Random random(31);
  int wrong = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    Counts sizes;
    std::vector<double> variances;
    const std::uint64_t strata_count = 1 + random.uniform_below(12);
    for (std::uint64_t h = 0; h < strata_count; ++h) {
      sizes.push_back(random.uniform_below(random.uniform_below(2) == 0 ? 5 : 1'000'000));
      variances.push_back(random.uniform_below(3) == 0 ? 0 : random.uniform_double());
    }
    const std::uint64_t all = sum(sizes);
    const std::uint64_t count = random.uniform_below(all + 1);
    for (const Counts& counts :
         {allocate_proportionally(count, sizes), allocate_equally(count, sizes),
          allocate_neyman(count, sizes, variances)}) {
      wrong += sum(counts) == count ? 0 : 1;
      for (std::size_t h = 0; h < sizes.size(); ++h) {
        wrong += counts[h] <= sizes[h] ? 0 : 1;
      }
    }
    const Counts counts = allocate_proportionally(count, sizes);
    for (std::size_t h = 0; h < sizes.size(); ++h) {
      const double share =
          static_cast<double>(count) * static_cast<double>(sizes[h]) / static_cast<double>(all);
      wrong += all == 0 || std::abs(static_cast<double>(counts[h]) - share) < 1 ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("allocate: Neyman's is the best of all allocations") {
  const Counts sizes{40, 25, 10};
  const std::vector<double> variances{0.01, 0.04, 0.25};
  const auto variance_of = [&](const Counts& n) {  // Cochran 1977, equation 5.6, times N^2
    double variance = 0;
    for (std::size_t h = 0; h < sizes.size(); ++h) {
      const auto size = static_cast<double>(sizes[h]);
      const auto draws = static_cast<double>(n[h]);
      variance += size * (size - draws) * variances[h] / draws;
    }
    return variance;
  };
  double best = 1e9;
  for (std::uint64_t a = 1; a < 13; ++a) {
    for (std::uint64_t b = 1; a + b < 14; ++b) {
      best = std::min(best, variance_of({a, b, 14 - a - b}));
    }
  }
  // 4 : 5 : 5 of 14, which is whole
  CHECK(allocate_neyman(14, sizes, variances) == Counts{4, 5, 5});
  CHECK(variance_of({4, 5, 5}) <= best * (1 + 1e-12));
}

TEST_CASE("allocate: what is refused") {
  const Counts sizes{5, 5};
  CHECK_THROWS_WITH_AS((void)allocate_equally(11, sizes),
                       "There are fewer bits than the 11 draws to share out among strata; ask for "
                       "at most as many draws as bits",
                       Error);
  CHECK_THROWS_AS((void)allocate(1, sizes, {1}), Error);
  CHECK_THROWS_AS((void)allocate(1, sizes, {1, -1}), Error);
  CHECK_THROWS_AS((void)allocate_neyman(1, sizes, std::vector<double>{1, std::nan("")}), Error);
  CHECK_THROWS_AS((void)allocate_neyman(1, sizes, std::vector<double>{1}), Error);
}

TEST_CASE("sample_stratum: different bits of the stratum, each as likely") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space().only_named("kernel");
  const std::vector<Stratum> all = strata(space, StratumOf::bit);
  const Stratum& stratum = all[3];
  std::vector<double> seen(space.bit_count(), 0.0);
  int wrong = 0;
  constexpr int trials = 4000;
  for (std::uint64_t seed = 0; seed < trials; ++seed) {
    const Counts sites = sample_stratum(space, stratum, 5, seed, 3);
    wrong += std::ranges::adjacent_find(sites, std::greater_equal{}) == sites.end() ? 0 : 1;
    for (const std::uint64_t site : sites) {
      seen[site] += 1;
      wrong += space.site(site).bit == 3 && space.site(site).role != BitRole::scale ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
  const double expected = trials * 5.0 / static_cast<double>(stratum.space.bit_count());
  for (std::uint64_t i = 0; i < stratum.space.bit_count(); ++i) {
    const double times = seen[space.index_of(stratum.space.site(i))];
    CHECK(std::abs(times - expected) < 5 * std::sqrt(expected));
  }
  CHECK(sample_stratum(space, stratum, 5, 1, 3) == sample_stratum(space, stratum, 5, 1, 3));
  CHECK(sample_stratum(space, stratum, 5, 1, 3) != sample_stratum(space, stratum, 5, 1, 4));
  CHECK_THROWS_AS((void)sample_stratum(space.only_bits({0}), stratum, 1, 1, 3), Error);
}
