// SPDX-License-Identifier: BSL-1.0
/// Memory for arrays that loops read in whole vectors, and that come and go with every batch.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <list>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace upset {

namespace detail {

/// Freed blocks of one thread, for the next request of the same size: the buffers of a layer are
/// asked for with every batch, and fresh pages from the system cost a third of a convolution.
///
/// A thread that ends leaves its cache to the next one that begins: those that share a batch live
/// as long as the batch. So there are as many as there were threads at a time.
class BlockCache {
 public:
  static constexpr std::align_val_t alignment{64};

  BlockCache() = default;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  [[nodiscard]] static void* take(std::size_t bytes) {
    return is_gone ? ::operator new(bytes, alignment) : of_this_thread().take_kept(bytes);
  }
  static void give(void* memory, std::size_t bytes) noexcept {
    if (is_gone || bytes > most_bytes) {
      ::operator delete(memory, alignment);
    } else {
      of_this_thread().keep(memory, bytes);
    }
  }

 private:
  struct Block {
    void* memory = nullptr;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;

  /// The cache of a thread while it lives: that of one that has ended, if there is any.
  class Lease {
   public:
    Lease() {
      const std::lock_guard lock(idle().mutex);
      std::list<BlockCache>& caches = idle().caches;
      if (caches.empty()) {
        caches.emplace_front();
      }
      cache_.splice(cache_.begin(), caches, caches.begin());
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      is_gone = true;
      const std::lock_guard lock(idle().mutex);
      idle().caches.splice(idle().caches.begin(), cache_);
    }
    [[nodiscard]] BlockCache& cache() { return cache_.front(); }

   private:
    struct Idle {
      std::mutex mutex;
      std::list<BlockCache> caches;
    };
    // Never destroyed: threads may end after everything static has.
    [[nodiscard]] static Idle& idle() {
      static Idle& idle = *new Idle;
      return idle;
    }

    std::list<BlockCache> cache_;  // of one, so that handing it over moves nothing
  };

  [[nodiscard]] static BlockCache& of_this_thread() {
    thread_local Lease lease;
    return lease.cache();
  }

  void* take_kept(std::size_t bytes) {
    for (std::size_t i = count_; i-- > 0;) {  // the one used last is the likeliest in the cache
      if (blocks_[i].bytes == bytes) {
        void* const memory = blocks_[i].memory;
        remove(i);
        return memory;
      }
    }
    return ::operator new(bytes, alignment);
  }
  void keep(void* memory, std::size_t bytes) noexcept {
    while (count_ == blocks_.size() || bytes_ + bytes > most_bytes) {
      ::operator delete(blocks_[0].memory, alignment);
      remove(0);
    }
    blocks_[count_++] = {memory, bytes};
    bytes_ += bytes;
  }
  void remove(std::size_t i) noexcept {
    bytes_ -= blocks_[i].bytes;
    std::copy(blocks_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
              blocks_.begin() + static_cast<std::ptrdiff_t>(count_),
              blocks_.begin() + static_cast<std::ptrdiff_t>(i));
    --count_;
  }

  // What is freed after a thread's cache, as by another object that lives as long as the thread.
  inline static thread_local bool is_gone = false;

  std::array<Block, 128> blocks_{};
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace detail

/// Allocates on cache lines, because a vector that crosses one costs two reads (a quarter of a
/// matrix product), and writes elements only where the vector is told a value, because zeroing the
/// output of a layer that is about to be computed costs a tenth of LeNet-5.
///
/// Each thread keeps up to 128 freed blocks, 64 MiB in all, for requests of the same size, and
/// leaves them to a thread that begins after it has ended.
template <class T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>& /*other*/) {}  // NOLINT: as in std

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(detail::BlockCache::take(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    detail::BlockCache::give(memory, count * sizeof(T));
  }

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
