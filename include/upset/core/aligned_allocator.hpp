// SPDX-License-Identifier: BSL-1.0
/// Memory for arrays that loops read in whole vectors, and that come and go with every batch.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace upset {

namespace detail {

/// Freed blocks of one thread, for the next request of the same size: the buffers of a layer are
/// asked for with every batch, and fresh pages from the system cost a third of a convolution.
///
/// A thread that ends leaves its blocks to the next one that begins: those that share a batch live
/// as long as the batch. So there are blocks for as many threads as there were at a time.
class BlockCache {
 public:
  static constexpr std::align_val_t alignment{64};

  BlockCache() : kept_(Legacy::instance().take()) {}
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;
  ~BlockCache() {
    is_gone = true;
    Legacy::instance().leave(kept_);
  }

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
  struct Blocks {
    std::array<Block, 128> of{};
    std::size_t count = 0;
    std::size_t bytes = 0;  // of all

    void remove(std::size_t i) noexcept {
      bytes -= of[i].bytes;
      std::copy(of.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                of.begin() + static_cast<std::ptrdiff_t>(count),
                of.begin() + static_cast<std::ptrdiff_t>(i));
      --count;
    }
    void remove_all() noexcept {
      for (; count > 0; --count) {
        ::operator delete(of[count - 1].memory, alignment);
      }
      bytes = 0;
    }
  };
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;

  /// Blocks of threads that have ended.
  class Legacy {
   public:
    /// Never destroyed: threads may end after everything static has.
    [[nodiscard]] static Legacy& instance() {
      static Legacy& legacy = *new Legacy;
      return legacy;
    }

    [[nodiscard]] Blocks take() noexcept {
      const std::lock_guard lock(mutex_);
      Blocks blocks;
      if (!left_.empty()) {
        blocks = left_.back();
        left_.pop_back();
      }
      return blocks;
    }
    void leave(Blocks& blocks) noexcept {
      const std::lock_guard lock(mutex_);
      try {
        left_.push_back(blocks);
      } catch (...) {
        blocks.remove_all();
      }
    }

   private:
    std::mutex mutex_;
    std::vector<Blocks> left_;
  };

  [[nodiscard]] static BlockCache& of_this_thread() {
    thread_local BlockCache cache;
    return cache;
  }

  void* take_kept(std::size_t bytes) {
    // the one used last is the likeliest in the cache
    for (std::size_t i = kept_.count; i-- > 0;) {
      if (kept_.of[i].bytes == bytes) {
        void* const memory = kept_.of[i].memory;
        kept_.remove(i);
        return memory;
      }
    }
    return ::operator new(bytes, alignment);
  }
  void keep(void* memory, std::size_t bytes) noexcept {
    while (kept_.count == kept_.of.size() || kept_.bytes + bytes > most_bytes) {
      ::operator delete(kept_.of[0].memory, alignment);
      kept_.remove(0);
    }
    kept_.of[kept_.count++] = {memory, bytes};
    kept_.bytes += bytes;
  }

  // What is freed after a thread's cache, as by another object that lives as long as the thread.
  inline static thread_local bool is_gone = false;

  Blocks kept_;
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
