// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <upset/format/fixed.hpp>
#include <upset/format/float32.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/format/mono.hpp>
#include <upset/format/multi_level_binary.hpp>
#include <upset/guard/msb_duplicated.hpp>
#include <upset/guard/parity_guarded.hpp>
#include <upset/guard/range_guarded.hpp>
#include <upset/guard/secded.hpp>
#include <upset/guard/triplicated.hpp>
#include <upset/metric/footprint.hpp>
#include <upset/tensor/memory.hpp>

using upset::Footprint;
using upset::ImageLayout;

namespace {

// Weights and activations of a three-layer network.
constexpr std::uint64_t weights[] = {150, 2400, 48'000};
constexpr std::uint64_t activations[] = {784, 1176, 400};
constexpr std::uint64_t all = 150 + 2400 + 48'000 + 784 + 1176 + 400;

template <class F>
std::vector<ImageLayout> network() {
  std::vector<ImageLayout> layouts;
  for (int layer = 0; layer < 3; ++layer) {
    layouts.push_back(upset::Memory<F>(weights[layer]).layout());
    layouts.push_back(upset::Memory<F>(activations[layer]).layout());
  }
  return layouts;
}

template <class F>
std::uint64_t bits() {
  return upset::footprint(network<F>()).total_bits();
}

}  // namespace

TEST_CASE("Footprint: extra bits over fixed point are those of the formulas of MONO, 2024") {
  using Plain = upset::Fixed<8, 6>;
  constexpr std::uint64_t layers = 3;
  constexpr std::uint64_t m = 8;
  CHECK(bits<Plain>() == m * all);
  CHECK(bits<upset::Mono<8>>() - bits<Plain>() == 16 * layers);
  CHECK(bits<upset::MultiLevelBinary<8>>() - bits<Plain>() == 16 * m * layers);
  CHECK(bits<upset::Triplicated<Plain>>() - bits<Plain>() == 2 * m * all);
  CHECK(bits<upset::MsbDuplicated<Plain>>() - bits<Plain>() == all);
  CHECK(bits<upset::ParityGuarded<Plain, std::uint64_t>>() == bits<Plain>());  // no overhead
}

TEST_CASE("Footprint: bits are split into codes, protection and scales, and lose none") {
  const upset::Memory<upset::Triplicated<upset::Mono<5>>> triple(10);
  CHECK(upset::footprint(triple.layout()) ==
        Footprint{.elements = 10, .code_bits = 50, .protection_bits = 100, .scale_bits = 8});
  // 32-bit words: 3 codes of 8 bits in 24 bits would need 6 check bits; ask the layout itself.
  const upset::Memory<upset::Secded<upset::Fixed<8, 6>, std::uint64_t>> coded(100);
  const Footprint found = upset::footprint(coded.layout());
  CHECK(found.code_bits == 800);
  CHECK(found.scale_bits == 0);
  CHECK(found.total_bits() == coded.bit_count());
  CHECK(found.protection_bits == coded.bit_count() - 800);
  CHECK(found.protection_bits > 0);
  CHECK(found.bits_per_element() == static_cast<double>(coded.bit_count()) / 100);
}

TEST_CASE("Footprint: extra bits in percent of a reference, negative where fewer") {
  using upset::extra_bits_percent;
  const auto plain = network<upset::Fixed<8, 6>>();
  CHECK(extra_bits_percent(network<upset::Triplicated<upset::Fixed<8, 6>>>(), plain) == 200);
  CHECK(extra_bits_percent(network<upset::MsbDuplicated<upset::Fixed<8, 6>>>(), plain) == 12.5);
  CHECK(extra_bits_percent(plain, plain) == 0);
  CHECK(extra_bits_percent(plain, network<upset::Float32>()) == -75);
  CHECK_THROWS_AS(static_cast<void>(extra_bits_percent(plain, {})), upset::Error);
}

TEST_CASE("Footprint: ranges beside scales are extra bits, which protection bits are not") {
  using upset::Int8Affine;
  constexpr std::size_t kernels = 32;  // of 3x3 weights, each with a scale of its own
  const upset::Memory<Int8Affine> plain(9 * kernels, std::vector(kernels, upset::AffineScale{}));
  using Guarded = upset::RangeGuarded<Int8Affine>;
  const upset::Memory<Guarded> ranged(9 * kernels, std::vector(kernels, Guarded::Scale{}));
  const std::vector<upset::ImageLayout> before{plain.layout()};
  const std::vector<upset::ImageLayout> after{ranged.layout()};
  CHECK(upset::footprint(after).protection_bits == 0);
  CHECK(upset::extra_bits_percent(after, before) == 100 * 64.0 / (72 + 40));
}

TEST_CASE("Footprint: bits by format come in the order in which formats first appear") {
  const upset::Memory<upset::Float32> first(10);
  const upset::Memory<upset::Mono<5>> inner(100);
  const upset::Memory<upset::Float32> last(20);
  const std::vector<const upset::MemoryImage*> images{&first, &inner, &last};
  const auto found = upset::footprint_by_format(images);
  REQUIRE(found.size() == 2);
  CHECK(found[0].format == first.format_name());
  CHECK(found[0].images == 2);
  CHECK(found[0].bits == Footprint{.elements = 30, .code_bits = 960});
  CHECK(found[1].format == inner.format_name());
  CHECK(found[1].images == 1);
  CHECK(found[1].bits.total_bits() == 508);
}
