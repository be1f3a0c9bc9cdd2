// SPDX-License-Identifier: BSL-1.0
#include <vector>

#include "fault/memories.hpp"
#include <doctest/doctest.h>

#include <upset/fault/fault_model.hpp>

using namespace upset;
using namespace upset::test;

namespace {

template <FaultModel Model>
std::vector<std::uint64_t> bits_hit(const Model& model, const MemoryImage& image,
                                    std::uint64_t bit) {
  std::vector<std::uint64_t> bits;
  model.hit(image, bit, [&](std::uint64_t each) { bits.push_back(each); });
  return bits;
}

using Bits = std::vector<std::uint64_t>;

static_assert(!FaultModel<int>);

}  // namespace

TEST_CASE("fault models: which bits they change") {
  Memories memories;
  Memory<Mono<8>>& memory = memories.add<Mono<8>>("kernel", 2);
  memory.encode(std::vector<float>{100.0F, -100.0F});  // all ones, all zeros; 8 bits of scale
  CHECK(bits_hit(BitFlip{}, memory, 3) == Bits{3});
  CHECK(bits_hit(StuckAt0{}, memory, 3) == Bits{3});
  CHECK(bits_hit(StuckAt0{}, memory, 11) == Bits{});
  CHECK(bits_hit(StuckAt1{}, memory, 3) == Bits{});
  CHECK(bits_hit(StuckAt1{}, memory, 11) == Bits{11});
  CHECK(bits_hit(Burst{3}, memory, 6) == Bits{6, 7, 8});      // into the next word
  CHECK(bits_hit(Burst{3}, memory, 15) == Bits{15, 16, 17});  // into the scale
  CHECK(bits_hit(Burst{3}, memory, 22) == Bits{22, 23});      // up to the end of the image
  CHECK(bits_hit(Burst{1}, memory, 22) == Bits{22});
}

TEST_CASE("fault models: have names") {
  CHECK(BitFlip::name() == "bit flip");
  CHECK(StuckAt0::name() == "stuck at 0");
  CHECK(StuckAt1::name() == "stuck at 1");
  CHECK(Burst{4}.name() == "burst of 4");
}
