// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <upset/core/aligned_allocator.hpp>

namespace {

using upset::AlignedVector;

TEST_CASE("aligned_allocator: every array starts a cache line") {
  std::vector<AlignedVector<std::int8_t>> arrays;
  std::size_t wrong = 0;
  for (std::size_t count = 1; count < 200; ++count) {
    arrays.emplace_back(count);
    wrong += reinterpret_cast<std::uintptr_t>(arrays.back().data()) % 64 == 0 ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("aligned_allocator: a freed block serves the next request of its size, and no other") {
  const auto address = [](std::size_t count) {
    const AlignedVector<float> values(count);
    const auto result = reinterpret_cast<std::uintptr_t>(values.data());
    return result;
  };
  const std::uintptr_t first = address(1000);
  CHECK(address(1000) == first);
  const AlignedVector<float> kept(1000);
  CHECK(reinterpret_cast<std::uintptr_t>(kept.data()) == first);
  CHECK(address(1000) != first);
  CHECK(address(1001) != first);
}

TEST_CASE("aligned_allocator: values are written where they are given, and copied") {
  const AlignedVector<int> given(100, 7);
  CHECK(std::ranges::count(given, 7) == 100);
  const AlignedVector<int> copy = given;
  CHECK(copy == given);
  CHECK(copy.data() != given.data());
}

TEST_CASE("aligned_allocator: more blocks than are kept, larger than are kept, on other threads") {
  for (int round = 0; round < 2; ++round) {
    std::vector<AlignedVector<std::uint8_t>> many;
    for (std::size_t i = 0; i < 200; ++i) {
      many.emplace_back(64 + i, std::uint8_t{1});
    }
  }
  const AlignedVector<std::uint8_t> large(std::size_t{65} << 20);
  CHECK(large.size() == std::size_t{65} << 20);
  // given back where it was not taken, after the thread that took it has ended
  std::unique_ptr<AlignedVector<int>> from_other_thread;
  std::thread([&] { from_other_thread = std::make_unique<AlignedVector<int>>(50, 3); }).join();
  CHECK(from_other_thread->back() == 3);
}

TEST_CASE("aligned_allocator: 128 blocks are kept, of more the newest") {
  constexpr std::size_t bytes = 4096;
  upset::AlignedAllocator<std::uint8_t> allocator;
  for (const std::size_t count : {128U, 129U}) {
    CAPTURE(count);
    std::vector<std::uint8_t*> blocks(count);
    for (std::uint8_t*& block : blocks) {
      block = allocator.allocate(bytes);
    }
    const std::vector<std::uint8_t*> freed = blocks;
    for (std::uint8_t* const block : blocks) {
      allocator.deallocate(block, bytes);
    }
    std::array<void*, 16> others{};  // get what the system has back
    for (void*& other : others) {
      other = ::operator new (bytes, std::align_val_t{64});
    }
    for (std::size_t i = count; i-- > 0;) {
      blocks[i] = allocator.allocate(bytes);
    }
    for (std::size_t i = count - 128; i < count; ++i) {
      CHECK(blocks[i] == freed[i]);
    }
    CHECK((blocks[0] == freed[0]) == (count == 128));
    for (std::uint8_t* const block : blocks) {
      allocator.deallocate(block, bytes);
    }
    for (void* const other : others) {
      ::operator delete (other, std::align_val_t{64});
    }
  }
}

TEST_CASE("aligned_allocator: 64 MiB are kept, of more the newest") {
  // malloc keeps nothing beyond 32 MiB: a fresh block does not hold the 77
  constexpr std::size_t mib = std::size_t{1} << 20;
  upset::AlignedAllocator<std::uint8_t> allocator;
  const auto is_kept = [&](std::size_t bytes, std::size_t freed_later) {
    std::uint8_t* const block = allocator.allocate(bytes);
    std::uint8_t* const later = allocator.allocate(freed_later);
    block[bytes - 1] = 77;
    allocator.deallocate(block, bytes);
    allocator.deallocate(later, freed_later);
    std::uint8_t* const again = allocator.allocate(bytes);
    const bool result = again[bytes - 1] == 77;
    again[bytes - 1] = 0;
    allocator.deallocate(again, bytes);
    return result;
  };
  CHECK(is_kept(33 * mib, 31 * mib));
  CHECK_FALSE(is_kept(33 * mib, 31 * mib + 1));
  CHECK(is_kept(64 * mib, 0));
  CHECK_FALSE(is_kept(64 * mib + 1, 0));
}

TEST_CASE("aligned_allocator: a thread that begins has the blocks of one that has ended") {
  // larger than all that malloc would keep: fresh pages are zero, and other bytes under sanitizers
  constexpr std::size_t bytes = std::size_t{40} << 20;
  const auto on_a_thread = [](auto work) { std::thread(work).join(); };
  std::uint8_t seen = 0;
  on_a_thread([] { AlignedVector<std::uint8_t>(bytes).back() = 77; });
  on_a_thread([&] { seen = AlignedVector<std::uint8_t>(bytes).back(); });
  CHECK(seen == 77);
  // two at once: the second has none to take over
  on_a_thread([&] {
    const AlignedVector<std::uint8_t> first(bytes);
    on_a_thread([&] { seen = AlignedVector<std::uint8_t>(bytes).back(); });
    CHECK(first.back() == 77);
  });
  CHECK(seen != 77);
}

}  // namespace
