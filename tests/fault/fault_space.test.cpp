// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fault/memories.hpp"
#include <doctest/doctest.h>

#include <upset/fault/fault_space.hpp>

using namespace upset;
using namespace upset::test;

namespace {

using Place = FaultSpace::Place;
using Keep = std::function<bool(const std::string&, const BitLocation&)>;

/// All places whose location `keep` takes, found by asking every bit of every image.
std::vector<Place> by_brute_force(const Memories& memories, const Keep& keep) {
  std::vector<Place> places;
  for (const NamedImage& each : memories.named()) {
    for (std::uint64_t bit = 0; bit < each.image->bit_count(); ++bit) {
      if (keep(each.name, each.image->locate(bit))) {
        places.push_back({each.image, bit});
      }
    }
  }
  return places;
}

std::vector<Place> places_of(const FaultSpace& space) {
  std::vector<Place> places;
  for (std::uint64_t index = 0; index < space.bit_count(); ++index) {
    places.push_back(space.place(index));
  }
  return places;
}

bool one_of(int x, const std::vector<int>& list) {
  return std::find(list.begin(), list.end(), x) != list.end();
}

// An image of any size that holds nothing.
class HugeImage final : public MemoryImage {
 public:
  explicit HugeImage(std::uint64_t bytes) : bytes_(bytes) {}
  [[nodiscard]] std::string_view format_name() const override { return "bytes"; }
  [[nodiscard]] ImageLayout layout() const override {
    return {.elements = bytes_, .element_bits = 8, .lane_bits = 8, .word_bits = 8};
  }
  [[nodiscard]] BitRole word_role(int) const override { return BitRole::fraction; }
  [[nodiscard]] bool test(std::uint64_t) const override { return false; }
  void flip(std::uint64_t) override {}
  [[nodiscard]] Check check(std::uint64_t) const override { return Check::intact; }
  void decode(std::span<float>) const override {}

 private:
  std::uint64_t bytes_;
};

}  // namespace

TEST_CASE("FaultSpace: every bit of every image once, in order") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  // by hand: 5 * 32; 19 * 8 + 8; 8 * 5 + 2 * 7; 12 * 8 + 3 * 40; 70 + 8; 2 * 96; 3 * 5 + 32;
  // 11 * 32 + 2 * 10; 0
  CHECK(space.bit_count() == 160 + 160 + 54 + 216 + 78 + 192 + 47 + 372);
  CHECK(places_of(space) ==
        by_brute_force(memories, [](const std::string&, const BitLocation&) { return true; }));
}

TEST_CASE("FaultSpace: restricted to names as asking every bit would be") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  CHECK(places_of(space.only_named("conv2")) ==
        by_brute_force(memories, [](const std::string& name, const BitLocation&) {
          return name == "conv2.kernel" || name == "conv2.bias";
        }));
  CHECK(places_of(space.only_named("kernel")) ==
        by_brute_force(memories, [](const std::string& name, const BitLocation&) {
          return name.ends_with(".kernel");
        }));
  CHECK(places_of(space.only_named("dense.bias")) ==
        by_brute_force(memories, [](const std::string& name, const BitLocation&) {
          return name == "dense.bias";
        }));
  CHECK(places_of(space.only_any_named({"bias", "conv1"})) ==
        by_brute_force(memories, [](const std::string& name, const BitLocation&) {
          return name.ends_with(".bias") || name == "conv1.kernel";
        }));
}

TEST_CASE("FaultSpace: a layer's name takes no layers whose own names end in it") {
  Memories memories;
  for (const char* const name : {"conv1.kernel", "layer1.0.conv1.kernel", "layer1.0.conv1.bias"}) {
    memories.add<Fixed<8, 4>>(name, 3);
  }
  const FaultSpace space = memories.space();
  const std::vector<std::pair<std::string, std::uint64_t>> expected{
      {"conv1.kernel", 24}, {"conv1", 24},          {"kernel", 48},
      {"layer1", 48},       {"layer1.0.conv1", 48}, {"bias", 24}};
  for (const auto& each : expected) {
    CAPTURE(each.first);
    CHECK(space.only_named(each.first).bit_count() == each.second);
  }
  CHECK_THROWS_AS((void)space.only_named("0.conv1.kernel"), Error);
}

TEST_CASE("FaultSpace: restricted to bits and roles as asking every bit would be") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  for (const std::vector<int>& bits : {std::vector<int>{0}, {7}, {3, 1}, {31}, {32, 40}, {95}}) {
    CHECK(places_of(space.only_bits(bits)) ==
          by_brute_force(memories, [&](const std::string&, const BitLocation& at) {
            return at.role != BitRole::scale && one_of(at.bit, bits);
          }));
  }
  for (const BitRole role :
       {BitRole::sign, BitRole::exponent, BitRole::fraction, BitRole::level, BitRole::plane,
        BitRole::parity, BitRole::check, BitRole::copy, BitRole::scale}) {
    CHECK(places_of(space.only_roles({role})) ==
          by_brute_force(memories, [&](const std::string&, const BitLocation& at) {
            return at.role == role;
          }));
  }
}

TEST_CASE("FaultSpace: restrictions add up, in any order") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  const auto expected =
      by_brute_force(memories, [](const std::string& name, const BitLocation& at) {
        return name.ends_with(".kernel") && one_of(at.bit, {0, 5, 30}) &&
               (at.role == BitRole::level || at.role == BitRole::exponent);
      });
  CHECK(!expected.empty());
  CHECK(places_of(space.only_named("kernel")
                      .only_bits({30, 5, 0})
                      .only_roles({BitRole::level, BitRole::exponent})) == expected);
  CHECK(places_of(space.only_roles({BitRole::exponent, BitRole::level})
                      .only_bits({0, 5, 30})
                      .only_named("kernel")) == expected);
}

