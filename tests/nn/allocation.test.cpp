// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/pass/convert.hpp>
#include <upset/train/initialize.hpp>

// The sanitizers have an allocator of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UPSET_TEST_SANITIZED
#endif
#endif
#ifndef UPSET_TEST_SANITIZED

namespace {

std::size_t allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* const memory =
      std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

// not inlined, or GCC takes the pairs of new and free it sees then for a mistake
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/,
                                       std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}

using namespace upset;

namespace {

std::size_t allocations_of_third_pass(const Network& network, const Tensor& x) {
  Tensor y = network.forward(x);
  y = network.forward(x);
  const std::size_t before = allocations;
  y = network.forward(x);
  return allocations - before;
}

}  // namespace

TEST_CASE_TEMPLATE("Network: a pass like the one before asks the system for no memory", F, Float32,
                   Int8Affine, Mono<8>, Binary, MultiLevelBinary<2>) {
  test::Values draw(1);
  Network real = lenet5({28, 28, 1}, 10);
  initialize(real, 1);
  const Network network = convert<F>(real);
  const Tensor x = draw.uniform({5, 28, 28, 1}, -1, 1);
  CHECK(allocations_of_third_pass(network, x) == 0);
}

TEST_CASE_TEMPLATE("Network: nor do windows that are sorted", F, Float32, Int8Affine) {
  test::Values draw(3);
  Network network({16, 16, 16});
  network.add("conv", Conv2d<F>(WindowGeometry::square(3, 1, 1),
                                draw.uniform({16, 3, 3, 16}, -1, 1), draw.uniform({16}, -1, 1)));
  CHECK(allocations_of_third_pass(network, draw.uniform({3, 16, 16, 16}, -1, 1)) == 0);
}

TEST_CASE("Network: neither do skips, joins and normalisation") {
  test::Values draw(2);
  Network network({8, 8, 2});
  const auto conv = [&](std::size_t in) {
    return Conv2d<>(WindowGeometry::square(3, 1, 1), draw.uniform({4, 3, 3, in}, -1, 1),
                    draw.uniform({4}, -1, 1));
  };
  network.add("first", conv(2));
  const std::size_t act = network.add("act", ReLU{});
  network.add("second", conv(4));
  network.add("norm", BatchNorm<>(4));
  const std::size_t sum = network.add("sum", Add{}, {network.size() - 1, act});
  network.add("both", Concatenate{}, {sum, act});
  CHECK(allocations_of_third_pass(network, draw.uniform({3, 8, 8, 2}, -1, 1)) == 0);
}

#endif