TEST_CASE("FaultSpace: bits chosen one by one, of a space or of a part of one") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  const auto keep = [](std::size_t image, std::uint64_t bit) { return (bit + image) % 3 == 0; };
  const FaultSpace chosen = space.only_each_if(keep, "by thirds");
  std::size_t n = 0;
  std::vector<Place> expected;
  for (const Place& place : places_of(space)) {
    while (space.images()[n].image != place.image) {
      ++n;
    }
    if (keep(n, place.bit)) {
      expected.push_back(place);
    }
  }
  CHECK(expected.size() > 400);
  CHECK(places_of(chosen) == expected);
  CHECK(places_of(space.only_bits({0, 3}).only_each_if(keep, "by thirds")) ==
        places_of(chosen.only_bits({0, 3})));
  CHECK_THROWS_WITH_AS(
      (void)space.only_each_if([](std::size_t, std::uint64_t) { return false; }, "to be had"),
      "The fault space has no bit to be had; leave out this restriction", Error);
}

TEST_CASE("FaultSpace: site and index_of are inverse, whole or in part") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  for (const FaultSpace& each :
       {space, space.only_named("kernel"), space.only_bits({0, 2, 33}),
        space.only_roles({BitRole::scale, BitRole::check, BitRole::sign}),
        space.only_each_if([](std::size_t, std::uint64_t bit) { return bit % 7 < 3; }, "")}) {
    int wrong = 0;
    for (std::uint64_t index = 0; index < each.bit_count(); ++index) {
      const Site site = each.site(index);
      wrong += each.index_of(site) == index ? 0 : 1;
      wrong += each.images()[site.set].image == each.place(index).image ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("FaultSpace: a site has a name") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  CHECK(space.name(0) == "conv1.kernel[0] bit 0 (fraction)");
  CHECK(space.name(63) == "conv1.kernel[1] bit 31 (sign)");
  CHECK(space.name(160) == "conv2.kernel[0] bit 0 (parity)");
  CHECK(space.name(160 + 19 * 8 + 2) == "conv2.kernel scale[0] bit 2 (scale)");
  CHECK(space.find("conv1.kernel", 1, 31) == 63);
  CHECK(space.find("conv2.kernel", 18, 7) == 160 + 151);
  CHECK(space.only_bits({31}).find("conv1.kernel", 1, 31) == 1);
}

TEST_CASE("FaultSpace: what does not exist is refused in a sentence") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  CHECK_THROWS_WITH_AS(
      (void)space.only_named("conv9"),
      "No memory image of the fault space is called conv9; there are conv1.kernel, conv2.kernel, "
      "conv2.bias, conv3.kernel, conv3.bias, dense.kernel, dense.bias, dense.kernel2, empty.kernel",
      Error);
  CHECK_THROWS_AS((void)space.only_any_named({"conv1", "conv9"}), Error);
  CHECK_THROWS_WITH_AS(
      (void)space.only_bits({200, 300}),
      "The fault space has no bit at positions 200 300; leave out this restriction", Error);
  CHECK_THROWS_WITH_AS((void)space.only_named("conv1").only_roles({BitRole::level}),
                       "The fault space has no bit of the roles level; leave out this restriction",
                       Error);
  CHECK_THROWS_WITH_AS((void)space.place(space.bit_count()),
                       "Site 1279 lies outside a fault space of 1279 bits", Error);
  CHECK_THROWS_AS((void)space.site(5000), Error);
  CHECK_THROWS_WITH_AS((void)space.find("conv1.kernel", 5, 0),
                       "conv1.kernel[5] bit 0 does not exist: the set has 5 elements of 32 bits, 0 "
                       "check bits a word and 0 scales of 0 bits",
                       Error);
  CHECK_THROWS_AS((void)space.find("conv1.kernel", 0, 32), Error);
  CHECK_THROWS_AS((void)space.find("conv1.kernel", 0, -1), Error);
  CHECK_THROWS_AS((void)space.find("conv1", 0, 0), Error);
  CHECK_THROWS_AS((void)space.index_of({3, 3, 0, BitRole::scale}), Error);
  CHECK_THROWS_AS((void)space.index_of({99, 0, 0, BitRole::sign}), Error);
  CHECK_THROWS_WITH_AS(
      (void)space.only_bits({31}).find("conv1.kernel", 1, 30),
      "conv1.kernel[1] bit 30 is not in the fault space, which takes only a part of the memory",
      Error);

  std::vector<NamedImage> twice = memories.named();
  twice.push_back(twice.front());
  CHECK_THROWS_WITH_AS((void)FaultSpace(twice),
                       "Two memory images are called conv1.kernel; name them differently", Error);
}

TEST_CASE("FaultSpace: of 2^32 bits and more one is drawn, but they are not chosen one by one") {
  HugeImage image(std::uint64_t{1} << 29U);
  const FaultSpace space({{"layer.kernel", &image}});
  CHECK(space.bit_count() == std::uint64_t{1} << 32U);
  CHECK(space.site(space.bit_count() - 1).bit == 7);
  CHECK(space.only_bits({7}).bit_count() == std::uint64_t{1} << 29U);
  const auto all = [](std::size_t, std::uint64_t) { return true; };
  CHECK_THROWS_WITH_AS((void)space.only_each_if(all, "to be had"),
                       "layer.kernel has 4294967296 bits, too many to choose one by one; choose by "
                       "layer, set, role or position",
                       Error);
}

TEST_CASE("FaultSpace: nothing to hit is a fault space of no bits") {
  CHECK(FaultSpace({}).bit_count() == 0);
  Memories memories;
  memories.add<Float32>("empty", 0);
  CHECK(memories.space().bit_count() == 0);
}
